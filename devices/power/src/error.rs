//! Why the device ends.

use dkvm_sdk::{ConfigError, Exit, ExitCode, LinkError, SendError};
use std::{io, path::PathBuf};
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
    /// The dummy's record cannot be written.
    #[error("cannot write {path}, where the dummy should record its lines: {source}; see `record` in the configuration")]
    Record {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(error) => error.exit_code(),
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Record { .. } => ExitCode::BadConfig,
        }
    }
}
