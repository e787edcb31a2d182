//! What ends the screen device. A frame that cannot be shown costs that frame.

use crate::window::WindowError;
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
    /// The X server, which is this device's hardware: it comes and goes with the person's session.
    #[error(transparent)]
    Window(#[from] WindowError),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Link(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Config(error) => error.exit_code(),
            Self::Window(_) => ExitCode::HardwareAbsent,
        }
    }
}
