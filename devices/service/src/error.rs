//! Why the device ends.

use dkvm_sdk::{ConfigError, Exit, ExitCode, LinkError, SendError};
use std::io;
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
            Self::Config(error) => error.exit_code(),
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Start { .. } => ExitCode::TryAgain,
            Self::Ended { .. } => ExitCode::Internal,
        }
    }
}
