use super::OptionsError;
use dkvm_wire::ExitCode;
use std::ffi::OsString;
use std::io;
use thiserror::Error;

/// Why a device did not get as far as its own program.
#[derive(Debug, Error)]
pub enum JailError {
    /// A call that the kernel never makes.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A step that Linux refused.
    #[error("the jail cannot {what}: {source}")]
    Step {
        /// Which.
        what: &'static str,
        /// What Linux said.
        source: io::Error,
    },
    /// The kernel died meanwhile.
    #[error("the kernel that started this device is gone")]
    Orphan,
    /// Not a program that can be run.
    #[error("cannot run {program:?}: {source}; correct `command`, or make the file readable and executable for the device's user")]
    Exec {
        /// Which.
        program: OsString,
        /// What Linux said.
        source: io::Error,
    },
}

impl JailError {
    pub(super) fn step(what: &'static str, source: impl Into<io::Error>) -> Self {
        Self::Step {
            what,
            source: source.into(),
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Options(_) | Self::Exec { .. } => ExitCode::BadConfig,
            Self::Step { .. } | Self::Orphan => ExitCode::Internal,
        }
    }
}
