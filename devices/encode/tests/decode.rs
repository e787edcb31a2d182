//! What is encoded is decoded again, and compared with what it should show.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_encode::{
    backend::{dummy::Dummy, turbo::Turbo, Quality},
    jpeg,
    picture::Picture,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};
use proptest::prelude::*;

const SEPARATE: usize = 13;

/// A picture with soft gradients and hard edges, as RGB.
fn rgb(x: usize, y: usize) -> [f64; 3] {
    let soft = [
        (x % 256) as f64,
        (y % 256) as f64,
        ((x + y) / 2 % 256) as f64,
    ];
    if (x / 32 + y / 32).is_multiple_of(5) {
        [235.0, 40.0, 60.0]
    } else {
        soft
    }
}

fn matrix(colors: Colors) -> (f64, f64) {
    match colors {
        Colors::Bt601Limited | Colors::Bt601Full => (0.299, 0.114),
        Colors::Bt709Limited | Colors::Bt709Full => (0.2126, 0.0722),
    }
}

/// One pixel as Y, U, V by the standards' own figures.
fn yuv(rgb: [f64; 3], colors: Colors) -> [u8; 3] {
    let (kr, kb) = matrix(colors);
    let y = kr * rgb[0] + (1.0 - kr - kb) * rgb[1] + kb * rgb[2];
    let (u, v) = (
        (rgb[2] - y) / (2.0 - 2.0 * kb),
        (rgb[0] - y) / (2.0 - 2.0 * kr),
    );
    let full = matches!(colors, Colors::Bt601Full | Colors::Bt709Full);
    let (y, u, v) = if full {
        (y, u, v)
    } else {
        (
            16.0 + y * 219.0 / 255.0,
            u * 224.0 / 255.0,
            v * 224.0 / 255.0,
        )
    };
    [y, u + 128.0, v + 128.0].map(|value| value.round().clamp(0.0, 255.0) as u8)
}

struct Shot {
    info: FrameInfo,
    bytes: Vec<u8>,
}

/// The picture in a format, with `SEPARATE` bytes of rubbish between lines.
fn shot(format: &str, width: usize, height: usize, colors: Colors) -> Shot {
    let at = |x: usize, y: usize| yuv(rgb(x.min(width - 1), y.min(height - 1)), colors);
    let mut bytes = Vec::new();
    let mut stride = 0;
    for y in 0..height {
        let start = bytes.len();
        for x in 0..width.next_multiple_of(2) {
            let [luma, _, _] = at(x, y);
            let [_, u, v] = at(x & !1, y);
            let shared = if x % 2 == 0 { u } else { v };
            match format {
                "YUYV" => bytes.extend([luma, shared]),
                "UYVY" => bytes.extend([shared, luma]),
                "NV12" if x < width => bytes.push(luma),
                "RGB3" if x < width => bytes.extend(rgb(x, y).map(|value| value as u8)),
                "BGR3" if x < width => {
                    bytes.extend(rgb(x, y).iter().rev().map(|value| *value as u8))
                }
                _ => {}
            }
        }
        bytes.extend([0x5a; SEPARATE]);
        stride = bytes.len() - start;
    }
    if format == "NV12" {
        for y in (0..height).step_by(2) {
            let start = bytes.len();
            bytes.extend(
                (0..width)
                    .step_by(2)
                    .flat_map(|x| [at(x, y)[1], at(x, y)[2]]),
            );
            bytes.resize(start + stride, 0x5a);
        }
    }
    let (width, height, stride) = (width as u32, height as u32, stride as u32);
    Shot {
        info: FrameInfo {
            width,
            height,
            stride,
            format: format.into(),
            colors,
            ..FrameInfo::default()
        },
        bytes,
    }
}

/// Peak signal-to-noise ratio against the picture itself, dB.
fn psnr(jpeg: &[u8], width: usize, height: usize) -> f64 {
    let decoded = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::RGB).expect("a JPEG");
    assert_eq!((decoded.width, decoded.height), (width, height));
    let mut sum = 0.0;
    for y in 0..height {
        for x in 0..width {
            let got = &decoded.pixels[y * decoded.pitch + x * 3..][..3];
            sum += got
                .iter()
                .zip(rgb(x, y))
                .map(|(got, wanted)| (f64::from(*got) - wanted).powi(2))
                .sum::<f64>();
        }
    }
    let mean = sum / (width * height * 3) as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

fn check(format: &str, width: usize, height: usize, colors: Colors) -> f64 {
    let shot = shot(format, width, height, colors);
    let picture = Picture::new(&shot.info, &shot.bytes).expect("whole");
    let mut turbo = Turbo::new().expect("the library");
    let made = turbo.encode(&picture, Quality(95)).expect("encodes");
    assert_eq!(jpeg::check(made).map(|jpeg| jpeg.length), Ok(made.len()));
    psnr(made, width, height)
}

#[test]
fn every_format_shows_the_picture_in_its_own_colors() {
    for format in ["YUYV", "UYVY", "NV12", "RGB3", "BGR3"] {
        for colors in [
            Colors::Bt601Limited,
            Colors::Bt601Full,
            Colors::Bt709Limited,
            Colors::Bt709Full,
        ] {
            let psnr = check(format, 256, 128, colors);
            // Sharp red edges lose colour by subsampling; a wrong matrix or range is below 25 dB.
            assert!(psnr > 31.0, "{format} {colors:?}: {psnr:.1} dB");
        }
    }
}

#[test]
fn odd_sizes_keep_their_last_line_and_column() {
    for format in ["YUYV", "UYVY", "NV12", "RGB3"] {
        for (width, height) in [(1, 1), (3, 5), (17, 9), (255, 127), (641, 3)] {
            let psnr = check(format, width, height, Colors::Bt601Limited);
            assert!(psnr > 26.0, "{format} {width}x{height}: {psnr:.1} dB");
        }
    }
}

#[test]
fn one_encoder_takes_pictures_of_all_sizes_in_turn() {
    let mut turbo = Turbo::new().expect("the library");
    for (format, width, height) in [
        ("YUYV", 64, 64),
        ("NV12", 320, 200),
        ("RGB3", 16, 16),
        ("UYVY", 640, 480),
        ("YUYV", 8, 8),
    ] {
        let shot = shot(format, width, height, Colors::Bt709Limited);
        let picture = Picture::new(&shot.info, &shot.bytes).expect("whole");
        let made = turbo.encode(&picture, Quality(90)).expect("encodes");
        assert!(
            psnr(made, width, height) > 26.0,
            "{format} {width}x{height}"
        );
    }
}

#[test]
fn less_quality_is_less_bytes() {
    let shot = shot("YUYV", 256, 256, Colors::Bt601Limited);
    let picture = Picture::new(&shot.info, &shot.bytes).expect("whole");
    let mut turbo = Turbo::new().expect("the library");
    let mut length = |quality| {
        turbo
            .encode(&picture, Quality(quality))
            .expect("encodes")
            .len()
    };
    assert!(length(20) < length(60) && length(60) < length(100));
}

#[test]
fn the_dummy_makes_real_jpegs() {
    for (format, width, height) in [("YUYV", 256, 128), ("NV12", 17, 9), ("RGB3", 64, 64)] {
        let shot = shot(format, width, height, Colors::Bt601Full);
        let picture = Picture::new(&shot.info, &shot.bytes).expect("whole");
        let mut dummy = Dummy::default();
        let made = dummy.encode(&picture);
        assert!(jpeg::check(made).is_ok());
        let decoded = turbojpeg::decompress(made, turbojpeg::PixelFormat::GRAY).expect("a JPEG");
        assert_eq!((decoded.width, decoded.height), (width, height));
        if format == "YUYV" {
            for (x, y) in [(0, 0), (100, 50), (200, 100)] {
                let wanted = picture.lines().nth(y / 8 * 8).expect("a line")[x / 8 * 16];
                let got = decoded.pixels[y * decoded.pitch + x];
                assert!(got.abs_diff(wanted) <= 1, "{x},{y}: {got} is not {wanted}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any header over any bytes: refused, or encoded without a fault.
    #[test]
    fn nothing_that_claims_to_be_a_frame_brings_it_down(
        format in prop::sample::select(vec!["YUYV", "UYVY", "NV12", "RGB3", "BGR3", "MJPG", "????"]),
        width in 0_u32..200, height in 0_u32..80, stride in 0_u32..900, bytes in prop::collection::vec(any::<u8>(), 0..20_000),
        quality in 1_u8..=100,
    ) {
        let info = FrameInfo { width, height, stride, format: format.into(), ..FrameInfo::default() };
        if let Ok(picture) = Picture::new(&info, &bytes) {
            let mut turbo = Turbo::new().expect("the library");
            let made = turbo.encode(&picture, Quality(quality)).expect("encodes");
            prop_assert!(jpeg::check(made).is_ok());
            prop_assert!(turbojpeg::read_header(made).is_ok());
        }
    }

    /// A dongle's JPEG that is cut or damaged is refused or passed on, never more.
    #[test]
    fn cut_jpegs_are_refused(cut in 0_usize..1000) {
        let shot = shot("YUYV", 64, 64, Colors::Bt601Full);
        let picture = Picture::new(&shot.info, &shot.bytes).expect("whole");
        let mut turbo = Turbo::new().expect("the library");
        let whole = turbo.encode(&picture, Quality(80)).expect("encodes").to_vec();
        let cut = cut % whole.len();
        prop_assert!(jpeg::check(&whole[..cut]).is_err());
    }
}
