//! From the layouts of capture hardware to the three planes of H.264: one colour for each square of four pixels.
//!
//! Matrix and range stay the source's: H.264 says in its head what they are. Loops are written so that LLVM makes vector code
//! of them, as encode's are: none of the wrapping operations can wrap.

use dkvm_encode::{
    picture::{Layout, Picture},
    planes::{split_pairs, take_even, take_odd},
};
use dkvm_wire::vocab::video::Colors;

/// Planes of even width and height, kept from frame to frame.
#[derive(Debug, Default)]
pub struct I420 {
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
    width: usize,
    height: usize,
    /// The colours of two lines, before they are one.
    pairs: [Vec<u8>; 2],
}

impl I420 {
    /// Fills the planes. What an odd picture has not, its last column and line stand for.
    pub fn fill(&mut self, picture: &Picture<'_>) {
        self.resize(picture.width, picture.height);
        match picture.layout {
            Layout::Yuyv => self.fill_packed(picture, take_even, take_odd),
            Layout::Uyvy => self.fill_packed(picture, take_odd, take_even),
            Layout::Nv12 => self.fill_nv12(picture),
            Layout::Rgb => self.fill_rgb(picture, [0, 1, 2]),
            Layout::Bgr => self.fill_rgb(picture, [2, 1, 0]),
        }
        if !picture.height.is_multiple_of(2) {
            let last = self.width * (picture.height - 1);
            self.y
                .copy_within(last..last + self.width, last + self.width);
        }
    }

    /// Pixels, even.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Pixels, even.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Y, U, V, without anything between their lines.
    pub fn planes(&self) -> [&[u8]; 3] {
        [&self.y, &self.u, &self.v]
    }

    /// What the values mean: as the picture says, but RGB is converted to what HDMI has.
    pub fn colors(picture: &Picture<'_>) -> Colors {
        match picture.layout {
            Layout::Rgb | Layout::Bgr => Colors::Bt709Limited,
            _ => picture.colors,
        }
    }

    fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let pixels = self.width * self.height;
        self.y.resize(pixels, 0);
        self.u.resize(pixels / 4, 0);
        self.v.resize(pixels / 4, 0);
        self.pairs
            .iter_mut()
            .for_each(|pairs| pairs.resize(self.width, 0));
    }

    fn fill_packed(&mut self, picture: &Picture<'_>, ys: Take, colors: Take) {
        let half = self.width / 2;
        let mut lines = picture.lines();
        let squares = self.y.chunks_exact_mut(self.width * 2).zip(
            self.u
                .chunks_exact_mut(half)
                .zip(self.v.chunks_exact_mut(half)),
        );
        let [above, below] = &mut self.pairs;
        for (y, (u, v)) in squares {
            let (upper, lower) = y.split_at_mut(self.width);
            let Some(line) = lines.next() else { return };
            ys(line, upper);
            colors(line, above);
            // Of an odd height the last line has no other.
            if let Some(line) = lines.next() {
                ys(line, lower);
                colors(line, below);
                mean(above, below);
            }
            split_pairs(above, u, v);
        }
    }

    fn fill_nv12(&mut self, picture: &Picture<'_>) {
        for (bytes, y) in picture.lines().zip(self.y.chunks_exact_mut(self.width)) {
            y[..bytes.len()].copy_from_slice(bytes);
            y[bytes.len()..].fill(bytes.last().copied().unwrap_or(0));
        }
        let half = self.width / 2;
        let colors = self
            .u
            .chunks_exact_mut(half)
            .zip(self.v.chunks_exact_mut(half));
        for (pairs, (u, v)) in picture.color_lines().zip(colors) {
            split_pairs(pairs, u, v);
        }
    }

    /// By pixels: no KVM's hardware gives RGB by choice.
    fn fill_rgb(&mut self, picture: &Picture<'_>, order: [usize; 3]) {
        for (at, line) in picture.lines().enumerate() {
            let (half, into) = (self.width / 2, at / 2 * (self.width / 2));
            let mut pixels = line.as_chunks::<3>().0.iter();
            for x in 0..half {
                let Some(left) = pixels.next() else { return };
                let right = pixels.next().unwrap_or(left);
                let [left, right] = [left, right].map(|pixel| order.map(|at| i32::from(pixel[at])));
                let y = at * self.width + x * 2;
                (self.y[y], self.y[y + 1]) = (brightness(left), brightness(right));
                if at % 2 == 0 {
                    (self.u[into + x], self.v[into + x]) = colors(left);
                }
            }
        }
    }
}

type Take = fn(&[u8], &mut [u8]);

/// Into the first.
fn mean(above: &mut [u8], below: &[u8]) {
    for (a, b) in above.iter_mut().zip(below) {
        *a = (u16::from(*a).wrapping_add(u16::from(*b)).wrapping_add(1) >> 1) as u8;
    }
}

/// BT.709, 16 to 235; the weights in 256ths add up to 220.
fn brightness([r, g, b]: [i32; 3]) -> u8 {
    (16 + ((47 * r + 157 * g + 16 * b + 128) >> 8)).clamp(0, 255) as u8
}

/// BT.709, 16 to 240.
fn colors([r, g, b]: [i32; 3]) -> (u8, u8) {
    let u = 128 + ((112 * b - 26 * r - 86 * g + 128) >> 8);
    let v = 128 + ((112 * r - 102 * g - 10 * b + 128) >> 8);
    (u.clamp(0, 255) as u8, v.clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::video::FrameInfo;
    use proptest::prelude::*;

    fn filled(format: &str, (width, height): (u32, u32), bytes: &[u8]) -> I420 {
        let info = FrameInfo {
            width,
            height,
            format: format.into(),
            ..FrameInfo::default()
        };
        let mut planes = I420::default();
        planes.fill(&Picture::new(&info, bytes).expect("whole"));
        planes
    }

    #[test]
    fn of_two_lines_the_colour_is_the_mean() {
        let planes = filled("YUYV", (2, 2), &[1, 100, 2, 50, 3, 103, 4, 60]);
        assert_eq!(planes.planes(), [&[1, 2, 3, 4][..], &[102], &[55]]);
        let planes = filled("UYVY", (2, 2), &[100, 1, 50, 2, 103, 3, 60, 4]);
        assert_eq!(planes.planes(), [&[1, 2, 3, 4][..], &[102], &[55]]);
    }

    #[test]
    fn an_odd_picture_ends_with_its_own_edge() {
        let planes = filled("NV12", (3, 1), &[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((planes.width(), planes.height()), (4, 2));
        assert_eq!(planes.y, [1, 2, 3, 3, 1, 2, 3, 3]);
        assert_eq!(planes.planes()[1..], [&[4, 6][..], &[5, 7]]);
    }

    #[test]
    fn white_black_and_red_are_the_standards() {
        let planes = filled(
            "RGB3",
            (2, 2),
            &[255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0],
        );
        assert_eq!(planes.y, [235, 16, 63, 63]);
        let red = filled("BGR3", (2, 2), &[0, 0, 255].repeat(4));
        assert_eq!((red.y[0], red.u[0], red.v[0]), (63, 102, 240));
    }

    proptest! {
        #[test]
        fn no_size_brings_it_down(width in 1_u32..40, height in 1_u32..40, stride in 0_u32..100, which in 0_usize..5) {
            let format = ["YUYV", "UYVY", "NV12", "RGB3", "BGR3"][which];
            let bytes = vec![77; 40 * 200];
            let info = FrameInfo { width, height, stride, format: format.into(), ..FrameInfo::default() };
            if let Ok(picture) = Picture::new(&info, &bytes) {
                let mut planes = I420::default();
                planes.fill(&picture);
                let (w, h) = (planes.width(), planes.height());
                prop_assert_eq!((planes.y.len(), planes.u.len(), planes.v.len()), (w * h, w * h / 4, w * h / 4));
            }
        }
    }
}
