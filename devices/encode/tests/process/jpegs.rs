//! Pictures at full size.

use crate::bench::{self, Bench, QUIET};
use dkvm_encode::backend::Quality;
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics::{ENCODE_STATE, VIDEO_JPEG},
    vocab::video::{methods::SET_ENCODE, EncodeSettings, EncodeState},
    ErrorCode, ExitCode,
};
use serde_json::{json, Value};

const WIDTH: usize = 320;
const HEIGHT: usize = 240;
const SIZE: (u32, u32) = (WIDTH as u32, HEIGHT as u32);

/// With one viewer.
fn watched(config: Value) -> Result<Bench, Failure> {
    Bench::watched(SIZE, VIDEO_JPEG, config)
}

/// Grey of this brightness with a gradient, so that quality makes a difference.
fn raw(brightness: u8) -> Vec<u8> {
    (0..WIDTH * HEIGHT)
        .flat_map(|at| [brightness.wrapping_add((at * 7 % 31) as u8), 128])
        .collect()
}

fn brightness(jpeg: &[u8]) -> u8 {
    bench::brightness(jpeg, (WIDTH, HEIGHT))
}

fn dongles_jpeg(brightness: u8) -> Vec<u8> {
    bench::dongles_jpeg(SIZE, &raw(brightness), Quality(70))
}

#[test]
fn a_raw_frame_becomes_a_jpeg_and_its_lease_goes_back() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    let first = bench.send("YUYV", &raw(50))?;
    let jpeg = bench.jpeg()?;
    assert_eq!(
        (
            jpeg.info.sequence,
            jpeg.info.format.as_str(),
            jpeg.info.stride
        ),
        (1, "MJPG", 0)
    );
    assert!(brightness(&jpeg.bytes).abs_diff(65) <= 2);
    bench.send("YUYV", &raw(150))?;
    assert!(brightness(&bench.jpeg()?.bytes).abs_diff(165) <= 2);
    bench.kernel.expect_release(&first)?;
    let state: EncodeState = bench
        .kernel
        .expect_that(ENCODE_STATE, |state: &EncodeState| state.rate > 0)?;
    assert!(!state.passthrough);
    bench.kernel.goodbye()?;
    assert_eq!(bench.kernel.lent(), 0, "every lease went back");
    bench.kernel.expect_no_leftovers()
}

#[test]
fn nobody_watches_nothing_is_wanted() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.kernel.demand(VIDEO_JPEG, 0)?;
    bench.wants(false)?;
    let late = bench.send("YUYV", &raw(1))?;
    bench.nothing(VIDEO_JPEG, QUIET)?;
    bench.kernel.expect_release(&late)?;
    bench.kernel.goodbye()
}

#[test]
fn a_still_picture_is_sent_once_and_again_to_a_new_viewer() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.send("YUYV", &raw(50))?;
    bench.jpeg()?;
    for _ in 0..5 {
        let lease = bench.send("YUYV", &raw(50))?;
        bench.kernel.ping()?;
        assert!(
            bench.kernel.lent() <= 2,
            "lease {} and the one before it at most",
            lease.lease
        );
    }
    bench.nothing(VIDEO_JPEG, QUIET)?;
    bench.kernel.demand(VIDEO_JPEG, 2)?;
    bench.send("YUYV", &raw(50))?;
    assert_eq!(bench.jpeg()?.info.sequence, 7);
    bench.kernel.goodbye()
}

#[test]
fn of_frames_that_wait_the_newest_is_taken() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.kernel.freeze()?;
    for brightness in [10, 20, 30, 40, 50] {
        bench.send("YUYV", &raw(brightness))?;
    }
    bench.kernel.thaw()?;
    let jpeg = bench.jpeg()?;
    assert_eq!(jpeg.info.sequence, 5);
    bench.nothing(VIDEO_JPEG, QUIET)?;
    assert!(bench.kernel.lent() <= 1);
    bench.kernel.goodbye()
}

#[test]
fn a_dongles_jpeg_goes_through_by_its_own_lease() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    let bytes = dongles_jpeg(80);
    let lease = bench.send("MJPG", &bytes)?;
    let event = bench.kernel.expect_event(VIDEO_JPEG)?;
    assert_eq!(event.leases, [lease]);
    let state: EncodeState = bench
        .kernel
        .expect_that(ENCODE_STATE, |state: &EncodeState| state.passthrough)?;
    assert_eq!(state.settings.quality, 80);
    bench.send("MJPG", &bytes)?;
    bench.nothing(VIDEO_JPEG, QUIET)?;
    bench.kernel.goodbye()
}

/// A source that goes wrong is no reason to keep what came before it until the kernel takes it for a leak.
#[test]
fn the_frame_before_a_damaged_one_goes_back_with_it() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    bench.send("YUYV", &raw(50))?;
    bench.jpeg()?;
    let short = bench.send("YUYV", &raw(1)[1..])?;
    bench.kernel.expect_release(&short)?;
    assert_eq!(bench.kernel.lent(), 0);
    bench.kernel.goodbye()
}

#[test]
fn damaged_frames_cost_themselves_and_one_line() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    let whole = dongles_jpeg(80);
    for bad in [&whole[..whole.len() / 2], &whole[2..], &[0; 100]] {
        let lease = bench.send("MJPG", bad)?;
        bench.kernel.expect_release(&lease)?;
    }
    let short = bench.send("YUYV", &raw(1)[1..])?;
    bench.kernel.expect_release(&short)?;
    let unknown = bench.send("H264", &raw(1))?;
    bench.kernel.expect_release(&unknown)?;
    bench.nothing(VIDEO_JPEG, QUIET)?;
    bench.kernel.expect_log("it is cut short")?;
    bench.send("MJPG", &whole)?;
    bench.kernel.expect_event(VIDEO_JPEG)?;
    assert_eq!(
        bench
            .kernel
            .log()
            .iter()
            .filter(|line| line.starts_with("<warn>"))
            .count(),
        1
    );
    bench.kernel.goodbye()
}

#[test]
fn quality_is_set_and_checked() -> Result<(), Failure> {
    let mut bench = watched(json!({ "quality": 95 }))?;
    bench.send("YUYV", &raw(50))?;
    let fine = bench.jpeg()?.bytes.len();
    let coarse = EncodeSettings {
        quality: 10,
        max_rate: 0,
    };
    bench.kernel.call::<_, Nothing>(SET_ENCODE, &coarse)?;
    bench.send("YUYV", &raw(50))?;
    assert!(bench.jpeg()?.bytes.len() < fine);
    bench
        .kernel
        .expect_that(ENCODE_STATE, |state: &EncodeState| state.settings == coarse)?;
    for wrong in [
        EncodeSettings {
            quality: 0,
            max_rate: 0,
        },
        EncodeSettings {
            quality: 80,
            max_rate: 1_000_000,
        },
    ] {
        let refused = bench.kernel.refused(SET_ENCODE, &wrong)?;
        assert_eq!(refused.code, ErrorCode::BadRequest);
    }
    bench.kernel.goodbye()
}

#[test]
fn readers_that_hold_all_jpegs_stop_nothing() -> Result<(), Failure> {
    let mut bench = watched(json!({}))?;
    let mut held = Vec::new();
    for brightness in 0..12 {
        bench.send("YUYV", &raw(brightness * 8))?;
        bench.kernel.ping()?;
        held.extend(
            bench
                .kernel
                .within(QUIET, VIDEO_JPEG)?
                .map(|event| event.leases[0]),
        );
    }
    assert!((2..=5).contains(&held.len()), "{}", held.len());
    for lease in &held {
        bench.kernel.give_back(lease)?;
    }
    bench.send("YUYV", &raw(200))?;
    assert!(brightness(&bench.jpeg()?.bytes).abs_diff(215) <= 2);
    bench.kernel.goodbye()
}

#[test]
fn the_dummy_needs_no_library() -> Result<(), Failure> {
    let mut bench = watched(json!({ "backend": "dummy" }))?;
    bench.send("YUYV", &raw(100))?;
    assert!(brightness(&bench.jpeg()?.bytes).abs_diff(115) <= 20);
    bench.kernel.goodbye()
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    for (config, said) in [
        (json!({ "quality": 0 }), "use 1 to 100"),
        (json!({ "qualty": 1 }), "qualty"),
    ] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-encode"));
        let mut kernel = FakeKernel::start(launch, Setup::new("encode").config(config))?;
        kernel.expect_end(ExitCode::BadConfig.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}
