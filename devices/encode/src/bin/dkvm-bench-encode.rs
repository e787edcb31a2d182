//! `cargo run --release -p dkvm-encode --bin dkvm-bench-encode`: CPU per frame, YUYV to JPEG at quality 80, by content.

use dkvm_encode::{
    backend::{turbo::Turbo, Quality},
    picture::Picture,
    planes::Planes,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};
use rustix::time::{clock_gettime, ClockId};
use std::{hint::black_box, time::Duration};

const FRAMES: usize = 150;
/// ustreamer 4.9 (Debian), one worker, on vivid: ms of CPU per frame.
const USTREAMER: [(&str, f64); 2] = [("1280x720", 7.4), ("1920x1080", 14.8)];

fn main() {
    println!("ms of CPU per frame, YUYV (BT.709, limited) to JPEG, quality 80; ustreamer 4.9 does 720p in 7.4, 1080p in 14.8");
    println!(
        "{:<11} {:<8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>10}",
        "size", "content", "same?", "split", "jpeg", "all", "KiB", "ustreamer/"
    );
    for ((width, height), (name, peer)) in [(1280, 720), (1920, 1080)].into_iter().zip(USTREAMER) {
        for content in [Content::Desktop, Content::Bars, Content::Noise] {
            row(width, height, name, peer, content);
        }
    }
}

fn row(width: u32, height: u32, name: &str, peer: f64, content: Content) {
    let info = FrameInfo {
        width,
        height,
        format: "YUYV".into(),
        colors: Colors::Bt709Limited,
        ..FrameInfo::default()
    };
    let bytes = content.paint(width as usize, height as usize);
    let Ok(picture) = Picture::new(&info, &bytes) else {
        return;
    };
    let other = bytes.clone();
    let Ok(before) = Picture::new(&info, &other) else {
        return;
    };
    let same = cpu(|| assert!(black_box(&picture).shows_the_same(black_box(&before))));
    let mut planes = Planes::default();
    let split = cpu(|| assert!(planes.fill(black_box(&picture)).is_some()));
    let Ok(mut turbo) = Turbo::new() else { return };
    let mut length = 0;
    let all = cpu(|| length = turbo.encode(&picture, Quality(80)).map_or(0, <[u8]>::len));
    let content = format!("{content:?}").to_lowercase();
    let (jpeg, kib, ratio) = (all - split, length / 1024, peer / all);
    println!("{name:<11} {content:<8} {same:>6.2} {split:>6.2} {jpeg:>6.2} {all:>6.2} {kib:>8} {ratio:>10.1}");
}

/// CPU time of one call in ms, the mean of many.
fn cpu(mut act: impl FnMut()) -> f64 {
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

#[derive(Debug, Clone, Copy)]
enum Content {
    /// Lines of letters, half of the screen.
    Desktop,
    /// vivid's picture.
    Bars,
    /// The worst there is.
    Noise,
}

impl Content {
    fn paint(self, width: usize, height: usize) -> Vec<u8> {
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
                    Self::Desktop => [letter(&letters, x, y, width), 128],
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
