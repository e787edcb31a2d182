//! What makes JPEGs: one file per maker.

mod decode;
pub mod dummy;
pub mod turbo;

use crate::{config::BackendKind, picture::Picture};
pub use decode::{Decoded, Decoder};
use dummy::Dummy;
use thiserror::Error;
use turbo::Turbo;

/// Least quality that a picture too large for its room is tried with.
const QUALITY_MIN: u8 = 10;

/// A maker of JPEGs.
pub enum Backend {
    /// libjpeg-turbo.
    Turbo(Box<Turbo>),
    /// Grey mosaic.
    Dummy(Dummy),
}

/// JPEG quality, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(pub u8);

/// A picture that could not be encoded, for the reason of the library.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a frame cannot be encoded: {0}")]
pub struct EncodeError(pub String);

impl Backend {
    /// Sets the maker up.
    pub fn open(kind: BackendKind) -> Result<Self, EncodeError> {
        Ok(match kind {
            BackendKind::Turbo => Self::Turbo(Box::new(Turbo::new()?)),
            BackendKind::Dummy => Self::Dummy(Dummy::default()),
        })
    }

    /// Makes a JPEG, which stays until the next call.
    pub fn encode(
        &mut self,
        picture: &Picture<'_>,
        quality: Quality,
    ) -> Result<&[u8], EncodeError> {
        match self {
            Self::Turbo(turbo) => turbo.encode(picture, quality),
            Self::Dummy(dummy) => Ok(dummy.encode(picture)),
        }
    }

    /// Makes a JPEG of at most so many bytes, with less quality where it would not fit. The error is a sentence for people.
    pub fn encode_to_fit(
        &mut self,
        picture: &Picture<'_>,
        quality: Quality,
        room: usize,
    ) -> Result<(), String> {
        let mut quality = quality;
        loop {
            let length = self
                .encode(picture, quality)
                .map_err(|error| error.to_string())?
                .len();
            if length <= room {
                return Ok(());
            }
            if quality.0 <= QUALITY_MIN {
                return Err(format!(
                    "a frame of {length} bytes does not fit its slot of {room}, even at quality {}",
                    quality.0
                ));
            }
            quality = Quality((quality.0 / 2).max(QUALITY_MIN));
        }
    }

    /// The last JPEG.
    pub fn last(&self) -> &[u8] {
        match self {
            Self::Turbo(turbo) => turbo.last(),
            Self::Dummy(dummy) => dummy.last(),
        }
    }
}
