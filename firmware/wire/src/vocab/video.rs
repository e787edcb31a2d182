//! Capture and encoding.

use serde::{Deserialize, Serialize};

/// Methods of capture and encode.
pub mod methods {
    /// capture: [`super::VideoMode`] → `{}`: size and rate from now on; 0 in a field: the source's own.
    pub const SET_MODE: &str = "video.set_mode";
    /// encode: [`super::EncodeSettings`] → `{}`.
    pub const SET_ENCODE: &str = "encode.set";
}

/// What the source gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Picture.
    Ok,
    /// Cable out, target off or asleep.
    None,
    /// A signal that does not lock.
    Unstable,
    /// A mode that the hardware cannot take.
    OutOfRange,
    /// No capture device on this machine.
    Absent,
}

/// A size and rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VideoMode {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per 1000 s, so that 59.94 is 59940.
    pub millihertz: u32,
}

/// Topic `video.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VideoState {
    /// What comes.
    pub signal: Signal,
    /// What is captured.
    pub mode: VideoMode,
    /// FourCC of the frames (`YUYV`, `MJPG`).
    pub format: String,
    /// The driver's card name.
    pub source: String,
    /// What the source offers. An HDMI receiver offers the one mode of its signal, and rates below it.
    pub modes: Vec<VideoMode>,
    /// Whether frames are being captured; idle while nobody watches.
    pub streaming: bool,
    /// Frames captured in the last second.
    pub rate: u32,
    /// What is wrong and what to do, when there is something to say.
    pub detail: Option<String>,
}

/// Body of the stream topics `video.raw` and `video.jpeg`, which carry one lease.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FrameInfo {
    /// Counts the source's frames; gaps are frames that were dropped.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub sequence: u64,
    /// `CLOCK_MONOTONIC` when the frame was captured, ns.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub captured_ns: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes per line of the first plane; 0 for compressed formats.
    pub stride: u32,
    /// FourCC.
    pub format: String,
    /// What its YUV values mean; says nothing of RGB and JPEG.
    #[serde(default)]
    pub colors: Colors,
}

/// How YUV values become light: matrix and range. Without it black on an HDMI capture is a dark grey in JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Colors {
    /// BT.601, 16 to 235: standard definition, and what V4L2 means where it says nothing.
    #[default]
    Bt601Limited,
    /// BT.601, 0 to 255: as in JPEG.
    Bt601Full,
    /// BT.709, 16 to 235: HDMI from 720p on.
    Bt709Limited,
    /// BT.709, 0 to 255.
    Bt709Full,
}

/// Arguments of `encode.set` and body of topic `encode.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EncodeSettings {
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Most frames a second; 0 for all.
    pub max_rate: u32,
}

/// Topic `encode.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EncodeState {
    /// In force.
    pub settings: EncodeSettings,
    /// `true` while the source's own JPEG is passed on and `quality` has no effect.
    pub passthrough: bool,
    /// Frames encoded in the last second; unchanged pictures are not encoded again.
    pub rate: u32,
}
