//! A JPEG without a library: the brightness of each block of 8 by 8, nothing more. A mosaic, but one that moves.
//!
//! Only the first coefficient of each block is written (JPEG, ITU-T T.81, F.1.2.1), with the table of its annex K.3.

use crate::picture::{Layout, Picture};

/// The quantiser of the first coefficient: with it the coefficient is the block's mean less 128.
const STEP: u8 = 8;
/// How many codes of each length the brightness table has (K.3.1), and what they stand for: 0 to 11 bits.
const CODES: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
/// The same as code and length, by number of bits.
const BY_BITS: [(u32, u32); 9] = [
    (0, 2),
    (2, 3),
    (3, 3),
    (4, 3),
    (5, 3),
    (6, 3),
    (14, 4),
    (30, 5),
    (62, 6),
];
/// The one code of our table for the other coefficients: nothing follows.
const END_OF_BLOCK: (u32, u32) = (0, 1);

/// A maker of grey mosaics.
#[derive(Debug, Default)]
pub struct Dummy {
    jpeg: Vec<u8>,
}

impl Dummy {
    /// Makes a JPEG.
    pub fn encode(&mut self, picture: &Picture<'_>) -> &[u8] {
        self.jpeg.clear();
        head(&mut self.jpeg, picture);
        let mut bits = Bits {
            out: &mut self.jpeg,
            held: 0,
            count: 0,
        };
        let mut before = 0;
        let lines: Vec<&[u8]> = picture.lines().step_by(8).collect();
        for line in lines {
            for block in 0..picture.width.div_ceil(8) {
                let mean = i32::from(brightness(picture.layout, line, block * 8)) - 128;
                bits.difference(mean - before);
                before = mean;
            }
        }
        bits.finish();
        self.jpeg.extend([0xff, 0xd9]);
        &self.jpeg
    }

    /// The last JPEG.
    pub fn last(&self) -> &[u8] {
        &self.jpeg
    }
}

/// One pixel stands for its block.
fn brightness(layout: Layout, line: &[u8], x: usize) -> u8 {
    let at = match layout {
        Layout::Nv12 => x,
        Layout::Yuyv => x * 2,
        Layout::Uyvy => x * 2 + 1,
        Layout::Rgb | Layout::Bgr => x * 3 + 1,
    };
    line.get(at).copied().unwrap_or(0)
}

fn head(out: &mut Vec<u8>, picture: &Picture<'_>) {
    // Picture checked that both are below 65536.
    let [height, width] = [picture.height as u16, picture.width as u16].map(u16::to_be_bytes);
    out.extend([0xff, 0xd8, 0xff, 0xdb, 0, 67, 0]);
    out.extend([STEP; 64]);
    out.extend([
        0xff, 0xc0, 0, 11, 8, height[0], height[1], width[0], width[1], 1, 1, 0x11, 0,
    ]);
    out.extend([0xff, 0xc4, 0, 31, 0x00]);
    out.extend(CODES);
    out.extend(0..12);
    out.extend([0xff, 0xc4, 0, 20, 0x10, 1]);
    out.extend([0; 16]);
    out.extend([0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0]);
}

struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn difference(&mut self, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        // Two means differ by 255 at most, which is 8 bits.
        let code = BY_BITS.get(size as usize).copied().unwrap_or((0, 2));
        self.put(code);
        let bits = if value < 0 { value - 1 } else { value };
        self.put((bits.cast_unsigned() & ((1 << size) - 1), size));
        self.put(END_OF_BLOCK);
    }

    fn put(&mut self, (code, length): (u32, u32)) {
        self.held = self.held << length | code;
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xff {
                // Else it would be a marker.
                self.out.push(0);
            }
        }
        self.held &= (1 << self.count) - 1;
    }

    fn finish(&mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.put(((1 << missing) - 1, missing));
    }
}
