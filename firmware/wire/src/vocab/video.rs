//! Capture and encoding.

use serde::{Deserialize, Serialize};

/// Methods of capture and encode.
pub mod methods {
    /// capture: [`super::VideoMode`] → `{}`: size and rate from now on; 0 in a field: the source's own.
    pub const SET_MODE: &str = "video.set_mode";
    /// encode: [`super::EncodeSettings`] → `{}`.
    pub const SET_ENCODE: &str = "encode.set";
    /// h264: [`super::H264Settings`] → `{}`.
    pub const SET_H264: &str = "h264.set";
    /// h264: `{}` → `{}`: the next access unit is to be a key frame. Asked too often, it is one as soon as there may be one.
    pub const KEY_FRAME: &str = "video.key_frame";
    /// h264: [`super::LinkLoad`] → `{}`: what the links of those who watch carry. Believed for a second, and then less and less.
    pub const LINK: &str = "h264.link";
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

/// Body of the stream topics `video.raw`, `video.jpeg` and `video.h264`, which carry one lease.
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
    /// Where an H.264 frame stands in its chain; nothing for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<AccessUnit>,
}

/// Body of the stream topic `video.thumb`: the picture, small, for an overview of many targets. A new reader gets one at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Thumb {
    /// Counts the source's frames.
    pub sequence: u64,
    /// Pixels of this picture, at most [`THUMB_WIDTH`].
    pub width: u32,
    /// Pixels of this picture, at most [`THUMB_HEIGHT`].
    pub height: u32,
    /// A JPEG of at most [`THUMB_LONGEST`] bytes; empty where the source gives no picture any more.
    #[serde(with = "serde_bytes")]
    pub jpeg: Vec<u8>,
}

/// Widest [`Thumb`], pixels.
pub const THUMB_WIDTH: u32 = 320;
/// Highest [`Thumb`], pixels.
pub const THUMB_HEIGHT: u32 = 200;
/// Longest [`Thumb::jpeg`], bytes.
pub const THUMB_LONGEST: usize = 32 * 1024;

/// An H.264 frame among those that it is decoded with. Each but a key frame needs the one before it: whoever misses a number
/// shows nothing until the next key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AccessUnit {
    /// Counts the encoder's frames, without gaps.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub number: u64,
    /// Whether it can be decoded without any before it.
    pub key: bool,
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

/// Arguments of `h264.set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct H264Settings {
    /// Most frames a second; 0 for all.
    pub max_rate: u32,
    /// Most kilobits a second; 0 for what the links carry.
    pub max_kbit: u32,
}

/// Arguments of `h264.link`: what the links of those who watch carry, in bytes a second; nothing where all that is sent
/// arrives at once. Nothing of either: somebody left, of whom the last may have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LinkLoad {
    /// The slowest of them: it decides on how fine the picture is.
    pub slowest: Option<u32>,
    /// The fastest of them: it decides on how many frames there are, so that no slow link holds up another.
    pub fastest: Option<u32>,
}

/// Topic `h264.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct H264State {
    /// In force.
    pub settings: H264Settings,
    /// Frames encoded in the last second; unchanged pictures are not encoded again.
    pub rate: u32,
    /// Kilobits in the last second.
    pub kbit: u32,
    /// How coarse the last frame was, 1 (finest) to 51.
    pub quantiser: u8,
    /// Why there is no H.264 of this source, and what there is instead.
    pub detail: Option<String>,
}
