//! The `config` table of a capture device.

use crate::core::{FourCc, Rate, Size};
use dkvm_wire::vocab::video::VideoMode;
use serde::{de::Error as _, Deserialize, Deserializer};

/// Slots of a pool: three with the driver, one on its way, one that the encoder compares with, one to spare.
const SLOTS: u32 = 6;
/// Fewest slots with which a driver can hold two buffers while one frame is being read.
const SLOTS_MIN: u32 = 4;
/// V4L2 takes at most 32 buffers, and each slot has its own.
const SLOTS_MAX: u32 = 32;

/// Everything that can be set; an empty table finds the first capture device by itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where pictures come from.
    pub backend: BackendKind,
    /// The node, such as `/dev/video0`, or its number. Without it and without `card`: the first that captures.
    pub device: Option<String>,
    /// Part of the driver's card name, for machines where node numbers move.
    pub card: Option<String>,
    /// The driver's input, where a device has several.
    pub input: Option<u32>,
    /// FourCC to capture in; without it MJPG where a camera or dongle offers it, else YUYV.
    pub format: Option<FourCc>,
    /// `1280x720` or `1280x720@30`; without it the source's own.
    pub mode: Mode,
    /// Slots of shared memory.
    #[serde(deserialize_with = "slots")]
    pub slots: u32,
    /// What the dummy backend paints.
    pub picture: Picture,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            device: None,
            card: None,
            input: None,
            format: None,
            mode: Mode::default(),
            slots: SLOTS,
            picture: Picture::default(),
        }
    }
}

/// Where pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// Video4Linux: HDMI receivers and USB dongles.
    #[default]
    V4l2,
    /// The same devices through nokhwa, for the camera of a person's own machine: it is not even open while nobody watches.
    #[cfg(feature = "nokhwa")]
    Nokhwa,
    /// A synthetic picture, without hardware.
    Dummy,
}

impl BackendKind {
    /// What a person does where there is no device.
    pub fn remedy(self) -> &'static str {
        match self {
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa => "plug in the camera, or open its shutter where that takes it away",
            _ => "plug in the USB dongle, or check the HDMI bridge's cable and overlay",
        }
    }
}

/// What the dummy backend paints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Picture {
    /// Colour bars with a block that moves on each frame.
    #[default]
    Moving,
    /// Colour bars that never change.
    Still,
}

/// A wanted size and rate, 0 where nothing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub VideoMode);

impl Default for Mode {
    fn default() -> Self {
        Self(VideoMode {
            width: 0,
            height: 0,
            millihertz: 0,
        })
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_mode(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "{text:?} is no mode: write it like \"1280x720\" or \"1280x720@30\""
            ))
        })
    }
}

fn parse_mode(text: &str) -> Option<Mode> {
    let (size, rate) = match text.split_once('@') {
        Some((size, rate)) => (size, Rate::parse(rate)?),
        None => (text, Rate::ANY),
    };
    let (width, height) = size.split_once('x')?;
    let size = Size {
        width: width.parse().ok()?,
        height: height.parse().ok()?,
    };
    size.is_sane().then_some(Mode(size.at(rate)))
}

fn slots<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let slots = u32::deserialize(deserializer)?;
    if (SLOTS_MIN..=SLOTS_MAX).contains(&slots) {
        return Ok(slots);
    }
    Err(D::Error::custom(format_args!(
        "slots = {slots}: use {SLOTS_MIN} to {SLOTS_MAX}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_people_write_them() {
        let mode = |width, height, millihertz| {
            Some(Mode(VideoMode {
                width,
                height,
                millihertz,
            }))
        };
        assert_eq!(parse_mode("1280x720"), mode(1280, 720, 0));
        assert_eq!(parse_mode("1920x1080@59.94"), mode(1920, 1080, 59_940));
        for wrong in [
            "",
            "x",
            "1280",
            "1280x",
            "1280x720@",
            "0x0",
            "1280x720@-1",
            "99999999x1",
            "1280x720@nan",
        ] {
            assert_eq!(parse_mode(wrong), None, "{wrong}");
        }
    }
}
