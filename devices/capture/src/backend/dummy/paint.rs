//! Colour bars with a moving block, in every raw format.

use crate::core::{FourCc, Size};

/// Red, green, blue of the bars.
const BARS: [[u8; 3]; 8] = [
    [235, 235, 235],
    [235, 235, 16],
    [16, 235, 235],
    [16, 235, 16],
    [235, 16, 235],
    [235, 16, 16],
    [16, 16, 235],
    [16, 16, 16],
];
/// The block's edge, pixels.
const BLOCK: usize = 64;
/// The block moves so many pixels per frame: even, as pairs share their colour.
const STEP: usize = 8;

/// A picture ready to be copied into slots.
pub(super) struct Painting {
    format: FourCc,
    width: usize,
    height: usize,
    base: Vec<u8>,
}

impl Painting {
    /// Paints the bars.
    pub fn new(format: FourCc, size: Size) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let mut painting = Self {
            format,
            width,
            height,
            base: Vec::new(),
        };
        let bar = |x: usize| BARS[x * BARS.len() / width.max(1)];
        let line: Vec<u8> = painting.line(bar);
        painting.base = line.repeat(height);
        if format == FourCc::NV12 {
            let colors: Vec<u8> = (0..width / 2)
                .flat_map(|x| {
                    let [_, u, v] = yuv(bar(x * 2));
                    [u, v]
                })
                .collect();
            painting.base.extend(colors.repeat(height / 2));
        }
        painting
    }

    /// Bytes per line of the first plane.
    pub fn stride(&self) -> u32 {
        u32::try_from(self.width * self.pixel_len()).unwrap_or(0)
    }

    /// Bytes of a frame.
    pub fn len(&self) -> usize {
        self.base.len()
    }

    /// Copies the picture and draws the block at its `step`-th place. `None` when it does not fit.
    pub fn paint(&self, into: &mut [u8], step: u32) -> Option<usize> {
        let frame = into.get_mut(..self.base.len())?;
        frame.copy_from_slice(&self.base);
        let room = self.width.saturating_sub(BLOCK).max(STEP);
        let left = (step as usize * STEP % room) & !1;
        // A grey that none of the bars has.
        let block = self.line(|_| [128, 128, 128]);
        let (pixel, stride) = (self.pixel_len(), self.width * self.pixel_len());
        let span = BLOCK.min(self.width - left) * pixel;
        for line in frame
            .chunks_exact_mut(stride)
            .take(self.height)
            .skip(self.height / 2)
            .take(BLOCK)
        {
            line[left * pixel..][..span].copy_from_slice(&block[..span]);
        }
        Some(self.base.len())
    }

    fn pixel_len(&self) -> usize {
        match self.format {
            FourCc::NV12 => 1,
            FourCc::RGB24 | FourCc::BGR24 => 3,
            _ => 2,
        }
    }

    /// One line of the first plane.
    fn line(&self, color: impl Fn(usize) -> [u8; 3]) -> Vec<u8> {
        (0..self.width)
            .flat_map(|x| self.pixel(x, color(x)))
            .collect()
    }

    fn pixel(&self, x: usize, rgb: [u8; 3]) -> Vec<u8> {
        let [y, u, v] = yuv(rgb);
        let shared = if x.is_multiple_of(2) { u } else { v };
        match self.format {
            FourCc::NV12 => vec![y],
            FourCc::RGB24 => rgb.to_vec(),
            FourCc::BGR24 => vec![rgb[2], rgb[1], rgb[0]],
            FourCc::UYVY => vec![shared, y],
            _ => vec![y, shared],
        }
    }
}

/// BT.601, limited range.
fn yuv(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(i32::from);
    let byte = |value: i32| u8::try_from(value.clamp(0, 255)).unwrap_or(0);
    [
        byte(16 + ((66 * r + 129 * g + 25 * b + 128) >> 8)),
        byte(128 + ((-38 * r - 74 * g + 112 * b + 128) >> 8)),
        byte(128 + ((112 * r - 94 * g - 18 * b + 128) >> 8)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_fills_its_frame_and_moves() {
        let size = Size {
            width: 640,
            height: 480,
        };
        for format in FourCc::RAW {
            let painting = Painting::new(format, size);
            assert_eq!(Some(painting.len()), format.frame_len(size), "{format}");
            let mut frames = [vec![0; painting.len()], vec![0; painting.len()]];
            assert_eq!(painting.paint(&mut frames[0], 1), Some(painting.len()));
            painting.paint(&mut frames[1], 2);
            assert!(frames[0] != frames[1], "{format}");
            assert_eq!(painting.paint(&mut frames[0][1..], 1), None);
        }
    }
}
