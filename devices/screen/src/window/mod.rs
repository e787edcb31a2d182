//! The window: the only part that knows X.

mod keys;
mod paint;
mod panes;
mod shape;
mod upload;
mod x11;

pub use keys::Key;
pub use x11::{Happened, Options, Window};

use thiserror::Error;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};

/// Why there is no window. All of it passes when the person's session comes back.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum WindowError {
    #[error("there is no X server to show pictures on: DISPLAY is not set. Start dKVM from within the graphical session, or set `display` of screen")]
    NoDisplay,
    #[error("the X server {display} cannot be reached: {source}. Is the session running, and do DISPLAY and XAUTHORITY belong to it?")]
    Connect {
        display: String,
        source: ConnectError,
    },
    #[error("the X server is gone: {0}")]
    Lost(#[from] ConnectionError),
    #[error("the X server refuses to {what}: {source}")]
    Refused {
        what: &'static str,
        source: ReplyOrIdError,
    },
    #[error("the X server cannot show pictures: it has no {0}")]
    Lacks(&'static str),
    #[error("the X server's socket cannot be waited for: {0}")]
    Wait(#[from] std::io::Error),
}

impl WindowError {
    fn refused<E: Into<ReplyOrIdError>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Refused {
            what,
            source: source.into(),
        }
    }
}

impl From<ReplyError> for WindowError {
    fn from(error: ReplyError) -> Self {
        Self::refused("answer")(error)
    }
}

impl From<ReplyOrIdError> for WindowError {
    fn from(error: ReplyOrIdError) -> Self {
        Self::refused("answer")(error)
    }
}
