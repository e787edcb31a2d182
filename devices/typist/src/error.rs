//! Why the device ends.

use dkvm_sdk::{Exit, ExitCode};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// Linux has no random numbers, and so there is no name as a holder.
    #[error("Linux gives no random number for the name as a holder of the focus: {0}")]
    Random(#[source] getrandom::Error),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Random(_) => ExitCode::TryAgain,
        }
    }
}
