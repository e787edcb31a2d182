//! A picture made small by averaging: each of its pixels is the mean of those that it stands for, so thin lines do not come and go.
//!
//! The layout stays, and each component of it is averaged by itself. Lines are added up as they lie, whatever their bytes mean: that
//! is most of the work, and LLVM makes vector code of it.

use crate::picture::{BadFrame, Layout, Picture};
use dkvm_wire::vocab::video::{FrameInfo, THUMB_HEIGHT, THUMB_WIDTH};

/// A small picture in the layout of the one that it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Small {
    info: FrameInfo,
    bytes: Vec<u8>,
}

/// One of the values that take turns in a line.
#[derive(Debug, Clone, Copy)]
struct Component {
    first: usize,
    step: usize,
    /// So many pixels of a line share a value.
    share: usize,
}

const fn component(first: usize, step: usize, share: usize) -> Component {
    Component { first, step, share }
}

const YUYV: [Component; 3] = [component(0, 2, 1), component(1, 4, 2), component(3, 4, 2)];
const UYVY: [Component; 3] = [component(1, 2, 1), component(0, 4, 2), component(2, 4, 2)];
const RGB: [Component; 3] = [component(0, 3, 1), component(1, 3, 1), component(2, 3, 1)];
const Y: [Component; 1] = [component(0, 1, 1)];
const UV: [Component; 2] = [component(0, 2, 2), component(1, 2, 2)];

impl Small {
    /// Makes a picture small; `info` is what was said of it.
    pub fn of(info: &FrameInfo, picture: &Picture<'_>) -> Self {
        let (width, height) = fit(picture.width, picture.height);
        let mut bytes = Vec::new();
        if (width, height) == (picture.width, picture.height) {
            picture.lines().for_each(|line| bytes.extend(line));
            picture.color_lines().for_each(|line| bytes.extend(line));
        } else {
            let first: &[Component] = match picture.layout {
                Layout::Yuyv => &YUYV,
                Layout::Uyvy => &UYVY,
                Layout::Nv12 => &Y,
                Layout::Rgb | Layout::Bgr => &RGB,
            };
            let widths = (picture.width, width);
            let mut average = Average::new(first, widths, &mut bytes);
            average.lines(picture.lines(), (picture.height, height));
            if picture.layout == Layout::Nv12 {
                let heights = (picture.height.div_ceil(2), height.div_ceil(2));
                Average::new(&UV, widths, &mut bytes).lines(picture.color_lines(), heights);
            }
        }
        let info = FrameInfo {
            // `fit` made both smaller than they were, as u32.
            width: width as u32,
            height: height as u32,
            stride: 0,
            sequence: 0,
            captured_ns: 0,
            ..info.clone()
        };
        Self { info, bytes }
    }

    /// To be encoded.
    pub fn picture(&self) -> Result<Picture<'_>, BadFrame> {
        Picture::new(&self.info, &self.bytes)
    }
}

/// The size of the thumbnail of a picture: with its proportions, and an even width, since two pixels may share a colour.
pub fn fit(width: usize, height: usize) -> (usize, usize) {
    let (most_wide, most_high) = (THUMB_WIDTH as usize, THUMB_HEIGHT as usize);
    let (wide, high) = if width <= most_wide && height <= most_high {
        (width, height)
    } else if width * most_high >= height * most_wide {
        (most_wide, rounded(height * most_wide, width))
    } else {
        (rounded(width * most_high, height), most_high)
    };
    let even = if wide > 1 { wide & !1 } else { 1 };
    (even, high.max(1))
}

fn rounded(value: usize, by: usize) -> usize {
    (value + by / 2) / by
}

/// Where the part of `at` begins and ends, when `from` things become `to`.
fn part(at: usize, (from, to): (usize, usize)) -> std::ops::Range<usize> {
    at * from / to..(at + 1) * from / to
}

struct Average<'a> {
    components: &'a [Component],
    widths: (usize, usize),
    sums: Vec<u16>,
    line: Vec<u8>,
    out: &'a mut Vec<u8>,
}

impl<'a> Average<'a> {
    fn new(components: &'a [Component], widths: (usize, usize), out: &'a mut Vec<u8>) -> Self {
        let most = |of: fn(&Component) -> usize| components.iter().map(of).max().unwrap_or(1);
        let groups = widths.1.div_ceil(most(|one| one.share));
        Self {
            components,
            widths,
            sums: Vec::new(),
            line: vec![0; groups * most(|one| one.step)],
            out,
        }
    }

    fn lines<'b>(&mut self, mut lines: impl Iterator<Item = &'b [u8]>, heights: (usize, usize)) {
        for at in 0..heights.1 {
            let count = part(at, heights).len();
            self.sums.fill(0);
            lines.by_ref().take(count).for_each(|line| self.add(line));
            self.mean(count);
            self.out.extend(&self.line);
        }
    }

    /// At most 42 lines of 8192 become one, so no sum is more than 16 bits.
    fn add(&mut self, line: &[u8]) {
        self.sums.resize(line.len(), 0);
        for (sum, byte) in self.sums.iter_mut().zip(line) {
            *sum = sum.wrapping_add(u16::from(*byte));
        }
    }

    fn mean(&mut self, lines: usize) {
        for one in self.components {
            let counts = (
                self.widths.0.div_ceil(one.share),
                self.widths.1.div_ceil(one.share),
            );
            for at in 0..counts.1 {
                let columns = part(at, counts);
                let of = (columns.len() * lines).max(1);
                let values = self.sums.get(one.first + columns.start * one.step..);
                let values = values.unwrap_or_default().iter().step_by(one.step);
                let sum: usize = values
                    .take(columns.len())
                    .map(|sum| usize::from(*sum))
                    .sum();
                if let Some(value) = self.line.get_mut(one.first + at * one.step) {
                    *value = rounded(sum, of) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "reduce_tests.rs"]
mod tests;
