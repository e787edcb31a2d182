//! Thumbnails of the real process under a fake kernel that plays capture and those who watch many targets.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_encode::{
    backend::{turbo::Turbo, Quality},
    picture::Picture,
};
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Want,
    topics::{VIDEO_JPEG, VIDEO_RAW, VIDEO_STATE, VIDEO_THUMB, WANT},
    vocab::video::{Colors, FrameInfo, Signal, Thumb, VideoMode, VideoState, THUMB_LONGEST},
    LeaseRef,
};
use serde_json::{json, Value};
use std::time::Duration;

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;
/// Long enough that what must not come would have come, and shorter than the second between two looks.
const QUIET: Duration = Duration::from_millis(200);
/// Longer than the second between two looks.
const A_LOOK_LATER: Duration = Duration::from_millis(1300);

struct Bench {
    kernel: FakeKernel,
    sequence: u64,
}

impl Bench {
    fn start(config: Value) -> Result<Self, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-encode"));
        let mut kernel = FakeKernel::start(launch, Setup::new("encode").config(config))?;
        kernel.ready()?;
        Ok(Self {
            kernel,
            sequence: 0,
        })
    }

    /// With one who wants thumbnails, and a frame asked for.
    fn watched(config: Value) -> Result<Self, Failure> {
        let mut bench = Self::start(config)?;
        bench.kernel.demand(VIDEO_THUMB, 1)?;
        bench.wants(true)?;
        Ok(bench)
    }

    fn wants(&mut self, want: bool) -> Result<(), Failure> {
        let expected = Want {
            topic: VIDEO_RAW.into(),
            want,
            from: None,
        };
        assert_eq!(self.kernel.expect::<Want>(WANT)?, expected);
        Ok(())
    }

    fn send(&mut self, format: &str, bytes: &[u8]) -> Result<LeaseRef, Failure> {
        let lease = self.kernel.lend(bytes)?;
        self.sequence += 1;
        let info = FrameInfo {
            sequence: self.sequence,
            captured_ns: self.sequence * 16_666_667,
            width: WIDTH as u32,
            height: HEIGHT as u32,
            format: format.into(),
            colors: Colors::Bt601Full,
            ..FrameInfo::default()
        };
        self.kernel
            .emit_with("capture", VIDEO_RAW, &info, &[lease])?;
        Ok(lease)
    }

    fn signal(&mut self, signal: Signal) -> Result<(), Failure> {
        let state = VideoState {
            signal,
            mode: VideoMode {
                width: 0,
                height: 0,
                millihertz: 0,
            },
            format: String::new(),
            source: String::new(),
            modes: Vec::new(),
            streaming: false,
            rate: 0,
            detail: None,
        };
        self.kernel.emit("capture", VIDEO_STATE, &state)
    }

    fn thumb(&mut self) -> Result<Thumb, Failure> {
        self.kernel.expect(VIDEO_THUMB)
    }

    fn nothing(&mut self, within: Duration) -> Result<(), Failure> {
        assert_eq!(self.kernel.within(within, VIDEO_THUMB)?, None);
        Ok(())
    }
}

fn raw(brightness: u8) -> Vec<u8> {
    [brightness, 128].repeat(WIDTH * HEIGHT)
}

/// Nothing compresses worse.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    // Blocks of four by four, so that what is averaged is noise too.
    let blocks: Vec<Vec<u8>> = (0..HEIGHT / 4)
        .map(|_| (0..WIDTH / 4).map(|_| next()).collect())
        .collect();
    let at = |x: usize, y: usize| blocks[y / 4][x / 4];
    (0..WIDTH * HEIGHT)
        .flat_map(|pixel| [at(pixel % WIDTH, pixel / WIDTH), 128])
        .collect()
}

fn dongles_jpeg(bytes: &[u8]) -> Vec<u8> {
    let info = FrameInfo {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        format: "YUYV".into(),
        colors: Colors::Bt601Full,
        ..FrameInfo::default()
    };
    let picture = Picture::new(&info, bytes).expect("whole");
    Turbo::new()
        .expect("the library")
        .encode(&picture, Quality(80))
        .expect("encodes")
        .to_vec()
}

fn brightness(thumb: &Thumb) -> u8 {
    let image = turbojpeg::decompress(&thumb.jpeg, turbojpeg::PixelFormat::GRAY).expect("a JPEG");
    assert_eq!((image.width, image.height), (320, 180));
    assert_eq!((thumb.width, thumb.height), (320, 180));
    let sum: usize = image.pixels.iter().map(|pixel| usize::from(*pixel)).sum();
    u8::try_from(sum / image.pixels.len()).unwrap_or(0)
}

#[test]
fn one_frame_a_second_is_wanted_and_made_small() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let lease = bench.send("YUYV", &raw(60))?;
    let thumb = bench.thumb()?;
    assert!(brightness(&thumb).abs_diff(60) <= 2);
    assert_eq!(thumb.sequence, 1);
    bench.wants(false)?;
    bench.kernel.expect_release(&lease)?;
    assert_eq!(bench.kernel.lent(), 0, "nothing is kept for a second");
    bench.wants(true)?;
    bench.send("YUYV", &raw(160))?;
    assert!(brightness(&bench.thumb()?).abs_diff(160) <= 2);
    bench.wants(false)?;
    bench.kernel.demand(VIDEO_THUMB, 0)?;
    assert_eq!(bench.kernel.within(A_LOOK_LATER, WANT)?, None);
    bench.kernel.goodbye()?;
    bench.kernel.expect_no_leftovers()
}

#[test]
fn a_still_picture_is_sent_once_and_to_who_comes_later_at_once() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.send("YUYV", &raw(60))?;
    let first = bench.thumb()?;
    bench.wants(false)?;
    bench.wants(true)?;
    bench.send("YUYV", &raw(60))?;
    bench.wants(false)?;
    bench.nothing(QUIET)?;
    bench.kernel.demand(VIDEO_THUMB, 2)?;
    assert_eq!(bench.thumb()?, first, "without a look");
    bench.kernel.demand(VIDEO_THUMB, 1)?;
    bench.nothing(QUIET)?;
    bench.kernel.goodbye()
}

#[test]
fn a_picture_that_moves_is_shown_once_a_second() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    for brightness in [10, 60, 110] {
        bench.send("YUYV", &raw(brightness))?;
        bench.kernel.expect_event(VIDEO_JPEG)?;
    }
    assert_eq!(bench.thumb()?.sequence, 1);
    bench.nothing(QUIET)?;
    // What came in between is not looked at later: the next frame is.
    bench.nothing(A_LOOK_LATER)?;
    bench.send("YUYV", &raw(160))?;
    assert!(brightness(&bench.thumb()?).abs_diff(160) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn a_signal_that_goes_empties_it_and_one_that_comes_fills_it() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.signal(Signal::Ok)?;
    bench.send("YUYV", &raw(60))?;
    bench.thumb()?;
    bench.signal(Signal::None)?;
    let empty = Thumb {
        sequence: 1,
        ..Thumb::default()
    };
    assert_eq!(bench.thumb()?, empty);
    bench.kernel.demand(VIDEO_THUMB, 2)?;
    assert_eq!(bench.thumb()?, empty, "who comes is told so too");
    bench.nothing(A_LOOK_LATER)?;
    bench.send("YUYV", &raw(60))?;
    bench.nothing(QUIET)?;
    bench.signal(Signal::Ok)?;
    bench.send("YUYV", &raw(60))?;
    assert!(brightness(&bench.thumb()?).abs_diff(60) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn capture_that_gives_nothing_is_told_as_no_picture() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    assert_eq!(bench.thumb()?, Thumb::default());
    bench.send("YUYV", &raw(60))?;
    assert!(brightness(&bench.thumb()?).abs_diff(60) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn a_dongles_jpeg_is_made_small() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    let lease = bench.send("MJPG", &dongles_jpeg(&raw(90)))?;
    assert_eq!(bench.kernel.expect_event(VIDEO_JPEG)?.leases, [lease]);
    assert!(brightness(&bench.thumb()?).abs_diff(90) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn noise_is_made_coarser_until_it_fits() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.send("YUYV", &noise())?;
    let thumb = bench.thumb()?;
    assert!(
        (1..=THUMB_LONGEST).contains(&thumb.jpeg.len()),
        "{}",
        thumb.jpeg.len()
    );
    bench.kernel.goodbye()
}

/// A JPEG that begins and ends as it should, with rubbish in between, passes the look that the full-size path takes at it.
#[test]
fn a_thumbnail_that_fails_costs_the_full_size_nothing() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    let mut bytes = dongles_jpeg(&noise());
    let middle = bytes.len() / 2;
    bytes.drain(middle..middle + middle / 2);
    for _ in 0..2 {
        let lease = bench.send("MJPG", &bytes)?;
        assert_eq!(bench.kernel.expect_event(VIDEO_JPEG)?.leases, [lease]);
        bytes.splice(2..2, [0xff, 0xfe, 0, 4, 1, 2]);
        bench.nothing(A_LOOK_LATER)?;
    }
    bench
        .kernel
        .expect_log("no thumbnail: the source's JPEG is damaged")?;
    bench.send("MJPG", &dongles_jpeg(&raw(90)))?;
    bench.kernel.expect_event(VIDEO_JPEG)?;
    assert!(brightness(&bench.thumb()?).abs_diff(90) <= 2);
    bench.kernel.goodbye()
}

/// The full-size path sends its last picture again: not the thumbnail's.
#[test]
fn what_is_sent_again_at_full_size_is_of_full_size() -> Result<(), Failure> {
    let mut bench = Bench::start(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    bench.send("YUYV", &raw(60))?;
    bench.kernel.expect_frame::<FrameInfo>(VIDEO_JPEG)?;
    bench.kernel.demand(VIDEO_THUMB, 1)?;
    bench.send("YUYV", &raw(60))?;
    bench.thumb()?;
    bench.nothing(A_LOOK_LATER)?;
    bench.send("YUYV", &raw(60))?;
    let again = bench.kernel.expect_frame::<FrameInfo>(VIDEO_JPEG)?;
    let image = turbojpeg::decompress(&again.bytes, turbojpeg::PixelFormat::GRAY).expect("a JPEG");
    assert_eq!((image.width, image.height), (WIDTH, HEIGHT));
    bench.kernel.goodbye()
}

#[test]
fn the_dummy_makes_thumbnails_of_raw_frames_and_says_that_it_reads_no_jpegs() -> Result<(), Failure>
{
    let mut bench = Bench::watched(json!({ "backend": "dummy" }))?;
    bench.send("YUYV", &raw(90))?;
    assert!(brightness(&bench.thumb()?).abs_diff(90) <= 20);
    bench.nothing(A_LOOK_LATER)?;
    bench.send("MJPG", &dongles_jpeg(&raw(10)))?;
    bench.kernel.expect_log("reads no JPEGs")?;
    bench.kernel.goodbye()
}
