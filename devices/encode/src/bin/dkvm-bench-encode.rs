//! `cargo run --release -p dkvm-encode --bin dkvm-bench-encode`: CPU per frame, YUYV to JPEG at quality 80, by content;
//! and per thumbnail, of the raw frame and of its JPEG.

use dkvm_encode::{
    backend::{turbo::Turbo, Decoder, Quality},
    bench::{cpu, Content},
    picture::Picture,
    planes::Planes,
    reduce::Small,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};
use std::hint::black_box;

/// ustreamer 4.9 (Debian), one worker, on vivid: ms of CPU per frame.
const USTREAMER: [(&str, f64); 2] = [("1280x720", 7.4), ("1920x1080", 14.8)];

fn main() {
    println!("ms of CPU per frame, YUYV (BT.709, limited) to JPEG, quality 80; ustreamer 4.9 does 720p in 7.4, 1080p in 14.8");
    println!(
        "{:<11} {:<8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>10} {:>9} {:>9} {:>9}",
        "size",
        "content",
        "same?",
        "split",
        "jpeg",
        "all",
        "KiB",
        "ustreamer/",
        "thumb raw",
        "thumb jpg",
        "thumb KiB"
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
    println!("{name:<11} {content:<8} {same:>6.2} {split:>6.2} {jpeg:>6.2} {all:>6.2} {kib:>8} {ratio:>10.1} {}", thumbs(&info, &picture, turbo.last()));
}

/// What a thumbnail costs, and how large it is.
fn thumbs(info: &FrameInfo, picture: &Picture<'_>, jpeg: &[u8]) -> String {
    let (Ok(mut turbo), Ok(mut decoder)) = (Turbo::new(), Decoder::new()) else {
        return String::new();
    };
    let mut encode = |small: &Small| {
        let picture = small.picture().ok()?;
        turbo.encode(&picture, Quality(75)).ok().map(<[u8]>::len)
    };
    let mut length = None;
    let raw = cpu(|| length = encode(&Small::of(info, black_box(picture))));
    let source = cpu(|| {
        let decoded = decoder.decode(info, black_box(jpeg)).ok();
        let small = decoded.and_then(|made| Some(Small::of(&made.info, &made.picture().ok()?)));
        assert!(small.is_some_and(|small| encode(&small).is_some()));
    });
    let kib = length.unwrap_or(0) / 1024;
    format!("{raw:>9.2} {source:>9.2} {kib:>9}")
}
