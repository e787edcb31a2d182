//! Why the device ends.

use dkvm_sdk::{Exit, ExitCode};
use std::{io, path::PathBuf};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// The dummy's record cannot be written.
    #[error("cannot write {path}, where the dummy should record its reports: {source}; see `record` in the configuration")]
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
            Self::Record { .. } => ExitCode::BadConfig,
        }
    }
}
