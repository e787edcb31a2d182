//! `cargo run --release -p dkvm-encode --bin dkvm-bench-encode`: CPU per frame, YUYV to JPEG at quality 80, by content.

use dkvm_encode::{
    backend::{turbo::Turbo, Quality},
    bench::{cpu, Content},
    picture::Picture,
    planes::Planes,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};
use std::hint::black_box;

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
    let bytes = content.paint(width as usize, height as usize, 0);
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
