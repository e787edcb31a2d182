//! Why an update is refused or fails, in sentences.

use dkvm_bundle::BundleError;
use dkvm_card::{FatError, TableError};
use dkvm_wire::{ErrorCode, WireError};
use std::io;
use thiserror::Error;

/// Why something asked of the device is not done.
#[derive(Debug, Error)]
pub enum UpdateError {
    /// What came is no good bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Another board's.
    #[error("the bundle is for the board {theirs}, and this node is a {ours}: take the one whose name begins with dkvm-{ours}")]
    Board {
        /// The bundle's.
        theirs: String,
        /// This node's.
        ours: String,
    },
    /// Older than what runs.
    #[error("the bundle is version {theirs}, older than the running {ours}: ask for a downgrade (`dkvm update FILE --downgrade`) if you mean it")]
    Older {
        /// The bundle's.
        theirs: String,
        /// This node's.
        ours: String,
    },
    /// A step between is missing.
    #[error("the bundle can be taken from version {from} on, and this node runs {ours}: update to {from} first")]
    TooFar {
        /// The oldest that can take it.
        from: String,
        /// This node's.
        ours: String,
    },
    /// A partition is too small.
    #[error("the bundle's {part} image of {size} bytes does not fit in the card's slot of {room}: write the card anew with this release")]
    TooLarge {
        /// Which.
        part: &'static str,
        /// Its size.
        size: u64,
        /// What is there.
        room: u64,
    },
    /// Not now.
    #[error("{0}")]
    NotNow(&'static str),
    /// Bytes for another upload, or from another place of it.
    #[error("the upload goes on at byte {wanted}: begin it again, and send from there")]
    Offset {
        /// The next byte that is wanted.
        wanted: u64,
    },
    /// The card gave back something else than was written.
    #[error("the {0} image reads back from the card otherwise than it was written: try once more, and change the card if it happens again")]
    ReadBack(&'static str),
    /// The card.
    #[error(transparent)]
    Card(#[from] BoardError),
}

/// Why the card, or what is kept on it, could not be used.
#[derive(Debug, Error)]
pub enum BoardError {
    /// Linux said no.
    #[error("{act} failed: {source}; the card may be failing, see `dkvm logs`")]
    Io {
        /// What was done, on what.
        act: String,
        /// Why.
        source: io::Error,
    },
    /// No partition table of ours.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No `autoboot.txt`.
    #[error("which slot starts cannot be read or changed: {0}; write the card anew")]
    Select(#[from] FatError),
    /// An `autoboot.txt` that names no slot, or did not take the new one.
    #[error("autoboot.txt on the card's first partition {0}; write the card anew")]
    Autoboot(&'static str),
}

impl BoardError {
    /// For `map_err`.
    pub fn io(act: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let act = act.into();
        move |source| Self::Io { act, source }
    }
}

impl UpdateError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Bundle(_) | Self::TooLarge { .. } => ErrorCode::BadRequest,
            Self::Board { .. } | Self::Older { .. } | Self::TooFar { .. } => ErrorCode::Forbidden,
            Self::NotNow(_) | Self::Offset { .. } => ErrorCode::Conflict,
            Self::ReadBack(_) | Self::Card(_) => ErrorCode::Hardware,
        }
    }

    /// As an answer.
    pub fn into_wire(self) -> WireError {
        WireError::new(self.code(), self.to_string())
    }
}
