//! Why the device ends.

use dkvm_sdk::{Exit, ExitCode};
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// A call into a sound driver does not come back.
    #[error("Linux's sound driver has not answered for {0} s: the device starts anew; restart the node if this comes again")]
    Stuck(u64),
    /// A thread cannot be started.
    #[error("Linux gives no thread for sound: {0}")]
    Thread(#[source] std::io::Error),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Stuck(_) | Self::Thread(_) => ExitCode::TryAgain,
        }
    }
}
