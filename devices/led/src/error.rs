//! What of its own ends the device.

use dkvm_sdk::{CallError, Exit, ExitCode};
use thiserror::Error;

/// A failure of its own that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// The kernel does not tell how its devices are.
    #[error("the kernel does not tell its devices' states: {0}")]
    Subscribe(#[source] CallError),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Subscribe(_) => ExitCode::TryAgain,
        }
    }
}
