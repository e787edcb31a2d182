use dkvm_wire::{DecodeError, FrameError, WireError};
use std::io;
use thiserror::Error;

/// Why the link to the kernel cannot go on.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The kernel went away, or has closed this device's input after `goodbye`.
    #[error("the kernel closed the connection")]
    Closed,
    /// Reading failed.
    #[error("reading from the kernel failed: {0}")]
    Read(#[source] io::Error),
    /// The kernel broke the framing.
    #[error("the kernel broke the wire protocol: {0}")]
    Frame(#[from] FrameError),
    /// The kernel sent something that is no message, or a body that does not fit.
    #[error("the kernel broke the wire protocol: {0}")]
    Decode(#[from] DecodeError),
    /// Sending failed.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// The kernel went away.
    #[error("the kernel closed the connection")]
    Closed,
    /// The message is over the frame limit, or empty.
    #[error("{what} was not sent: {source}")]
    Frame {
        /// Topic or method.
        what: String,
        /// Which rule it breaks.
        source: FrameError,
    },
    /// Writing failed.
    #[error("writing to the kernel failed: {0}")]
    Write(#[source] io::Error),
}

/// Why a call gave no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// It could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The kernel or the other device refused.
    #[error("{method} failed: {error}")]
    Refused {
        /// What was called.
        method: String,
        /// What the other side says.
        error: WireError,
    },
    /// The answer's body does not fit.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl CallError {
    /// As an answer to somebody who asked this device, and whose request led to the call.
    pub fn into_wire(self) -> WireError {
        match self {
            Self::Refused { error, .. } => error,
            Self::Send(error) => {
                WireError::new(dkvm_wire::ErrorCode::Unavailable, error.to_string())
            }
            Self::Decode(error) => {
                WireError::new(dkvm_wire::ErrorCode::Internal, error.to_string())
            }
        }
    }
}
