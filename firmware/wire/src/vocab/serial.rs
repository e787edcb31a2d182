//! The serial port that the target gets by USB, and what the target said there.

use serde::{Deserialize, Serialize};

/// Methods of the serial device.
pub mod methods {
    /// `{}` → [`super::SerialState`]: for those to whom the topic is not routed.
    pub const GET: &str = "serial.get";
    /// [`super::HistoryFrom`] → [`super::SerialOutput`]: what is kept from there on, at most [`super::MAX_READ`] bytes, none when
    /// there is no more. What is kept no longer is left out: the answer then begins later than was asked.
    pub const HISTORY: &str = "serial.history";
    /// [`super::SerialWrite`] → `{}`: taken to be sent to the target. `unavailable` when the target does not take what was sent
    /// before, or has no port.
    pub const WRITE: &str = "serial.write";
}

/// Bytes of the target's words that are kept: some thousand lines, a start of Linux and what was done after it.
pub const KEPT: u64 = 256 * 1024;
/// Most bytes in one answer of `serial.history`: a short burst for the router.
pub const MAX_READ: usize = 32 * 1024;
/// Most bytes in one `serial.write`: a page of text. Longer pastes are sent in parts, each paced by its answer.
pub const MAX_WRITE: usize = 4096;

/// Topic `serial.output` (a stream), and the answer of `serial.history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialOutput {
    /// Names the count of bytes: another one begins when the node was restarted.
    pub log: u32,
    /// How many bytes the target said before these.
    pub offset: u64,
    /// As they came.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// Arguments of `serial.history`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFrom {
    /// Which count `from` belongs to; with another than the one in force all that is kept is wanted.
    pub log: u32,
    /// The first byte that is wanted.
    pub from: u64,
}

/// Arguments of `serial.write`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialWrite {
    /// At most [`MAX_WRITE`] bytes.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// What a page asks to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SerialText {
    /// Sent as UTF-8, at most [`MAX_WRITE`] bytes.
    pub text: String,
}

/// Topic `serial.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SerialState {
    /// Names the count of bytes, see [`SerialOutput`].
    pub log: u32,
    /// How many bytes the target has said.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub said: u64,
    /// Of these, the first that is kept.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub kept: u64,
    /// Bytes for the target that Linux has not taken yet. Linux itself keeps up to some KiB for a target that does not read,
    /// and does not tell whether a program there has the port open.
    pub waiting: u32,
    /// Why nothing can be written at the moment, a sentence; absent when it can.
    pub problem: Option<String>,
}
