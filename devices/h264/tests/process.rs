//! The real process under a fake kernel that plays capture and web.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{samples, Failure, FakeKernel, Film, Frame, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics::{H264_STATE, VIDEO_H264, VIDEO_RAW, VIDEO_STATE},
    vocab::video::{
        methods::{KEY_FRAME, LINK, SET_H264},
        AccessUnit, Colors, FrameInfo, H264Settings, H264State, LinkLoad, VideoState,
    },
    ErrorCode, ExitCode, LeaseRef,
};
use openh264::{decoder::Decoder, formats::YUVSource};
use serde_json::{json, Value};
use std::time::Duration;

const SIZE: (u32, u32) = (320, 240);
/// Long enough that a frame that must not come would have come.
const QUIET: Duration = Duration::from_millis(200);
/// What comes sooner or later is looked for so often,
const MOMENT: Duration = Duration::from_millis(20);
/// and so many times.
const TIMES: u32 = 500;

struct Bench {
    kernel: FakeKernel,
    film: Film,
    decoder: Decoder,
}

impl Bench {
    fn start(config: Value) -> Result<Self, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-h264"));
        let mut kernel = FakeKernel::start(launch, Setup::new("h264").config(config))?;
        kernel.ready()?;
        Ok(Self {
            kernel,
            film: Film::new(Colors::Bt709Limited),
            decoder: Decoder::new().expect("the library"),
        })
    }

    /// With one viewer.
    fn watched(config: Value) -> Result<Self, Failure> {
        let mut bench = Self::start(config)?;
        bench.kernel.demand(VIDEO_H264, 1)?;
        bench.expect_want(true)?;
        Ok(bench)
    }

    fn expect_want(&mut self, want: bool) -> Result<(), Failure> {
        self.kernel.expect_want(VIDEO_RAW, want)
    }

    fn send(&mut self, size: (u32, u32), bytes: &[u8]) -> Result<LeaseRef, Failure> {
        self.send_as("YUYV", size, bytes)
    }

    fn send_as(
        &mut self,
        format: &str,
        size: (u32, u32),
        bytes: &[u8],
    ) -> Result<LeaseRef, Failure> {
        self.film.show(&mut self.kernel, format, size, bytes)
    }

    /// A grey picture, as it comes out again.
    fn grey(&mut self, brightness: u8) -> Result<Frame<FrameInfo>, Failure> {
        self.send(SIZE, &raw(SIZE, brightness))?;
        let frame = self.unit()?;
        let shown = self
            .decoder
            .decode(&frame.bytes)
            .expect("decodes")
            .expect("a picture");
        assert_eq!(shown.dimensions(), (SIZE.0 as usize, SIZE.1 as usize));
        assert!(
            shown.y()[5000].abs_diff(brightness) <= 6,
            "{} is not {brightness}",
            shown.y()[5000]
        );
        Ok(frame)
    }

    fn unit(&mut self) -> Result<Frame<FrameInfo>, Failure> {
        self.kernel.expect_frame(VIDEO_H264)
    }

    /// Of two frames that were lent this one went back first. The device is held still meanwhile: it gives back the last of
    /// all when no other comes, which is not what is meant.
    fn expect_back(&mut self, older: &LeaseRef) -> Result<(), Failure> {
        for _ in 0..TIMES {
            if self.kernel.lent() <= 1 {
                break;
            }
            self.kernel.within(MOMENT, VIDEO_STATE)?;
        }
        self.kernel.freeze()?;
        self.kernel.expect_release(older)?;
        self.kernel.thaw()
    }

    fn nothing(&mut self) -> Result<(), Failure> {
        assert_eq!(self.kernel.within(QUIET, VIDEO_H264)?, None);
        Ok(())
    }
}

fn raw((width, height): (u32, u32), brightness: u8) -> Vec<u8> {
    [brightness, 128].repeat((width * height) as usize)
}

/// What no encoder makes small.
fn noise((width, height): (u32, u32)) -> Vec<u8> {
    let mut seed = 1_u32;
    let next = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..width * height * 2).map(next).collect()
}

fn numbered(number: u64, key: bool) -> Option<AccessUnit> {
    Some(AccessUnit { number, key })
}

fn state_of(format: &str) -> VideoState {
    VideoState {
        format: format.into(),
        ..samples::video_state()
    }
}

#[test]
fn raw_frames_become_a_chain_and_their_leases_go_back() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let first = bench.grey(60)?;
    assert_eq!((first.info.format.as_str(), first.info.stride), ("H264", 0));
    assert_eq!(first.info.unit, numbered(0, true));
    for (number, brightness) in (1..).zip([90, 120, 150]) {
        let frame = bench.grey(brightness)?;
        assert_eq!(frame.info.unit, numbered(number, false));
        assert_eq!(frame.info.sequence, number + 1);
    }
    let state: H264State = bench
        .kernel
        .expect_that(H264_STATE, |state: &H264State| state.rate > 0)?;
    assert_eq!(state.detail, None);
    bench.kernel.goodbye()?;
    assert_eq!(bench.kernel.lent(), 0, "every lease went back");
    bench.kernel.expect_no_leftovers()
}

#[test]
fn nobody_watches_nothing_is_wanted() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.kernel.demand(VIDEO_H264, 0)?;
    bench.expect_want(false)?;
    let late = bench.send(SIZE, &raw(SIZE, 1))?;
    bench.nothing()?;
    bench.kernel.expect_release(&late)?;
    bench.kernel.demand(VIDEO_H264, 1)?;
    bench.expect_want(true)?;
    assert_eq!(bench.grey(50)?.info.unit, numbered(0, true));
    bench.kernel.goodbye()
}

#[test]
fn a_still_picture_is_sent_once_and_again_to_a_new_viewer() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.grey(50)?;
    for _ in 0..5 {
        bench.send(SIZE, &raw(SIZE, 50))?;
        bench.kernel.ping()?;
        assert!(bench.kernel.lent() <= 2);
    }
    bench.kernel.demand(VIDEO_H264, 2)?;
    let mut frame = bench.grey(50)?;
    // In between it may have become finer, which takes a moment of rest.
    while frame.info.sequence < 7 {
        frame = bench.unit()?;
    }
    assert!(frame.info.unit.is_some_and(|unit| unit.key));
    bench.kernel.goodbye()
}

/// Capture sends 60 a second of it: who kept the first of them for 10 s would be ended by the kernel.
#[test]
fn of_a_picture_that_rests_only_the_youngest_is_kept() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let mut before = bench.send(SIZE, &raw(SIZE, 50))?;
    bench.unit()?;
    for _ in 0..5 {
        let lease = bench.send(SIZE, &raw(SIZE, 50))?;
        bench.expect_back(&before)?;
        before = lease;
    }
    bench.kernel.goodbye()
}

#[test]
fn a_picture_that_has_to_wait_keeps_no_other() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let full = LinkLoad {
        slowest: Some(1),
        fastest: Some(1),
    };
    bench.kernel.call::<_, Nothing>(LINK, &full)?;
    let sent = bench.send(SIZE, &noise(SIZE))?;
    bench.unit()?;
    let waits = bench.send(SIZE, &raw(SIZE, 50))?;
    bench.expect_back(&sent)?;
    bench.kernel.expect_release(&waits)?;
    bench.nothing()?;
    bench.kernel.goodbye()
}

#[test]
fn who_lost_one_gets_a_key_frame() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.grey(50)?;
    bench.kernel.call::<_, Nothing>(KEY_FRAME, &Nothing {})?;
    bench.decoder = Decoder::new().expect("the library");
    let mut brightness = 60;
    // Not at once: the last was one.
    loop {
        bench.send(SIZE, &raw(SIZE, brightness))?;
        let frame = bench.unit()?;
        if frame.info.unit.is_some_and(|unit| unit.key) {
            bench.decoder.decode(&frame.bytes).expect("decodes");
            break;
        }
        brightness = if brightness == 60 { 80 } else { 60 };
    }
    assert!(!bench.grey(90)?.info.unit.is_some_and(|unit| unit.key));
    bench.kernel.goodbye()
}

#[test]
fn another_size_is_another_chain() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench.grey(50)?;
    // Odd: what is encoded is even, what is told is true.
    let odd = (161, 121);
    bench.send(odd, &[70, 128].repeat(162 * 121))?;
    let frame = bench.unit()?;
    assert_eq!(frame.info.unit, numbered(1, true));
    assert_eq!((frame.info.width, frame.info.height), odd);
    let shown = bench
        .decoder
        .decode(&frame.bytes)
        .expect("decodes")
        .expect("a picture");
    assert_eq!(shown.dimensions(), (162, 122));
    bench.kernel.goodbye()
}

#[test]
fn a_source_of_jpegs_is_left_to_encode_and_that_is_said() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench
        .kernel
        .emit("capture", VIDEO_STATE, &state_of("MJPG"))?;
    bench.expect_want(false)?;
    let state: H264State = bench
        .kernel
        .expect_that(H264_STATE, |state: &H264State| state.detail.is_some())?;
    assert!(state
        .detail
        .is_some_and(|detail| detail.contains("its own JPEGs")));
    bench
        .kernel
        .emit("capture", VIDEO_STATE, &state_of("YUYV"))?;
    bench.expect_want(true)?;
    bench.grey(40)?;
    bench.kernel.goodbye()
}

#[test]
fn damaged_frames_cost_themselves_and_one_line() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let short = bench.send(SIZE, &raw(SIZE, 1)[1..])?;
    bench.kernel.expect_release(&short)?;
    let unknown = bench.send_as("XYZW", SIZE, &raw(SIZE, 1))?;
    bench.kernel.expect_release(&unknown)?;
    bench.kernel.expect_log("it is cut short")?;
    bench.nothing()?;
    // The library does not take it: the next is as if nothing had been.
    let large = (4000, 20);
    bench.send(large, &raw(large, 9))?;
    bench.nothing()?;
    assert_eq!(bench.grey(77)?.info.unit, numbered(0, true));
    bench.kernel.goodbye()
}

#[test]
fn a_mode_that_cannot_be_encoded_is_given_up_and_another_is_tried() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    bench
        .kernel
        .emit("capture", VIDEO_STATE, &state_of("YUYV"))?;
    let (large, mut detail) = ((4000, 20), None);
    // As capture does, until h264 wants no more.
    for _ in 0..TIMES {
        bench.send(large, &raw(large, 9))?;
        if let Some(event) = bench.kernel.within(MOMENT, H264_STATE)? {
            detail = event.decode::<H264State>()?.detail;
        }
        if detail.is_some() {
            break;
        }
    }
    assert!(detail.is_some_and(|detail| detail.contains("choose a mode of up to 3840x2160")));
    bench.expect_want(false)?;
    let mut other = state_of("YUYV");
    other.mode.millihertz = 50_000;
    bench.kernel.emit("capture", VIDEO_STATE, &other)?;
    bench.expect_want(true)?;
    assert_eq!(bench.grey(60)?.info.unit, numbered(0, true));
    bench
        .kernel
        .expect_that(H264_STATE, |state: &H264State| state.detail.is_none())?;
    bench.kernel.goodbye()
}

#[test]
fn readers_that_hold_all_frames_stop_nothing() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({}))?;
    let mut held = Vec::new();
    for brightness in 0..12 {
        bench.send(SIZE, &raw(SIZE, 20 + brightness * 8))?;
        bench.kernel.ping()?;
        held.extend(
            bench
                .kernel
                .within(QUIET, VIDEO_H264)?
                .map(|event| event.leases[0]),
        );
    }
    assert!((2..=5).contains(&held.len()), "{}", held.len());
    for lease in &held {
        bench.kernel.give_back(lease)?;
    }
    bench.send(SIZE, &raw(SIZE, 200))?;
    let frame = bench.unit()?;
    assert_eq!(
        frame.info.unit,
        numbered(held.len() as u64, false),
        "the chain has no gap"
    );
    bench.kernel.goodbye()
}

#[test]
fn settings_and_links_are_taken_and_checked() -> Result<(), Failure> {
    let mut bench = Bench::watched(json!({ "max_rate": 30 }))?;
    let slow = H264Settings {
        max_rate: 5,
        max_kbit: 2000,
    };
    bench.kernel.call::<_, Nothing>(SET_H264, &slow)?;
    bench
        .kernel
        .expect_that(H264_STATE, |state: &H264State| state.settings == slow)?;
    for wrong in [(1_000_000, 0), (0, 1)] {
        let (max_rate, max_kbit) = wrong;
        let refused = bench
            .kernel
            .refused(SET_H264, &H264Settings { max_rate, max_kbit })?;
        assert_eq!(refused.code, ErrorCode::BadRequest);
    }
    let load = LinkLoad {
        slowest: Some(0),
        fastest: Some(u32::MAX),
    };
    bench.kernel.call::<_, Nothing>(LINK, &load)?;
    bench.grey(50)?;
    bench.kernel.goodbye()
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    for (config, said) in [
        (
            json!({ "max_kbit": 3 }),
            "use 0 (what the links carry), or 100 to",
        ),
        (json!({ "max_bitrate": 1 }), "max_bitrate"),
    ] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-h264"));
        let mut kernel = FakeKernel::start(launch, Setup::new("h264").config(config))?;
        kernel.expect_end(ExitCode::BadConfig.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}
