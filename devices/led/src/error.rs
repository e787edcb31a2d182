//! Why the device ends.

use dkvm_sdk::{CallError, ConfigError, Exit, ExitCode, LinkError, SendError};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The connection to the kernel ended with an error.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Nothing more can be sent to the kernel.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The kernel does not tell how its devices are.
    #[error("the kernel does not tell its devices' states: {0}")]
    Subscribe(#[source] CallError),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(error) => error.exit_code(),
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Subscribe(_) => ExitCode::TryAgain,
        }
    }
}
