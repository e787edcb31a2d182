//! What of its own ends the device, and what costs only a sentence.

use dkvm_sdk::{Exit, ExitCode};
use std::io;
use thiserror::Error;

/// A failure of its own that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// Linux does not let us look.
    #[error(
        "cannot open rtnetlink: {0}; Linux needs CONFIG_INET, and the device `network = true`"
    )]
    Open(#[source] io::Error),
    /// Linux did not answer.
    #[error("cannot list the network interfaces: {0}")]
    Look(#[source] rtnetlink::Error),
}

/// What could not be done on an interface; tried again at the next look.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// By Linux.
    #[error("{0}; the device needs the capability NET_ADMIN")]
    Netlink(#[from] rtnetlink::Error),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Open(_) | Self::Look(_) => ExitCode::Internal,
        }
    }
}
