//! The real process under a fake kernel, with the dummy source.
#![allow(missing_docs)]

use dkvm_capture::core::{FourCc, Size};
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics::{VIDEO_RAW, VIDEO_STATE},
    vocab::video::{methods::SET_MODE, FrameInfo, Signal, VideoMode, VideoState},
    ErrorCode, ExitCode,
};
use serde_json::{json, Value};
use std::time::Duration;

const HD: VideoMode = VideoMode {
    width: 1280,
    height: 720,
    millihertz: 60_000,
};

fn start(config: Value) -> Result<FakeKernel, Failure> {
    FakeKernel::start(
        Launch::program(env!("CARGO_BIN_EXE_dkvm-capture")),
        Setup::new("capture").config(config),
    )
}

fn dummy() -> Result<FakeKernel, Failure> {
    let mut kernel = start(json!({ "backend": "dummy", "mode": "1280x720@60" }))?;
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(kernel)
}

/// Waits for the state that fits.
fn state(
    kernel: &mut FakeKernel,
    fits: impl Fn(&VideoState) -> bool,
) -> Result<VideoState, Failure> {
    kernel.expect_that(VIDEO_STATE, fits)
}

#[test]
fn frames_flow_only_on_demand() -> Result<(), Failure> {
    let mut kernel = dummy()?;
    let idle = state(&mut kernel, |state| state.signal == Signal::Ok)?;
    assert_eq!(
        (idle.streaming, idle.mode, idle.format.as_str()),
        (false, HD, "YUYV")
    );
    kernel.ping()?;
    assert!(
        !kernel.calls().iter().any(|call| call == "memory.pool"),
        "an idle capture holds no memory"
    );
    kernel.demand(VIDEO_RAW, 1)?;
    let frames = [(); 3].map(|()| kernel.expect_frame::<FrameInfo>(VIDEO_RAW));
    let mut before = None;
    for frame in frames {
        let frame = frame?;
        assert_eq!(frame.bytes.len(), 1280 * 720 * 2);
        assert_eq!(
            (frame.info.width, frame.info.height, frame.info.stride),
            (1280, 720, 2560)
        );
        let now = (frame.info.sequence, frame.info.captured_ns);
        assert!(
            before.is_none_or(|before| before < now),
            "{before:?} {now:?}"
        );
        before = Some(now);
    }
    assert!(state(&mut kernel, |state| state.streaming)?
        .detail
        .is_none());
    kernel.demand(VIDEO_RAW, 0)?;
    state(&mut kernel, |state| !state.streaming)?;
    kernel.goodbye()?;
    kernel.expect_no_leftovers()
}

/// Who wants a frame a second, for a thumbnail, is not made to carry sixty, and the source is not started anew for each.
#[test]
fn without_viewers_it_goes_on_for_a_while_and_sends_nothing() -> Result<(), Failure> {
    let mut kernel = dummy()?;
    kernel.demand(VIDEO_RAW, 1)?;
    let first = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
    kernel.demand(VIDEO_RAW, 0)?;
    let mut late = 0;
    while let Some(event) = kernel.within(Duration::from_millis(100), VIDEO_RAW)? {
        for lease in &event.leases {
            kernel.give_back(lease)?;
        }
        late += 1;
        assert!(late < 20, "frames go on");
    }
    state(&mut kernel, |state| state.rate > 30)?;
    kernel.demand(VIDEO_RAW, 1)?;
    let next = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
    assert_eq!(next.lease.pool, first.lease.pool);
    assert!(next.info.sequence > first.info.sequence);
    kernel.goodbye()
}

#[test]
fn another_mode_is_another_pool_and_what_is_not_offered_is_refused() -> Result<(), Failure> {
    let mut kernel = dummy()?;
    kernel.demand(VIDEO_RAW, 1)?;
    let first = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
    let wish = VideoMode {
        width: 640,
        height: 480,
        millihertz: 0,
    };
    kernel.call::<_, Nothing>(SET_MODE, &wish)?;
    let second = loop {
        let frame = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
        if frame.info.width == 640 {
            break frame;
        }
    };
    assert_eq!(second.bytes.len(), 640 * 480 * 2);
    assert_ne!(first.lease.pool, second.lease.pool);
    assert!(second.info.sequence > first.info.sequence);
    assert_eq!(
        state(&mut kernel, |state| state.mode.width == 640)?
            .mode
            .millihertz,
        60_000
    );
    let refused = kernel.refused(
        SET_MODE,
        &VideoMode {
            width: 5,
            height: 5,
            millihertz: 0,
        },
    )?;
    assert_eq!(refused.code, ErrorCode::BadRequest);
    assert!(
        refused.message.contains("it offers 640x480"),
        "{}",
        refused.message
    );
    kernel.goodbye()
}

#[test]
fn readers_that_hold_all_slots_stop_nothing() -> Result<(), Failure> {
    let mut kernel = dummy()?;
    kernel.demand(VIDEO_RAW, 1)?;
    let mut held = Vec::new();
    while let Some(event) = kernel.within(Duration::from_millis(300), VIDEO_RAW)? {
        held.extend(event.leases);
    }
    assert!((2..=6).contains(&held.len()), "{}", held.len());
    kernel.ping()?;
    for lease in &held {
        kernel.give_back(lease)?;
    }
    let frame = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
    assert_eq!(frame.bytes.len(), 1280 * 720 * 2);
    kernel.goodbye()
}

#[test]
fn every_raw_format_has_its_length() -> Result<(), Failure> {
    for format in FourCc::RAW {
        let mut kernel =
            start(json!({ "backend": "dummy", "mode": "800x600", "format": format.to_string() }))?;
        kernel.demand(VIDEO_RAW, 1)?;
        let frame = kernel.expect_frame::<FrameInfo>(VIDEO_RAW)?;
        assert_eq!(
            Some(frame.bytes.len()),
            format.frame_len(Size {
                width: 800,
                height: 600
            }),
            "{format}"
        );
        assert_eq!(frame.info.format, format.to_string());
        kernel.goodbye()?;
    }
    Ok(())
}

#[test]
fn without_hardware_it_says_so_and_waits() -> Result<(), Failure> {
    let mut kernel = start(json!({ "device": "/dev/video-of-nobody" }))?;
    assert_eq!(kernel.ready()?.degraded, None, "ready before anything slow");
    let state = state(&mut kernel, |state| state.signal == Signal::Absent)?;
    let sentence = kernel.ready()?.degraded.unwrap_or_default();
    assert!(
        sentence.contains("no capture device at /dev/video-of-nobody"),
        "{sentence}"
    );
    assert_eq!(state.detail, Some(sentence));
    kernel.demand(VIDEO_RAW, 1)?;
    kernel.ping()?;
    let refused = kernel.refused(SET_MODE, &HD)?;
    assert_eq!(refused.code, ErrorCode::Unavailable);
    kernel.goodbye()
}

#[test]
fn a_file_that_is_no_video_device_is_told_as_such() -> Result<(), Failure> {
    let mut kernel = start(json!({ "device": "/dev/null" }))?;
    let state = state(&mut kernel, |state| state.signal == Signal::Absent)?;
    assert!(state
        .detail
        .is_some_and(|detail| detail.contains("/dev/null: is no video device")));
    kernel.goodbye()
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    let wrong = [
        (json!({ "mode": "big" }), "is no mode"),
        (json!({ "slots": 1 }), "use 4 to 32"),
        (json!({ "format": "H264" }), "use MJPG"),
        (json!({ "divice": "/dev/video0" }), "divice"),
        (json!({ "backend": "magic" }), "magic"),
    ];
    for (config, said) in wrong {
        let mut kernel = start(config)?;
        kernel.expect_end(ExitCode::BadConfig.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}
