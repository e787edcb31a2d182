//! Thumbnails, for those who watch many targets.

use crate::bench::{self, Bench, QUIET};
use dkvm_encode::backend::Quality;
use dkvm_testkit::{samples, Failure};
use dkvm_wire::{
    topics::{VIDEO_JPEG, VIDEO_STATE, VIDEO_THUMB, WANT},
    vocab::video::{FrameInfo, Signal, Thumb, VideoState, THUMB_LONGEST},
};
use serde_json::{json, Value};
use std::time::Duration;

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;
const SIZE: (u32, u32) = (WIDTH as u32, HEIGHT as u32);
/// Longer than the second between two looks.
const A_LOOK_LATER: Duration = Duration::from_millis(1300);

fn start(config: Value) -> Result<Bench, Failure> {
    Bench::start(SIZE, config)
}

/// With one who wants thumbnails, and a frame asked for.
fn watched(config: Value) -> Result<Bench, Failure> {
    Bench::watched(SIZE, VIDEO_THUMB, config)
}

/// Capture says what comes.
fn tell_signal(bench: &mut Bench, signal: Signal) -> Result<(), Failure> {
    let state = VideoState {
        signal,
        ..samples::video_state()
    };
    bench.kernel.emit("capture", VIDEO_STATE, &state)
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
    bench::dongles_jpeg(SIZE, bytes, Quality(80))
}

fn brightness(thumb: &Thumb) -> u8 {
    assert_eq!((thumb.width, thumb.height), (320, 180));
    bench::brightness(&thumb.jpeg, (320, 180))
}

#[test]
fn one_frame_a_second_is_wanted_and_made_small() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
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
    let mut bench = watched(json!({}))?;
    bench.send("YUYV", &raw(60))?;
    let first = bench.thumb()?;
    bench.wants(false)?;
    bench.wants(true)?;
    bench.send("YUYV", &raw(60))?;
    bench.wants(false)?;
    bench.nothing(VIDEO_THUMB, QUIET)?;
    bench.kernel.demand(VIDEO_THUMB, 2)?;
    assert_eq!(bench.thumb()?, first, "without a look");
    bench.kernel.demand(VIDEO_THUMB, 1)?;
    bench.nothing(VIDEO_THUMB, QUIET)?;
    bench.kernel.goodbye()
}

#[test]
fn a_picture_that_moves_is_shown_once_a_second() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    for brightness in [10, 60, 110] {
        bench.send("YUYV", &raw(brightness))?;
        bench.kernel.expect_event(VIDEO_JPEG)?;
    }
    assert_eq!(bench.thumb()?.sequence, 1);
    bench.nothing(VIDEO_THUMB, QUIET)?;
    // What came in between is not looked at later: the next frame is.
    bench.nothing(VIDEO_THUMB, A_LOOK_LATER)?;
    bench.send("YUYV", &raw(160))?;
    assert!(brightness(&bench.thumb()?).abs_diff(160) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn a_signal_that_goes_empties_it_and_one_that_comes_fills_it() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    tell_signal(&mut bench, Signal::Ok)?;
    bench.send("YUYV", &raw(60))?;
    bench.thumb()?;
    tell_signal(&mut bench, Signal::None)?;
    let empty = Thumb {
        sequence: 1,
        ..Thumb::default()
    };
    assert_eq!(bench.thumb()?, empty);
    bench.kernel.demand(VIDEO_THUMB, 2)?;
    assert_eq!(bench.thumb()?, empty, "who comes is told so too");
    bench.nothing(VIDEO_THUMB, A_LOOK_LATER)?;
    bench.send("YUYV", &raw(60))?;
    bench.nothing(VIDEO_THUMB, QUIET)?;
    tell_signal(&mut bench, Signal::Ok)?;
    bench.send("YUYV", &raw(60))?;
    assert!(brightness(&bench.thumb()?).abs_diff(60) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn capture_that_gives_nothing_is_told_as_no_picture() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    assert_eq!(bench.thumb()?, Thumb::default());
    bench.send("YUYV", &raw(60))?;
    assert!(brightness(&bench.thumb()?).abs_diff(60) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn a_dongles_jpeg_is_made_small() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    let lease = bench.send("MJPG", &dongles_jpeg(&raw(90)))?;
    assert_eq!(bench.kernel.expect_event(VIDEO_JPEG)?.leases, [lease]);
    assert!(brightness(&bench.thumb()?).abs_diff(90) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn noise_is_made_coarser_until_it_fits() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
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
    let mut bench = watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    let mut bytes = dongles_jpeg(&noise());
    let middle = bytes.len() / 2;
    bytes.drain(middle..middle + middle / 2);
    for _ in 0..2 {
        let lease = bench.send("MJPG", &bytes)?;
        assert_eq!(bench.kernel.expect_event(VIDEO_JPEG)?.leases, [lease]);
        bytes.splice(2..2, [0xff, 0xfe, 0, 4, 1, 2]);
        bench.nothing(VIDEO_THUMB, A_LOOK_LATER)?;
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
    let mut bench = start(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 1)?;
    bench.send("YUYV", &raw(60))?;
    bench.kernel.expect_frame::<FrameInfo>(VIDEO_JPEG)?;
    bench.kernel.demand(VIDEO_THUMB, 1)?;
    bench.send("YUYV", &raw(60))?;
    bench.thumb()?;
    bench.nothing(VIDEO_THUMB, A_LOOK_LATER)?;
    bench.send("YUYV", &raw(60))?;
    let again = bench.kernel.expect_frame::<FrameInfo>(VIDEO_JPEG)?;
    let image = turbojpeg::decompress(&again.bytes, turbojpeg::PixelFormat::GRAY).expect("a JPEG");
    assert_eq!((image.width, image.height), (WIDTH, HEIGHT));
    bench.kernel.goodbye()
}

#[test]
fn the_dummy_makes_thumbnails_of_raw_frames_and_says_that_it_reads_no_jpegs() -> Result<(), Failure>
{
    let mut bench = watched(json!({ "backend": "dummy" }))?;
    bench.send("YUYV", &raw(90))?;
    assert!(brightness(&bench.thumb()?).abs_diff(90) <= 20);
    bench.nothing(VIDEO_THUMB, A_LOOK_LATER)?;
    bench.send("MJPG", &dongles_jpeg(&raw(10)))?;
    bench.kernel.expect_log("reads no JPEGs")?;
    bench.kernel.goodbye()
}
