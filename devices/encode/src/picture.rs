//! A raw frame, checked: from here on no index can leave its bytes.

use dkvm_wire::vocab::video::{Colors, FrameInfo};
use thiserror::Error;

/// Widest and highest picture that JPEG can hold is 65535; more than 8K is nobody's screen.
const EDGE_MAX: u32 = 8192;

/// How a raw picture's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Y U Y V.
    Yuyv,
    /// U Y V Y.
    Uyvy,
    /// A plane of Y, then one of UV pairs at half the size both ways.
    Nv12,
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

impl Layout {
    /// From the FourCC of a frame.
    pub fn from_fourcc(code: &str) -> Option<Self> {
        Some(match code {
            "YUYV" => Self::Yuyv,
            "UYVY" => Self::Uyvy,
            "NV12" => Self::Nv12,
            "RGB3" => Self::Rgb,
            "BGR3" => Self::Bgr,
            _ => return None,
        })
    }

    /// Bytes of a line of the first plane.
    fn line_len(self, width: usize) -> usize {
        match self {
            Self::Yuyv | Self::Uyvy => width.div_ceil(2) * 4,
            Self::Nv12 => width,
            Self::Rgb | Self::Bgr => width * 3,
        }
    }
}

/// Why a frame cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadFrame {
    /// An unknown pixel format.
    #[error("frames of format {0:?} cannot be encoded: set `format` of capture to YUYV, UYVY, NV12, RGB3, BGR3 or MJPG")]
    Format(String),
    /// No such size.
    #[error("a frame of {width}x{height} pixels is not encoded")]
    #[allow(missing_docs)]
    Size { width: u32, height: u32 },
    /// Fewer bytes than the size needs.
    #[error("a frame has {length} bytes where its size needs {needed}: it is cut short")]
    #[allow(missing_docs)]
    Short { length: usize, needed: usize },
    /// No JPEG, or half of one.
    #[error("a frame of the source's own JPEG is damaged: {0}")]
    Jpeg(&'static str),
}

/// A checked raw frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture<'a> {
    /// How its bytes lie.
    pub layout: Layout,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Bytes from line to line.
    pub stride: usize,
    /// What YUV values mean.
    pub colors: Colors,
    bytes: &'a [u8],
}

impl<'a> Picture<'a> {
    /// Checks a frame that came from elsewhere.
    pub fn new(info: &FrameInfo, bytes: &'a [u8]) -> Result<Self, BadFrame> {
        let layout = Layout::from_fourcc(&info.format)
            .ok_or_else(|| BadFrame::Format(info.format.clone()))?;
        check_size(info)?;
        let (width, height) = (info.width as usize, info.height as usize);
        // A stride of 0, or less than a line, is a driver that does not say.
        let stride = (info.stride as usize).max(layout.line_len(width));
        let picture = Self {
            layout,
            width,
            height,
            stride,
            colors: info.colors,
            bytes,
        };
        let needed = picture.needed();
        if bytes.len() < needed {
            return Err(BadFrame::Short {
                length: bytes.len(),
                needed,
            });
        }
        Ok(picture)
    }

    /// Lines of the first plane, without what lies between them.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        let (length, bytes, stride) = (self.layout.line_len(self.width), self.bytes, self.stride);
        (0..self.height).map(move |line| &bytes[line * stride..][..length])
    }

    /// Lines of UV pairs; none where there is no such plane.
    pub fn color_lines(&self) -> impl Iterator<Item = &'a [u8]> {
        let (bytes, stride, length) = (self.bytes, self.stride, self.color_line_len());
        let (start, lines) = (stride * self.height, self.color_height());
        (0..lines).map(move |line| &bytes[start + line * stride..][..length])
    }

    /// The first plane as it lies, from the first pixel on.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether both show the same: what lies between lines does not count.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let form = |p: &Self| (p.layout, p.width, p.height, p.colors);
        form(self) == form(other)
            && self.lines().zip(other.lines()).all(|(a, b)| a == b)
            && self
                .color_lines()
                .zip(other.color_lines())
                .all(|(a, b)| a == b)
    }

    fn color_height(&self) -> usize {
        if self.layout == Layout::Nv12 {
            self.height.div_ceil(2)
        } else {
            0
        }
    }

    fn color_line_len(&self) -> usize {
        self.width.div_ceil(2) * 2
    }

    fn needed(&self) -> usize {
        match self.color_height() {
            0 => self.stride * (self.height - 1) + self.layout.line_len(self.width),
            lines => self.stride * (self.height + lines - 1) + self.color_line_len(),
        }
    }
}

/// Refuses sizes that no screen has.
pub fn check_size(info: &FrameInfo) -> Result<(), BadFrame> {
    let sane = |edge: u32| (1..=EDGE_MAX).contains(&edge);
    if sane(info.width) && sane(info.height) && info.stride <= EDGE_MAX * 4 {
        return Ok(());
    }
    Err(BadFrame::Size {
        width: info.width,
        height: info.height,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(format: &str, width: u32, height: u32, stride: u32) -> FrameInfo {
        FrameInfo {
            width,
            height,
            stride,
            format: format.into(),
            ..FrameInfo::default()
        }
    }

    #[test]
    fn a_frame_cut_short_is_refused_to_the_byte() {
        for (format, length) in [
            ("YUYV", 640 * 480 * 2),
            ("NV12", 640 * 480 * 3 / 2),
            ("RGB3", 640 * 480 * 3),
        ] {
            let bytes = vec![0; length];
            let info = info(format, 640, 480, 0);
            assert!(Picture::new(&info, &bytes).is_ok(), "{format}");
            assert!(
                matches!(
                    Picture::new(&info, &bytes[1..]),
                    Err(BadFrame::Short { .. })
                ),
                "{format}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            info("YUYV", 0, 1, 0),
            info("YUYV", 1, 9000, 0),
            info("YUYV", 2, 2, u32::MAX),
            info("H264", 2, 2, 0),
        ] {
            assert!(Picture::new(&bad, &[0; 64]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_lies_between_lines_is_no_change() {
        let info = info("YUYV", 2, 2, 8);
        let (a, b) = (
            [1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8],
            [1, 2, 3, 4, 9, 9, 9, 9, 5, 6, 7, 8],
        );
        let picture = |bytes| Picture::new(&info, bytes).expect("whole");
        assert!(picture(&a).shows_the_same(&picture(&b)));
        let c = [1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 9];
        assert!(!picture(&a).shows_the_same(&picture(&c)));
    }

    #[test]
    fn odd_sizes_have_whole_pairs() {
        let info = info("NV12", 3, 3, 4);
        // Two lines of two pairs under three lines of Y, all four bytes apart.
        assert!(Picture::new(&info, &[0; 20]).is_ok());
        assert!(Picture::new(&info, &[0; 19]).is_err());
    }
}
