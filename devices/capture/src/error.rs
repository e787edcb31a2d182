//! What ends the capture device. All that a camera or a cable can do wrong is a state, not an error.

use dkvm_sdk::{ConfigError, Exit, LinkError, SendError};
use dkvm_wire::ExitCode;
use thiserror::Error;

/// Why the process ends before it was told to.
#[derive(Debug, Error)]
pub enum Error {
    /// The link to the kernel.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Sending to the kernel.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The configuration of this device.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No watch on `/dev` can be made at all.
    #[error("cannot watch {path} for hot-plug: {source}; raise fs.inotify.max_user_instances")]
    Watch {
        /// The directory.
        path: &'static str,
        /// What Linux says.
        source: std::io::Error,
    },
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Config(error) => error.exit_code(),
            Self::Watch { .. } => ExitCode::TryAgain,
        }
    }
}
