//! From planes to what X shows: blue, green, red, and a byte that is none.
//!
//! The loops are written so that LLVM makes vector code of them: none of the wrapping operations can wrap.

use crate::core::{Rect, Size};
use dkvm_wire::vocab::video::Colors;

/// Bytes of a pixel.
pub const PIXEL: usize = 4;
/// Fractions are of 2^14.
const BITS: u32 = 14;

/// A picture as X takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pixels {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

/// Planes of which four pixels share a colour.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a> {
    /// Brightness, and the two colours.
    pub planes: [&'a [u8]; 3],
    /// Bytes from line to line of each.
    pub strides: [usize; 3],
    /// What the values mean.
    pub colors: Colors,
}

/// What a value becomes, in 2^-[`BITS`].
struct Matrix {
    black: i32,
    light: i32,
    /// Red by V, green by U and V, blue by U.
    weights: [i32; 4],
}

impl Matrix {
    fn of(colors: Colors) -> Self {
        let (kr, kb) = match colors {
            Colors::Bt601Limited | Colors::Bt601Full => (0.299, 0.114),
            Colors::Bt709Limited | Colors::Bt709Full => (0.2126, 0.0722),
        };
        let (black, light, color) = match colors {
            Colors::Bt601Limited | Colors::Bt709Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
            Colors::Bt601Full | Colors::Bt709Full => (0, 1.0, 1.0),
        };
        let (red, blue) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
        let green = 1.0 - kr - kb;
        let part = |value: f64| (value * f64::from(1 << BITS)).round() as i32;
        Self {
            black,
            light: part(light),
            weights: [
                part(red * color),
                part(-blue * kb / green * color),
                part(-red * kr / green * color),
                part(blue * color),
            ],
        }
    }
}

/// A place between two pixels: so much of the second, of 256.
#[derive(Debug, Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    part: u32,
}

/// Where each of so many pixels lies among those of a source.
fn between(source: usize, pixels: usize) -> Vec<Between> {
    let last = source.saturating_sub(1);
    let place = |pixel: usize| {
        // Middle on middle.
        let at = (pixel * 2 + 1) * source * 128 / pixels.max(1);
        let at = at.saturating_sub(128);
        Between {
            first: (at / 256).min(last),
            second: (at / 256 + 1).min(last),
            part: (at % 256) as u32,
        }
    };
    (0..pixels).map(place).collect()
}

/// One pixel, of four.
fn mixed(pixel: &mut [u8], [above, below]: [&[u8]; 2], (x, down): (Between, u32)) {
    for (part, byte) in pixel.iter_mut().enumerate() {
        let of = |line: &[u8], at: usize| {
            line.get(at * PIXEL + part)
                .map_or(0, |byte| u32::from(*byte))
        };
        let along = |line: &[u8]| of(line, x.first) * (256 - x.part) + of(line, x.second) * x.part;
        let sum = along(above) * (256 - down) + along(below) * down;
        *byte = (sum >> 16) as u8;
    }
}

impl Pixels {
    /// Black, of this size.
    pub fn black(width: usize, height: usize) -> Self {
        let mut pixels = Self::default();
        pixels.resize(width, height);
        pixels.bytes.fill(0);
        pixels
    }

    /// How large.
    pub fn size(&self) -> Size {
        Size::of(self.width, self.height)
    }

    /// Pixels to the right.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Lines.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Line by line, with nothing between them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// To be filled by somebody else.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Another size; what is in it then is nothing in particular.
    pub fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.bytes.resize(width * height * PIXEL, 0);
    }

    /// Colours one pixel; one that is outside is nowhere.
    pub fn set(&mut self, (x, y): (usize, usize), [r, g, b]: [u8; 3]) {
        if x < self.width {
            let at = (y * self.width + x) * PIXEL;
            if let Some(pixel) = self.bytes.get_mut(at..at + PIXEL) {
                pixel.copy_from_slice(&[b, g, r, 0]);
            }
        }
    }

    /// Fills a place with one colour, as far as it is inside.
    pub fn paint(&mut self, place: Rect, [r, g, b]: [u8; 3]) {
        for (_, line) in self.lines(place) {
            for pixel in line.chunks_exact_mut(PIXEL) {
                pixel.copy_from_slice(&[b, g, r, 0]);
            }
        }
    }

    /// Draws a picture into a place, pixel for pixel, as far as both reach.
    pub fn copy(&mut self, from: &Self, place: Rect) {
        let source = from.bytes.chunks_exact((from.width * PIXEL).max(1));
        for ((_, line), source) in self.lines(place).zip(source) {
            let length = line.len().min(source.len());
            line[..length].copy_from_slice(&source[..length]);
        }
    }

    /// Draws a picture so that it fills a place.
    pub fn scale(&mut self, from: &Self, place: Rect) {
        let Size { width, height } = place.size;
        let across: Vec<Between> = between(from.width, width.into());
        let down: Vec<Between> = between(from.height, height.into());
        let stride = from.width * PIXEL;
        for (number, line) in self.lines(place) {
            let Some(at) = down.get(number) else { break };
            let row = |number: usize| from.bytes.get(number * stride..(number + 1) * stride);
            let (Some(above), Some(below)) = (row(at.first), row(at.second)) else {
                break;
            };
            for (pixel, x) in line.chunks_exact_mut(PIXEL).zip(&across) {
                mixed(pixel, [above, below], (*x, at.part));
            }
        }
    }

    /// The lines of a place that are inside, from its left edge, each with its number in the place. One that begins outside has none.
    fn lines(&mut self, place: Rect) -> impl Iterator<Item = (usize, &mut [u8])> {
        let inside = |at: i16, edge: usize| usize::try_from(at).ok().filter(|at| *at < edge);
        let (left, top) = (inside(place.x, self.width), inside(place.y, self.height));
        let begin = left.zip(top);
        let wide = begin.map_or(0, |(x, _)| (self.width - x).min(place.size.width.into()));
        let high = begin.map_or(0, |_| usize::from(place.size.height));
        let (x, y) = begin.unwrap_or_default();
        let lines = self.bytes.chunks_exact_mut((self.width * PIXEL).max(1));
        lines
            .skip(y)
            .take(high)
            .map(move |line| &mut line[x * PIXEL..(x + wide) * PIXEL])
            .enumerate()
    }

    /// Takes so much of the planes as they have. What they lack stays as it was.
    pub fn fill(&mut self, (width, height): (usize, usize), from: &Planes<'_>) {
        self.resize(width, height);
        let matrix = Matrix::of(from.colors);
        let [y, u, v] = from.planes;
        let [ys, us, vs] = from.strides.map(|stride| stride.max(1));
        let colors = u.chunks(us).zip(v.chunks(vs));
        let lines = y.chunks(ys).zip(colors.flat_map(|pair| [pair; 2]));
        for (out, (y, (u, v))) in self
            .bytes
            .chunks_exact_mut((width * PIXEL).max(1))
            .zip(lines)
        {
            line(out, y, (u, v), &matrix);
        }
    }
}

/// One line; of an odd width the last pixel is alone with its colour.
fn line(out: &mut [u8], y: &[u8], (u, v): (&[u8], &[u8]), matrix: &Matrix) {
    let (pairs, rest) = out.as_chunks_mut::<{ PIXEL * 2 }>();
    let (twos, last) = y.as_chunks::<2>();
    for (((out, y), u), v) in pairs.iter_mut().zip(twos).zip(u).zip(v) {
        let color = shares(*u, *v, matrix);
        let [a, b] = y.map(|y| pixel(y, color, matrix));
        *out = [a[0], a[1], a[2], 0, b[0], b[1], b[2], 0];
    }
    let at = pairs.len();
    let y = twos.get(at).map(|two| two[0]).or(last.first().copied());
    if let (Some(out), Some(y), Some(u), Some(v)) =
        (rest.first_chunk_mut(), y, u.get(at), v.get(at))
    {
        let [b, g, r] = pixel(y, shares(*u, *v, matrix), matrix);
        *out = [b, g, r, 0];
    }
}

/// What a colour adds to blue, green and red.
#[inline(always)]
fn shares(u: u8, v: u8, matrix: &Matrix) -> [i32; 3] {
    let (u, v) = (
        i32::from(u).wrapping_sub(128),
        i32::from(v).wrapping_sub(128),
    );
    let [red_v, green_u, green_v, blue_u] = matrix.weights;
    [
        blue_u.wrapping_mul(u),
        green_u
            .wrapping_mul(u)
            .wrapping_add(green_v.wrapping_mul(v)),
        red_v.wrapping_mul(v),
    ]
}

#[inline(always)]
fn pixel(y: u8, color: [i32; 3], matrix: &Matrix) -> [u8; 3] {
    let light = i32::from(y)
        .wrapping_sub(matrix.black)
        .wrapping_mul(matrix.light)
        .wrapping_add(1 << (BITS - 1));
    color.map(|share| (light.wrapping_add(share) >> BITS).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(colors: Colors, [y, u, v]: [u8; 3]) -> [u8; 3] {
        let planes = Planes {
            planes: [&[y], &[u], &[v]],
            strides: [1; 3],
            colors,
        };
        let mut pixels = Pixels::default();
        pixels.fill((1, 1), &planes);
        let [b, g, r, _] = *pixels.bytes() else {
            panic!("one pixel")
        };
        [r, g, b]
    }

    #[test]
    fn black_white_and_red_are_the_standards() {
        assert_eq!(one(Colors::Bt709Limited, [16, 128, 128]), [0, 0, 0]);
        assert_eq!(one(Colors::Bt709Limited, [235, 128, 128]), [255, 255, 255]);
        assert_eq!(one(Colors::Bt601Full, [255, 128, 128]), [255, 255, 255]);
        assert_eq!(one(Colors::Bt601Full, [76, 85, 255]), [254, 0, 0]);
        let red = one(Colors::Bt709Limited, [63, 102, 240]);
        assert!(red[0] >= 253 && red[1] <= 2 && red[2] <= 2, "{red:?}");
    }

    #[test]
    fn four_pixels_share_a_colour_and_strides_are_left_out() {
        let planes = Planes {
            planes: [&[10, 20, 30, 99, 40, 50, 60], &[128, 128, 7], &[128, 128]],
            strides: [4, 3, 2],
            colors: Colors::Bt601Full,
        };
        let mut pixels = Pixels::default();
        pixels.fill((3, 2), &planes);
        let greys: Vec<u8> = pixels.bytes().chunks(4).map(|pixel| pixel[1]).collect();
        assert_eq!(greys, [10, 20, 30, 40, 50, 60]);
    }

    fn rect(x: i16, y: i16, width: u16, height: u16) -> Rect {
        let size = Size { width, height };
        Rect { x, y, size }
    }

    fn greys(pixels: &Pixels) -> Vec<u8> {
        pixels.bytes().chunks(PIXEL).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_picture_is_scaled_to_its_place_and_nowhere_else() {
        let mut small = Pixels::black(2, 1);
        small.set((1, 0), [200; 3]);
        let mut pixels = Pixels::black(6, 3);
        pixels.scale(&small, rect(1, 1, 4, 1));
        assert_eq!(greys(&pixels)[6..12], [0, 0, 50, 150, 200, 0]);
        assert!(greys(&pixels)[..6].iter().all(|grey| *grey == 0));
        let mut same = Pixels::black(2, 1);
        same.scale(&small, rect(0, 0, 2, 1));
        assert_eq!(same, small, "of its own size it is what it was");
    }

    proptest! {
        #[test]
        fn no_place_is_too_far_out(
            size in (0_usize..30, 0_usize..30), of in (0_usize..30, 0_usize..30),
            at in (-40_i16..40, -40_i16..40), to in (0_u16..50, 0_u16..50),
        ) {
            let place = rect(at.0, at.1, to.0, to.1);
            let mut pixels = Pixels::black(size.0, size.1);
            let from = Pixels::black(of.0, of.1);
            pixels.scale(&from, place);
            pixels.copy(&from, place);
            pixels.paint(place, [1, 2, 3]);
        }

        #[test]
        fn no_planes_bring_it_down(
            size in (0_usize..40, 0_usize..40),
            lengths in (0_usize..400, 0_usize..200, 0_usize..200),
            strides in (0_usize..50, 0_usize..50, 0_usize..50),
        ) {
            let bytes = [200; 400];
            let planes = Planes {
                planes: [&bytes[..lengths.0], &bytes[..lengths.1], &bytes[..lengths.2]],
                strides: [strides.0, strides.1, strides.2],
                colors: Colors::Bt709Full,
            };
            let mut pixels = Pixels::default();
            pixels.fill(size, &planes);
            prop_assert_eq!(pixels.bytes().len(), size.0 * size.1 * PIXEL);
        }
    }
}
