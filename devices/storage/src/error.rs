//! Why the device ends.

use dkvm_sdk::{ConfigError, Exit, ExitCode, LinkError, SendError};
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
    /// The thread that works the card is gone.
    #[error("the thread that works the card has ended, or could not be started")]
    Worker,
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(error) => error.exit_code(),
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Worker => ExitCode::Internal,
        }
    }
}
