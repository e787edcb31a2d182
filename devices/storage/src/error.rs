//! Why the device ends.

use dkvm_sdk::{Exit, ExitCode};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// The thread that works the card is gone.
    #[error("the thread that works the card has ended, or could not be started")]
    Worker,
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Worker => ExitCode::Internal,
        }
    }
}
