//! What of its own ends the device.

use dkvm_sdk::{Exit, ExitCode};
use std::io;
use thiserror::Error;

/// A failure of its own that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// Linux starts no process.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What Linux said.
        source: io::Error,
    },
    /// It ended, and nobody had told it to.
    #[error("{program} {how}")]
    Ended {
        /// The program.
        program: String,
        /// In words.
        how: String,
    },
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Start { .. } => ExitCode::TryAgain,
            Self::Ended { .. } => ExitCode::Internal,
        }
    }
}
