//! The real process with nokhwa, as far as it goes without a camera. What one does is the lab's.
#![cfg(feature = "nokhwa")]
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure, FakeKernel, Launch, Setup,
};
use dkvm_wire::{
    topics::{VIDEO_RAW, VIDEO_STATE},
    vocab::video::{Signal, VideoState},
};
use serde_json::{json, Value};

const NOBODYS: &str = "/dev/video-of-nobody";

fn start(mut config: Value) -> Result<FakeKernel, Failure> {
    config["backend"] = json!("nokhwa");
    FakeKernel::start(
        Launch::program(env!("CARGO_BIN_EXE_dkvm-capture")),
        Setup::new("camera").config(config),
    )
}

/// What it says of a camera that it cannot have, when somebody wants its pictures.
fn absent(config: Value) -> Result<String, Failure> {
    let mut kernel = start(config)?;
    kernel.ready()?;
    kernel.demand(VIDEO_RAW, 1)?;
    let absent = |state: &VideoState| {
        state.signal == Signal::Absent
            && state.detail.as_deref() != Some("looking for the capture device")
    };
    let state: VideoState = kernel.expect_that(VIDEO_STATE, absent)?;
    kernel.ping()?;
    kernel.goodbye()?;
    Ok(state.detail.unwrap_or_default())
}

#[test]
fn the_device_conforms() -> Result<(), Failure> {
    let subject = Subject::new(env!("CARGO_BIN_EXE_dkvm-capture"));
    expect_all(&subject.config(json!({ "backend": "nokhwa", "device": NOBODYS })))
}

#[test]
fn without_a_camera_it_says_so_and_waits() -> Result<(), Failure> {
    for (device, node) in [(NOBODYS, NOBODYS), ("4711", "/dev/video4711")] {
        let said = absent(json!({ "device": device }))?;
        let expected = format!("no capture device at {node}: plug in the camera");
        assert!(said.starts_with(&expected), "{said}");
    }
    let said = absent(json!({ "card": "Camera of nobody" }))?;
    assert!(
        said.starts_with("no capture device whose name has \"Camera of nobody\" in it"),
        "{said}"
    );
    Ok(())
}

#[test]
fn what_is_no_camera_is_told_as_such() -> Result<(), Failure> {
    let said = absent(json!({ "device": "/dev/null" }))?;
    assert!(said.contains("/dev/null: is no video device"), "{said}");
    Ok(())
}
