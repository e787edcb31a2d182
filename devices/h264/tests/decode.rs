//! What is encoded is decoded again, and compared with what it should show.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_encode::picture::Picture;
use dkvm_h264::{
    backend::{openh264::OpenH264, Form, Kind, Quantiser},
    core::MOVING,
    planes::I420,
};
use dkvm_wire::vocab::video::{Colors, FrameInfo};
use openh264::{decoder::Decoder, formats::YUVSource};

const WIDTH: usize = 320;
const HEIGHT: usize = 240;
const FIRST: Quantiser = Quantiser(26);
const FINE: Quantiser = Quantiser(14);

/// Lines of something like letters, grey on dark, `at` lines down.
fn text(at: usize) -> Vec<u8> {
    let ink = |x: usize, y: usize| {
        let (letter, line) = (x / 8 * 7 + y / 16 * 13, y % 16);
        line > 2 && line < 13 && ((letter * (line + 3) * 31) >> (x % 8)) & 1 == 1
    };
    let pixel = |at_x: usize, y: usize| if ink(at_x, y) { 200 } else { 30 };
    (0..HEIGHT)
        .flat_map(|y| (0..WIDTH).flat_map(move |x| [pixel(x, y + at), 128]))
        .collect()
}

struct Maker {
    encoder: OpenH264,
    decoder: Decoder,
    planes: I420,
}

impl Maker {
    fn new(colors: Colors) -> Self {
        let form = Form {
            width: WIDTH,
            height: HEIGHT,
            colors,
        };
        Self {
            encoder: OpenH264::new(form, FIRST).expect("the library"),
            decoder: Decoder::new().expect("the library"),
            planes: I420::default(),
        }
    }

    /// What kind of frame it became, its bytes, and how far the brightness is off at most on average.
    fn make(&mut self, raw: &[u8], kind: Kind, quantiser: Quantiser) -> (Kind, usize, f64) {
        let info = FrameInfo {
            width: WIDTH as u32,
            height: HEIGHT as u32,
            format: "YUYV".into(),
            ..FrameInfo::default()
        };
        self.planes.fill(&Picture::new(&info, raw).expect("whole"));
        let kind = self
            .encoder
            .encode(&self.planes, kind, quantiser)
            .expect("encodes");
        let unit = self.encoder.last();
        let shown = self
            .decoder
            .decode(unit)
            .expect("decodes")
            .expect("a picture at once");
        assert_eq!(shown.dimensions(), (WIDTH, HEIGHT));
        let stride = shown.strides().0;
        let off = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
        let off: usize = off
            .map(|(x, y)| {
                usize::from(
                    shown.y()[y * stride + x].abs_diff(self.planes.planes()[0][y * WIDTH + x]),
                )
            })
            .sum();
        (kind, unit.len(), off as f64 / (WIDTH * HEIGHT) as f64)
    }
}

#[test]
fn a_frame_comes_out_as_it_went_in_at_once() {
    let mut maker = Maker::new(Colors::Bt709Limited);
    let (kind, _, off) = maker.make(&text(0), Kind::Delta, FINE);
    assert_eq!(
        kind,
        Kind::Key,
        "the first is a key frame whatever is asked"
    );
    assert!(off < 6.0, "{off}");
    let (kind, _, off) = maker.make(&text(16), Kind::Delta, FINE);
    assert_eq!(kind, Kind::Delta);
    assert!(off < 1.5, "{off}");
}

#[test]
fn the_quantiser_changes_without_a_key_frame_and_is_kept_to() {
    let mut maker = Maker::new(Colors::Bt601Full);
    maker.make(&text(0), Kind::Key, FINE);
    let mut before = None;
    let mut noise = noise();
    for quantiser in [24, 31, 38, 45] {
        let (kind, length, off) = maker.make(&noise(), Kind::Delta, Quantiser(quantiser));
        assert_eq!(kind, Kind::Delta, "{quantiser}");
        if let Some((longer, finer)) = before.replace((length, off)) {
            assert!(
                length < longer && off > finer,
                "{quantiser}: {length} bytes, {off} off"
            );
        }
    }
}

#[test]
fn a_still_picture_becomes_finer_and_then_takes_next_to_nothing() {
    let mut maker = Maker::new(Colors::Bt709Limited);
    let raw = text(0);
    let (_, whole, _) = maker.make(&raw, Kind::Key, Quantiser(30));
    let (_, _, coarse) = maker.make(&raw, Kind::Delta, Quantiser(30));
    let (_, _, fine) = maker.make(&raw, Kind::Delta, FINE);
    assert!(fine < coarse / 2.0, "{fine} after {coarse}");
    let (_, length, _) = maker.make(&raw, Kind::Delta, FINE);
    assert!(length < whole / 10, "{length} bytes of {whole}");
}

#[test]
fn a_key_frame_that_is_asked_for_needs_none_before_it() {
    let mut maker = Maker::new(Colors::Bt709Limited);
    maker.make(&text(0), Kind::Key, FINE);
    maker.make(&text(3), Kind::Delta, FINE);
    maker.decoder = Decoder::new().expect("the library");
    let (kind, _, off) = maker.make(&text(6), Kind::Key, FINE);
    assert_eq!(kind, Kind::Key);
    assert!(off < 1.5, "{off}");
}

/// What the page needs: the sequence parameters come with each key frame, and start codes are Annex B's.
#[test]
fn each_key_frame_brings_its_parameters() {
    let mut maker = Maker::new(Colors::Bt601Limited);
    for frame in 0..3 {
        maker.make(&text(frame), Kind::Key, FINE);
        let unit = maker.encoder.last();
        assert_eq!(unit[..4], [0, 0, 0, 1]);
        assert_eq!(unit[4] & 31, 7, "a sequence parameter set is first");
    }
}

/// Bytes that no encoder can foretell.
fn noise() -> impl FnMut() -> Vec<u8> {
    let mut seed = 1_u32;
    move || {
        (0..WIDTH * HEIGHT * 2)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect()
    }
}

#[test]
fn noise_is_encoded_while_it_moves() {
    let mut maker = Maker::new(Colors::Bt709Full);
    let mut noise = noise();
    maker.make(&noise(), Kind::Key, MOVING);
    for kind in [Kind::Key, Kind::Delta, Kind::Key, Kind::Delta] {
        let (_, length, off) = maker.make(&noise(), kind, MOVING);
        assert!(off < 8.0, "{off}");
        assert!(length < WIDTH * HEIGHT * 3 / 2, "{length}");
    }
}
