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
    /// Linux has no random numbers, and so there is no name as a holder.
    #[error("Linux gives no random number for the name as a holder of the focus: {0}")]
    Random(#[source] getrandom::Error),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(error) => error.exit_code(),
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Random(_) => ExitCode::TryAgain,
        }
    }
}
