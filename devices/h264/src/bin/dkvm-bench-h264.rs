//! `cargo run --release -p dkvm-h264 --bin dkvm-bench-h264`: CPU and bytes per frame, H.264 against our own JPEG of the same frames.

use dkvm_encode::{
    backend::{turbo::Turbo, Quality},
    bench::{cpu, Content},
    picture::Picture,
};
use dkvm_h264::{
    backend::{openh264::OpenH264, Form, Kind, Quantiser},
    core::{MOVING, RESTING},
    planes::I420,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};

/// As the JPEGs of a page.
const QUALITY: Quality = Quality(80);
/// Pictures of a film, shown in turns: what is in all caches costs nothing.
const FILM: usize = 30;
/// Lines that a scroll moves by.
const LINE: usize = 16;

fn main() {
    println!(
        "per frame: ms of CPU, kB; YUYV (BT.709, limited), JPEG of quality {}, H.264 of quantiser {}",
        QUALITY.0, MOVING.0
    );
    println!(
        "{:<10} {:<10} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10}",
        "size", "content", "jpeg ms", "h264 ms", "jpeg kB", "h264 kB", "ms, ratio", "kB, ratio"
    );
    for size in [(1280, 720), (1920, 1080)] {
        for (name, film) in [
            ("typing", typing(size)),
            ("scrolling", scrolling(size)),
            ("noise", noise(size)),
        ] {
            row(name, size, &film, MOVING, Kind::Delta);
        }
        row("key frame", size, &scrolling(size), MOVING, Kind::Key);
        row("at rest", size, &typing(size)[..1], RESTING, Kind::Delta);
    }
}

type Size = (usize, usize);

/// One letter more in each.
fn typing((width, height): Size) -> Vec<Vec<u8>> {
    let mut picture = Content::Desktop.paint(width, height, 0);
    let letter = |at: usize| {
        (0..LINE).flat_map(move |y| (0..8).map(move |x| (40 + y) * width + 200 + at * 8 + x))
    };
    (0..FILM)
        .map(|at| {
            letter(at).for_each(|pixel| picture[pixel * 2] = 250 - (pixel % 7 * 30) as u8);
            picture.clone()
        })
        .collect()
}

fn scrolling((width, height): Size) -> Vec<Vec<u8>> {
    (0..FILM)
        .map(|at| Content::Desktop.paint(width, height, at * LINE))
        .collect()
}

/// Each of it is moved against the one before: painting as many would take minutes.
fn noise((width, height): Size) -> Vec<Vec<u8>> {
    let whole = Content::Noise.paint(width, height, 0);
    (0..FILM)
        .map(|at| {
            let mut picture = whole.clone();
            picture.rotate_left(at * 7919 * 2);
            picture
        })
        .collect()
}

fn row(name: &str, (width, height): Size, film: &[Vec<u8>], quantiser: Quantiser, kind: Kind) {
    let info = FrameInfo {
        width: width as u32,
        height: height as u32,
        format: "YUYV".into(),
        colors: Colors::Bt709Limited,
        ..FrameInfo::default()
    };
    let pictures: Vec<_> = film
        .iter()
        .filter_map(|bytes| Picture::new(&info, bytes).ok())
        .collect();
    let jpeg = jpegs(&pictures);
    let h264 = units(&pictures, quantiser, kind);
    let (Some(jpeg), Some(h264)) = (jpeg, h264) else {
        println!("{name}: an encoder failed");
        return;
    };
    println!(
        "{:<10} {name:<10} {:>8.2} {:>8.2} {:>8.1} {:>8.1} {:>10.2} {:>10.3}",
        format!("{width}x{height}"),
        jpeg.0,
        h264.0,
        jpeg.1,
        h264.1,
        h264.0 / jpeg.0,
        h264.1 / jpeg.1
    );
}

/// ms and kB.
type Cost = (f64, f64);

fn jpegs(pictures: &[Picture<'_>]) -> Option<Cost> {
    let mut turbo = Turbo::new().ok()?;
    let (mut bytes, mut frames) = (0, 0);
    let ms = cpu(|| {
        let picture = &pictures[frames % pictures.len()];
        bytes += turbo.encode(picture, QUALITY).map_or(0, <[u8]>::len);
        frames += 1;
    });
    (bytes > 0).then(|| (ms, bytes as f64 / frames as f64 / 1000.0))
}

fn units(pictures: &[Picture<'_>], quantiser: Quantiser, kind: Kind) -> Option<Cost> {
    let mut planes = I420::default();
    let (first, colors) = (pictures.first()?, Colors::Bt709Limited);
    let (width, height) = (first.width, first.height);
    let form = Form {
        width,
        height,
        colors,
    };
    let mut encoder = OpenH264::new(form, quantiser).ok()?;
    let (mut bytes, mut frames) = (0, 0);
    let mut encode = || {
        planes.fill(&pictures[frames % pictures.len()]);
        frames += 1;
        encoder.encode(&planes, kind, quantiser).ok()?;
        Some(encoder.last().len())
    };
    // The first is a key frame in any case.
    encode()?;
    let mut made = 0;
    let ms = cpu(|| {
        bytes += encode().unwrap_or(0);
        made += 1;
    });
    (bytes > 0).then(|| (ms, bytes as f64 / f64::from(made) / 1000.0))
}
