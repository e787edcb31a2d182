//! What ends the encode device. A frame that cannot be encoded costs that frame.

use dkvm_sdk::{Exit, ExitCode};
use thiserror::Error;

/// Why the process ends before it was told to.
#[derive(Debug, Error)]
pub enum Error {
    /// The encoder itself cannot be set up.
    #[error("no JPEG encoder: {0}; with `backend = \"dummy\"` there is a grey picture at least")]
    Encoder(String),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Encoder(_) => ExitCode::Internal,
        }
    }
}
