//! The real process under a fake kernel, with a real X server whose pixels are read back.
#![allow(missing_docs, clippy::expect_used)]

mod bench;
mod heads;
mod jpegs;
mod overview;
mod slow;
mod xserver;

use bench::{grey_jpeg, quarters, Bench, BLACK, BLUE, GREEN, GREY, OFFICE, RED, SIZE};
use dkvm_h264::backend::Kind;
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    topics::{INPUT_STATE, PEER_STATE, VIDEO_H264, VIDEO_RAW, WANT},
    vocab::{
        desk::DeskState,
        peer::PeerState,
        video::{AccessUnit, Signal},
    },
    ExitCode,
};
use serde_json::json;
use std::time::Duration;
use xserver::{is_near, XServer};

/// XK_F11.
const F11: u32 = 0xffc8;
/// Long enough that what must not come would have come.
const QUIET: Duration = Duration::from_millis(200);
const INKS: [bench::Ink; 4] = [RED, GREEN, BLUE, GREY];
const OTHER: [bench::Ink; 4] = [GREY, BLUE, RED, GREEN];

/// A window that shows the picture of the node `office`.
fn watching(x: XServer) -> Result<Bench, Failure> {
    let mut bench = Bench::on(x, json!({}))?;
    bench.signal("office/capture", Signal::Ok)?;
    bench.work("office")?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Key, INKS)?;
    bench.until_shown(INKS)?;
    Ok(bench)
}

#[test]
fn what_is_seen_is_what_was_sent() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    assert_eq!(bench.x.window_size(), Some((320, 240)), "as its picture");
    let title = "dKVM: office, 320x240, keyboard and mouse go there";
    assert_eq!(bench.x.title().as_deref(), Some(title));
    bench.show(OFFICE, Kind::Delta, OTHER)?;
    bench.until_shown(OTHER)?;
    bench.kernel.goodbye()?;
    assert_eq!(bench.kernel.lent(), 0, "every lease went back");
    Ok(())
}

#[test]
fn without_shared_memory_it_is_the_same() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&["-extension", "MIT-SHM"])?)?;
    bench.show(OFFICE, Kind::Delta, OTHER)?;
    bench.until_shown(OTHER)
}

#[test]
fn a_window_of_another_shape_has_bars_and_the_right_proportions() -> Result<(), Failure> {
    let bench = watching(XServer::start(&[])?)?;
    bench.x.resize((640, 240))?;
    bench.x.until_color((5, 50), BLACK)?;
    // The picture is 320 wide, in the middle: its quarters are at 3 and 5 eighths.
    for (at, ink) in [
        ((38, 25), RED),
        ((62, 25), GREEN),
        ((38, 75), BLUE),
        ((62, 75), GREY),
    ] {
        bench.x.until_color(at, ink.1)?;
    }
    bench.x.until_color((95, 50), BLACK)
}

#[test]
fn f11_fills_the_screen_and_brings_it_back() -> Result<(), Failure> {
    let bench = watching(XServer::start(&[])?)?;
    bench.x.press(F11)?;
    let full = bench.x.size;
    bench
        .x
        .until("it fills the screen", |x| Some(x.window_size()? == full))?;
    bench.until_shown(INKS)?;
    bench.x.press(F11)?;
    bench
        .x
        .until("it is as before", |x| Some(x.window_size()? == (320, 240)))?;
    bench.until_shown(INKS)
}

#[test]
fn the_configuration_may_begin_with_the_whole_screen() -> Result<(), Failure> {
    let bench = Bench::start(json!({ "full_screen": true, "source": "office/h264" }))?;
    let full = bench.x.size;
    bench
        .x
        .until("it fills the screen", |x| Some(x.window_size()? == full))
}

#[test]
fn after_a_lost_unit_the_last_picture_stays_until_a_key_frame() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    let _lost = bench.make(Kind::Delta, OTHER);
    bench.show(OFFICE, Kind::Delta, [GREEN; 4])?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Delta, [GREY; 4])?;
    bench.kernel.ping()?;
    std::thread::sleep(QUIET);
    bench.until_shown(INKS)?;
    bench.show(OFFICE, Kind::Key, OTHER)?;
    bench.until_shown(OTHER)
}

#[test]
fn what_cannot_be_decoded_is_told_and_a_key_frame_is_asked_for() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    let mut seed = 7_u32;
    for round in 0..30_u64 {
        // Damaged in the middle, cut short, and noise: none of them brings it down.
        let (unit, mut bytes) = bench.make(Kind::Key, OTHER);
        for byte in bytes.iter_mut().skip(30) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (seed >> 24) as u8;
        }
        bytes.truncate(bytes.len() - (round as usize) % 20);
        bench.send(OFFICE, unit, &bytes)?;
    }
    let lost = AccessUnit {
        number: 5000,
        key: true,
    };
    bench.send(OFFICE, lost, &[])?;
    bench.number = 6000;
    bench.show(OFFICE, Kind::Key, INKS)?;
    bench.until_shown(INKS)?;
    bench.kernel.goodbye()
}

#[test]
fn another_target_takes_the_window_and_the_old_one_is_not_streamed() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.signal("lab/capture", Signal::Ok)?;
    bench.work("lab")?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_H264, "lab/h264", true)?;
    bench.x.until("the old picture is gone", |x| {
        Some(!is_near(x.color((25, 25))?, RED.1))
    })?;
    // One that was on its way.
    bench.show(OFFICE, Kind::Key, [GREEN; 4])?;
    bench.show("lab/h264", Kind::Key, OTHER)?;
    bench.until_shown(OTHER)?;
    let home = DeskState {
        moves: 99,
        ..DeskState::default()
    };
    bench.kernel.emit("input", INPUT_STATE, &home)?;
    bench.kernel.ping()?;
    assert!(bench.kernel.within(QUIET, WANT)?.is_none(), "it stays");
    bench.until_shown(OTHER)
}

#[test]
fn without_a_signal_and_without_a_link_the_window_says_so() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.signal("office/capture", Signal::None)?;
    bench.x.until_color((25, 25), BLACK)?;
    let said = |x: &XServer| Some((500..20_000).contains(&x.lit()?));
    bench.x.until("there are letters", said)?;
    bench.signal("office/capture", Signal::Ok)?;
    bench.show(OFFICE, Kind::Delta, OTHER)?;
    bench.until_shown(OTHER)?;
    bench
        .kernel
        .emit("peer", PEER_STATE, &PeerState::default())?;
    bench.x.until("the picture goes", |x| {
        Some(!is_near(x.color((75, 25))?, BLUE.1))
    })?;
    bench.x.until("there are letters", said)
}

#[test]
fn the_picture_of_a_device_that_is_gone_does_not_stay() -> Result<(), Failure> {
    for gone in [OFFICE, "office/capture", "peer"] {
        let mut bench = watching(XServer::start(&[])?)?;
        bench.kernel.source_gone(gone, 1)?;
        bench.x.until_color((25, 25), BLACK)?;
        let said = |x: &XServer| Some((500..20_000).contains(&x.lit()?));
        bench.x.until("there are letters", said)?;
    }
    Ok(())
}

/// Else its session would lock, and its password be typed into the target.
#[test]
fn this_machine_is_not_idle_while_a_target_is_worked() -> Result<(), Failure> {
    let mut bench = Bench::start(json!({}))?;
    let long = 1500;
    bench
        .x
        .until("it is idle", |x| Some(x.idle_ms()? >= long))?;
    bench.work("office")?;
    bench.x.until("it is not", |x| Some(x.idle_ms()? < long))
}

#[test]
fn a_closed_window_costs_nothing_and_comes_back_with_the_keyboard() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.x.close()?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.x.until("it is closed", |x| Some(!x.is_open()))?;
    bench.work("office")?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.x.until("it is open", |x| Some(x.is_open()))?;
    bench.show(OFFICE, Kind::Key, OTHER)?;
    bench.until_shown(OTHER)?;
    bench.kernel.goodbye()
}

#[test]
fn frames_of_a_capture_device_of_this_machine_are_shown() -> Result<(), Failure> {
    let mut bench = Bench::start(json!({ "source": "capture" }))?;
    bench.expect_want(VIDEO_RAW, "capture", true)?;
    bench.send_raw("YUYV", &quarters(INKS))?;
    bench.until_shown(INKS)?;
    bench.send_raw("YUYV", &quarters(OTHER)[1..])?;
    bench.kernel.expect_log("it is cut short")?;
    bench.send_raw("YUYV", &quarters(OTHER))?;
    bench.until_shown(OTHER)?;
    bench.send_raw("MJPG", &grey_jpeg(SIZE, 128))?;
    bench.until_shown([GREY; 4])?;
    bench.kernel.goodbye()
}

#[test]
fn the_end_of_the_x_server_is_hardware_that_went() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.x.end();
    bench.kernel.expect_end(ExitCode::HardwareAbsent.code())?;
    bench.kernel.expect_log("the X server is gone")?;
    Ok(())
}

#[test]
fn without_an_x_server_it_waits_for_one_and_says_why() -> Result<(), Failure> {
    for (display, said) in [("", "DISPLAY is not set"), (":4711", "cannot be reached")] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-screen")).env("DISPLAY", display);
        let mut kernel = FakeKernel::start(launch, Setup::new("screen"))?;
        kernel.expect_end(ExitCode::HardwareAbsent.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    for (config, said) in [
        (
            json!({ "source": "office/capture" }),
            "write \"office/h264\"",
        ),
        (json!({ "fullscreen": true }), "fullscreen"),
        (json!({ "overview": "yes" }), "overview"),
    ] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-screen"));
        let mut kernel = FakeKernel::start(launch, Setup::new("screen").config(config))?;
        kernel.expect_end(ExitCode::BadConfig.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}
