use crate::{CallError, ConfigError, ConnectError, LinkError, PoolError, SendError, ViewError};
use dkvm_wire::{ErrorCode, ExitCode};

/// What an error that ends a device tells the kernel.
pub trait Exit {
    /// The exit code; see [`ExitCode`] for what the kernel makes of each.
    fn exit_code(&self) -> ExitCode;
}

impl Exit for ConfigError {
    fn exit_code(&self) -> ExitCode {
        ExitCode::BadConfig
    }
}

impl Exit for LinkError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Closed => ExitCode::Done,
            Self::Read(_) => ExitCode::Internal,
            Self::Frame(_) | Self::Decode(_) => ExitCode::Protocol,
            Self::Send(error) => error.exit_code(),
        }
    }
}

impl Exit for SendError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Closed => ExitCode::Done,
            Self::Frame { .. } | Self::Write(_) => ExitCode::Internal,
        }
    }
}

impl Exit for CallError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Send(error) => error.exit_code(),
            Self::Refused { error, .. } if error.retryable => ExitCode::TryAgain,
            Self::Refused { error, .. } if error.code == ErrorCode::Hardware => {
                ExitCode::HardwareAbsent
            }
            Self::Refused { .. } => ExitCode::Internal,
            Self::Decode(_) => ExitCode::Protocol,
        }
    }
}

impl Exit for ConnectError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Stdio(_) => ExitCode::Internal,
            Self::Closed => ExitCode::TryAgain,
            _ => ExitCode::Protocol,
        }
    }
}

impl Exit for PoolError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Ask(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Map { .. } | Self::TooLong { .. } => ExitCode::Internal,
        }
    }
}

impl Exit for ViewError {
    fn exit_code(&self) -> ExitCode {
        ExitCode::TryAgain
    }
}

impl Exit for std::convert::Infallible {
    fn exit_code(&self) -> ExitCode {
        ExitCode::Done
    }
}
