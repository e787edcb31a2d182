//! What makes H.264: one file per maker.

mod handle;
pub mod openh264;

use dkvm_wire::vocab::video::Colors;
use thiserror::Error;

/// How coarse a frame is: H.264's quantiser, 1 to 51. Six more are half the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantiser(pub u8);

/// Whether a frame can be decoded without any before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It can.
    Key,
    /// It needs the one before.
    Delta,
}

/// What an encoder is made for; for another there is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Pixels, even.
    pub width: usize,
    /// Pixels, even.
    pub height: usize,
    /// What its values mean.
    pub colors: Colors,
}

/// A picture that could not be encoded, for the reason of the library.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a frame cannot be encoded as H.264: {0}")]
pub struct EncodeError(pub String);
