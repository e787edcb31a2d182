//! For the benches of makers of pictures: what screens show, and what a call costs.

use rustix::time::{clock_gettime, ClockId};
use std::time::Duration;

const FRAMES: usize = 150;

/// CPU time of one call in ms, the mean of many.
pub fn cpu(mut act: impl FnMut()) -> f64 {
    act();
    let start = cpu_now();
    for _ in 0..FRAMES {
        act();
    }
    (cpu_now() - start).as_secs_f64() * 1000.0 / FRAMES as f64
}

fn cpu_now() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        now.tv_sec.cast_unsigned(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// What a screen may show.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Lines of letters, half of the screen.
    Desktop,
    /// vivid's picture.
    Bars,
    /// The worst there is.
    Noise,
}

impl Content {
    /// YUYV. What has lines of letters begins `down` pixels further down.
    pub fn paint(self, width: usize, height: usize, down: usize) -> Vec<u8> {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 32) as u8
        };
        // A letter is a pattern of 8 by 16 of its own.
        let letters: Vec<[u8; 16]> = (0..64)
            .map(|_| [(); 16].map(|()| random() & random() | random() & 0x3c))
            .collect();
        let mut bytes = Vec::with_capacity(width * height * 2);
        for y in 0..height {
            for x in 0..width {
                let color = if x % 2 == 0 { 120 } else { 136 };
                bytes.extend(match self {
                    Self::Desktop => [letter(&letters, x, y + down, width), 128],
                    Self::Bars => [16 + (x * 8 / width * 27) as u8, color],
                    Self::Noise => [random(), random()],
                });
            }
        }
        bytes
    }
}

fn letter(letters: &[[u8; 16]], x: usize, y: usize, width: usize) -> u8 {
    let (column, line) = (x / 8, y / 16);
    // Every other line is half full, as text is.
    let blank = line % 4 == 3 || column > (line * 37 % (width / 8)).max(20);
    let which = (column * 31 + line * 17) % letters.len();
    let ink = letters[which][y % 16] >> (x % 8) & 1 == 1;
    if ink && !blank {
        30
    } else {
        220
    }
}
