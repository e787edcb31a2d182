//! Why the device ends.

use dkvm_sdk::{Exit, ExitCode};
use std::{io, path::PathBuf};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// No random number.
    #[error("cannot draw a random number to be known by: {0}")]
    Random(getrandom::Error),
    /// `/dev/input` cannot be watched.
    #[error("cannot watch {path} for keyboards and mice: {source}; load Linux's module evdev")]
    Watch {
        /// Which directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread that gives back what is grabbed.
    #[error(
        "cannot start the thread that gives keyboards back where the kernel stands still: {0}"
    )]
    Watchdog(io::Error),
    /// The dummy's files.
    #[error("cannot open {path}, which the dummy works with: {source}; see `script` and `record` in the configuration")]
    Dummy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Random(_) | Self::Watchdog(_) => ExitCode::Internal,
            Self::Watch { .. } => ExitCode::HardwareAbsent,
            Self::Dummy { .. } => ExitCode::BadConfig,
        }
    }
}
