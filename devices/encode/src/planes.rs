//! From the layouts of capture hardware to the three planes, matrix and range of JPEG.
//!
//! Loops are written so that LLVM makes vector code of them for plain x86-64 and for AArch64: fixed chunks,
//! 16-bit arithmetic, and wrapping operations, since overflow checks (on in our release profile) would keep it from doing so.
//! None of the operations can wrap: the bounds stand beside the constants.

use crate::picture::{Layout, Picture};
use dkvm_wire::vocab::video::Colors;
use std::array;

/// Three planes with even width, as JPEG's chroma subsampling needs them. Kept from frame to frame.
#[derive(Debug, Default)]
pub struct Planes {
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
    pairs: Vec<u8>,
    stride: usize,
    subsampling: Subsampling,
}

/// How many pixels share a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subsampling {
    /// Two in a line.
    #[default]
    Pairs,
    /// Two in each of two lines.
    Squares,
}

impl Planes {
    /// Fills the planes from a picture in YUV; `None` for RGB.
    pub fn fill(&mut self, picture: &Picture<'_>) -> Option<()> {
        match picture.layout {
            Layout::Yuyv => self.fill_packed(picture, split_yuyv),
            Layout::Uyvy => self.fill_packed(picture, split_uyvy),
            Layout::Nv12 => self.fill_nv12(picture),
            Layout::Rgb | Layout::Bgr => return None,
        }
        Some(())
    }

    /// Y, U, V.
    pub fn planes(&self) -> [&[u8]; 3] {
        [&self.y, &self.u, &self.v]
    }

    /// Bytes from line to line of Y; the other planes have half of it.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// How many pixels share a colour.
    pub fn subsampling(&self) -> Subsampling {
        self.subsampling
    }

    fn resize(&mut self, width: usize, lines: usize, color_lines: usize) {
        self.stride = width.next_multiple_of(2);
        self.y.resize(self.stride * lines, 0);
        self.u.resize(self.stride / 2 * color_lines, 0);
        self.v.resize(self.stride / 2 * color_lines, 0);
    }

    fn fill_packed(&mut self, picture: &Picture<'_>, split: fn(&[u8], &mut Line<'_>)) {
        self.resize(picture.width, picture.height, picture.height);
        self.subsampling = Subsampling::Pairs;
        let half = self.stride / 2;
        let ys = self.y.chunks_exact_mut(self.stride);
        let colors = self
            .u
            .chunks_exact_mut(half)
            .zip(self.v.chunks_exact_mut(half));
        self.pairs.resize(self.stride, 0);
        for (bytes, (y, (u, v))) in picture.lines().zip(ys.zip(colors)) {
            let mut line = Line {
                y,
                u,
                v,
                colors: &mut self.pairs,
            };
            // While the line is in the nearest cache.
            split(bytes, &mut line);
            line.convert(picture.colors);
        }
    }

    fn fill_nv12(&mut self, picture: &Picture<'_>) {
        let lines = picture.height.next_multiple_of(2);
        self.resize(picture.width, lines, lines / 2);
        self.subsampling = Subsampling::Squares;
        self.copy_y(picture);
        let half = self.stride / 2;
        let ys = self.y.chunks_exact_mut(self.stride * 2);
        let colors = self
            .u
            .chunks_exact_mut(half)
            .zip(self.v.chunks_exact_mut(half));
        for (pairs, (y, (u, v))) in picture.color_lines().zip(ys.zip(colors)) {
            split_pairs(pairs, u, v);
            convert_square(y, u, v, picture.colors);
        }
    }

    /// The plane of Y; an odd last column or line is repeated.
    fn copy_y(&mut self, picture: &Picture<'_>) {
        let stride = self.stride;
        for (bytes, y) in picture.lines().zip(self.y.chunks_exact_mut(stride)) {
            y[..bytes.len()].copy_from_slice(bytes);
            y[bytes.len()..].fill(bytes.last().copied().unwrap_or(0));
        }
        if !picture.height.is_multiple_of(2) {
            let last = stride * (picture.height - 1);
            self.y.copy_within(last..last + stride, last + stride);
        }
    }
}

struct Line<'a> {
    y: &'a mut [u8],
    u: &'a mut [u8],
    v: &'a mut [u8],
    /// Room for U and V before they are parted.
    colors: &'a mut [u8],
}

fn split_yuyv(bytes: &[u8], line: &mut Line<'_>) {
    take_even(bytes, line.y);
    take_odd(bytes, line.colors);
    split_pairs(line.colors, line.u, line.v);
}

fn split_uyvy(bytes: &[u8], line: &mut Line<'_>) {
    take_odd(bytes, line.y);
    take_even(bytes, line.colors);
    split_pairs(line.colors, line.u, line.v);
}

/// Parts a line of colours that alternate: UV of NV12, and of YUYV when its Ys are gone.
pub fn split_pairs(pairs: &[u8], u: &mut [u8], v: &mut [u8]) {
    take_even(pairs, u);
    take_odd(pairs, v);
}

/// Each first byte of two. As words, since so LLVM packs sixteen at a time where byte indices give it sixteen single loads: 15 times faster.
pub fn take_even(bytes: &[u8], out: &mut [u8]) {
    for (pair, out) in bytes.as_chunks::<2>().0.iter().zip(out) {
        *out = (u16::from_le_bytes(*pair) & 0xff) as u8;
    }
}

/// Each second byte of two.
pub fn take_odd(bytes: &[u8], out: &mut [u8]) {
    for (pair, out) in bytes.as_chunks::<2>().0.iter().zip(out) {
        *out = (u16::from_le_bytes(*pair) >> 8) as u8;
    }
}

impl Line<'_> {
    fn convert(&mut self, colors: Colors) {
        match colors {
            Colors::Bt601Full => {}
            Colors::Bt601Limited => {
                widen_y(self.y);
                widen_color(self.u);
                widen_color(self.v);
            }
            Colors::Bt709Limited => {
                widen_y(self.y);
                widen_color(self.u);
                widen_color(self.v);
                turn_y(self.y, self.u, self.v);
                turn_colors(self.u, self.v);
            }
            Colors::Bt709Full => {
                turn_y(self.y, self.u, self.v);
                turn_colors(self.u, self.v);
            }
        }
    }
}

/// Two lines of Y with the one line of colours that they share.
fn convert_square(y: &mut [u8], u: &mut [u8], v: &mut [u8], colors: Colors) {
    if matches!(colors, Colors::Bt601Limited | Colors::Bt709Limited) {
        widen_y(y);
        widen_color(u);
        widen_color(v);
    }
    if matches!(colors, Colors::Bt709Limited | Colors::Bt709Full) {
        let (upper, lower) = y.split_at_mut(y.len() / 2);
        turn_y(upper, u, v);
        turn_y(lower, u, v);
        turn_colors(u, v);
    }
}

/// 16..=235 to 0..=255: times 255/219, which is 1 + 42/256. At most 239 + 39.
fn widen_y(line: &mut [u8]) {
    for y in line {
        let above = u16::from(y.saturating_sub(16));
        let wide = above.wrapping_add(above.wrapping_mul(42).wrapping_add(128) >> 8);
        *y = wide.min(255) as u8;
    }
}

/// 16..=240 around 128 to the whole byte: times 255/224, which is 1 + 35/256. At most 128 + 18 from the middle.
fn widen_color(line: &mut [u8]) {
    for color in line {
        let from_middle = i16::from(*color).wrapping_sub(128);
        let wide = from_middle.wrapping_add(from_middle.wrapping_mul(35).wrapping_add(128) >> 8);
        *color = byte(wide.wrapping_add(128));
    }
}

fn byte(value: i16) -> u8 {
    value.clamp(0, 255) as u8
}

/// Pixels that are turned at a time; what is left at the end of a line is turned by pairs.
const BLOCK: usize = 32;

/// BT.709 to BT.601, brightness: Y + 0.1016 U + 0.1961 V. At most 255 + 38.
fn turn_y(y: &mut [u8], u: &[u8], v: &[u8]) {
    let (blocks, rest) = y.as_chunks_mut::<BLOCK>();
    let ((us, u_rest), (vs, v_rest)) = (
        u.as_chunks::<{ BLOCK / 2 }>(),
        v.as_chunks::<{ BLOCK / 2 }>(),
    );
    for ((y, u), v) in blocks.iter_mut().zip(us).zip(vs) {
        let more: [i16; BLOCK / 2] = array::from_fn(|at| brighter(u[at], v[at]));
        *y = array::from_fn(|at| byte(i16::from(y[at]).wrapping_add(more[at / 2])));
    }
    for (pair, (u, v)) in rest.chunks_exact_mut(2).zip(u_rest.iter().zip(v_rest)) {
        let more = brighter(*u, *v);
        pair.iter_mut()
            .for_each(|y| *y = byte(i16::from(*y).wrapping_add(more)));
    }
}

fn brighter(u: u8, v: u8) -> i16 {
    let (u, v) = (
        i16::from(u).wrapping_sub(128),
        i16::from(v).wrapping_sub(128),
    );
    u.wrapping_mul(26)
        .wrapping_add(v.wrapping_mul(50))
        .wrapping_add(128)
        >> 8
}

/// BT.709 to BT.601, colours: U - 0.0101 U - 0.1107 V, and V - 0.0166 V - 0.0725 U, which is 253/256, 28/256, 252/256 and 19/256.
fn turn_colors(u: &mut [u8], v: &mut [u8]) {
    for (u, v) in u.iter_mut().zip(v) {
        let (old_u, old_v) = (
            i16::from(*u).wrapping_sub(128),
            i16::from(*v).wrapping_sub(128),
        );
        let less_u = old_u
            .wrapping_mul(3)
            .wrapping_add(old_v.wrapping_mul(28))
            .wrapping_add(128)
            >> 8;
        let less_v = old_v
            .wrapping_mul(4)
            .wrapping_add(old_u.wrapping_mul(19))
            .wrapping_add(128)
            >> 8;
        *u = byte(old_u.wrapping_sub(less_u).wrapping_add(128));
        *v = byte(old_v.wrapping_sub(less_v).wrapping_add(128));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_white_and_the_ends_of_colour_map_exactly() {
        let mut y = [0, 16, 126, 235, 255];
        widen_y(&mut y);
        assert_eq!(y, [0, 0, 128, 255, 255]);
        let mut color = [0, 16, 128, 240, 255];
        widen_color(&mut color);
        assert_eq!(color, [0, 1, 128, 255, 255]);
    }

    /// RGB to YUV by the standard's own figures, full range.
    fn yuv(rgb: [f64; 3], kr: f64, kb: f64) -> [f64; 3] {
        let y = kr * rgb[0] + (1.0 - kr - kb) * rgb[1] + kb * rgb[2];
        [
            y,
            (rgb[2] - y) / (2.0 - 2.0 * kb) + 128.0,
            (rgb[0] - y) / (2.0 - 2.0 * kr) + 128.0,
        ]
    }

    #[test]
    fn the_two_matrices_agree_on_every_primary() {
        for rgb in [
            [255.0, 0.0, 0.0],
            [0.0, 255.0, 0.0],
            [0.0, 0.0, 255.0],
            [255.0, 255.0, 0.0],
            [40.0, 90.0, 200.0],
        ] {
            let [y, u, v] =
                yuv(rgb, 0.2126, 0.0722).map(|value| value.round().clamp(0.0, 255.0) as u8);
            let expected = yuv(rgb, 0.299, 0.114);
            let (mut ys, mut us, mut vs) = ([y; 2], [u], [v]);
            turn_y(&mut ys, &us, &vs);
            turn_colors(&mut us, &mut vs);
            for (got, expected) in [ys[0], us[0], vs[0]].into_iter().zip(expected) {
                assert!(
                    (f64::from(got) - expected).abs() <= 2.5,
                    "{rgb:?}: {got} is not {expected}"
                );
            }
        }
    }
}
