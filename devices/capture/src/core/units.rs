use dkvm_wire::vocab::video::VideoMode;
use serde::{de::Error as _, Deserialize, Deserializer};
use std::fmt;

/// Widest and highest picture that is taken: 8K. Larger numbers are a driver's nonsense.
const EDGE_MAX: u32 = 8192;

/// A pixel format by its four characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Packed 4:2:2, Y first.
    pub const YUYV: Self = Self(*b"YUYV");
    /// Packed 4:2:2, U first.
    pub const UYVY: Self = Self(*b"UYVY");
    /// 4:2:0, a plane of Y and one of UV pairs.
    pub const NV12: Self = Self(*b"NV12");
    /// 24 bits, red first.
    pub const RGB24: Self = Self(*b"RGB3");
    /// 24 bits, blue first.
    pub const BGR24: Self = Self(*b"BGR3");
    /// A JPEG per frame.
    pub const MJPG: Self = Self(*b"MJPG");
    /// The same by another name.
    pub const JPEG: Self = Self(*b"JPEG");

    /// What the encoder understands, the raw ones cheapest first.
    pub const RAW: [Self; 5] = [Self::YUYV, Self::UYVY, Self::NV12, Self::RGB24, Self::BGR24];

    /// Whether each frame is a JPEG of its own.
    pub fn is_jpeg(self) -> bool {
        self == Self::MJPG || self == Self::JPEG
    }

    /// Whether the encoder can do anything with it.
    pub fn is_known(self) -> bool {
        self.is_jpeg() || Self::RAW.contains(&self)
    }

    /// As readers of frames know it: one name for JPEG.
    pub fn name(self) -> String {
        if self.is_jpeg() {
            "MJPG".to_owned()
        } else {
            self.to_string()
        }
    }

    /// Bytes of one frame without padding; `None` for compressed formats.
    pub fn frame_len(self, size: Size) -> Option<usize> {
        let pixels = size.pixels() as usize;
        match self {
            Self::YUYV | Self::UYVY => Some(pixels * 2),
            Self::NV12 => Some(pixels + pixels / 2),
            Self::RGB24 | Self::BGR24 => Some(pixels * 3),
            _ => None,
        }
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for FourCc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let code = <[u8; 4]>::try_from(text.as_bytes())
            .ok()
            .map(Self)
            .filter(|code| code.is_known());
        code.ok_or_else(|| {
            D::Error::custom(format_args!(
                "format {text:?}: use MJPG, YUYV, UYVY, NV12, RGB3 or BGR3"
            ))
        })
    }
}

/// Pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    /// Neither empty nor absurd, so products of it fit.
    pub fn is_sane(self) -> bool {
        (1..=EDGE_MAX).contains(&self.width) && (1..=EDGE_MAX).contains(&self.height)
    }

    /// Its area.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// With a rate it is a mode.
    pub fn at(self, rate: Rate) -> VideoMode {
        VideoMode {
            width: self.width,
            height: self.height,
            millihertz: rate.0,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Frames per 1000 s; 0 where nothing is known or wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(pub u32);

impl Rate {
    /// Nothing known or wanted.
    pub const ANY: Self = Self(0);
    /// Faster than anything that is captured.
    const MAX_HZ: f64 = 1000.0;

    /// Frames per second as a fraction, such as 60000/1001.
    pub fn from_fraction(frames: u64, seconds: u64) -> Self {
        let rate = (u128::from(frames) * 1000)
            .checked_div(u128::from(seconds))
            .unwrap_or(0);
        Self(u32::try_from(rate).unwrap_or(0))
    }

    /// From what a person writes: `30` or `59.94`.
    pub fn parse(text: &str) -> Option<Self> {
        let hertz: f64 = text.parse().ok()?;
        // In range and not NaN, so the cast is exact to the millihertz.
        (hertz > 0.0 && hertz <= Self::MAX_HZ).then(|| Self((hertz * 1000.0).round() as u32))
    }

    /// Equal as far as a person would say so: a receiver's measurement wavers by some hundredths.
    pub fn is_near(self, other: Self) -> bool {
        self.0.abs_diff(other.0) <= self.0.max(other.0) / 50
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_television_are_near_their_round_numbers() {
        assert_eq!(Rate::from_fraction(60_000, 1001), Rate(59_940));
        assert!(Rate(59_940).is_near(Rate(60_000)));
        assert!(!Rate(50_000).is_near(Rate(60_000)));
        assert_eq!(Rate::from_fraction(30, 0), Rate::ANY);
    }

    #[test]
    fn frame_lengths_follow_the_format() {
        let size = Size {
            width: 1280,
            height: 720,
        };
        assert_eq!(FourCc::YUYV.frame_len(size), Some(1_843_200));
        assert_eq!(FourCc::NV12.frame_len(size), Some(1_382_400));
        assert_eq!(FourCc::MJPG.frame_len(size), None);
    }
}
