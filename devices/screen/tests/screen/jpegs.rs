//! A node whose source gives JPEGs, and so no H.264.

use crate::bench::{grey_jpeg, Bench, OFFICE, SIZE};
use dkvm_testkit::Failure;
use dkvm_wire::{
    topics::{ENCODE_STATE, H264_STATE, VIDEO_H264, VIDEO_JPEG},
    vocab::video::{EncodeSettings, EncodeState, H264Settings, H264State, Signal},
};
use serde_json::json;

const ENCODE: &str = "office/encode";

fn h264(detail: Option<&str>) -> H264State {
    H264State {
        settings: H264Settings {
            max_rate: 0,
            max_kbit: 0,
        },
        rate: 0,
        kbit: 0,
        quantiser: 1,
        detail: detail.map(str::to_owned),
    }
}

/// The node that is worked says so.
fn refusing(mut bench: Bench) -> Result<Bench, Failure> {
    bench.signal("office/capture", Signal::Ok)?;
    bench.work("office")?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    let encode = EncodeState {
        settings: EncodeSettings {
            quality: 80,
            max_rate: 0,
        },
        passthrough: true,
        rate: 0,
    };
    bench.kernel.emit(ENCODE, ENCODE_STATE, &encode)?;
    let state = h264(Some("the source compresses by itself"));
    bench.kernel.emit(OFFICE, H264_STATE, &state)?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_JPEG, ENCODE, true)?;
    Ok(bench)
}

#[test]
fn its_jpegs_are_shown() -> Result<(), Failure> {
    let mut bench = refusing(Bench::start(json!({}))?)?;
    let from = (ENCODE, VIDEO_JPEG);
    bench.send_whole(from, "MJPG", &grey_jpeg(SIZE, 128))?;
    bench.x.until_color((50, 50), [128; 3])?;
    bench.send_whole(from, "MJPG", &grey_jpeg(SIZE, 200))?;
    bench.x.until_color((50, 50), [200; 3])?;
    // Another node's, and one that is cut short, change nothing.
    bench.send_whole(("lab/encode", VIDEO_JPEG), "MJPG", &grey_jpeg(SIZE, 20))?;
    bench.send_whole(from, "MJPG", &grey_jpeg(SIZE, 20)[..90])?;
    bench.kernel.expect_log("office/encode: ")?;
    bench.x.until_color((50, 50), [200; 3])?;
    bench.kernel.source_gone("office/capture", 1)?;
    bench.x.until_color((10, 10), [0; 3])?;
    bench.kernel.goodbye()
}

#[test]
fn h264_is_taken_again_when_it_can_be_had() -> Result<(), Failure> {
    let mut bench = refusing(Bench::unseen(json!({}))?)?;
    bench.send_whole((ENCODE, VIDEO_JPEG), "MJPG", &grey_jpeg(SIZE, 128))?;
    bench.kernel.emit(OFFICE, H264_STATE, &h264(None))?;
    bench.expect_want(VIDEO_JPEG, ENCODE, false)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.kernel.goodbye()?;
    assert_eq!(bench.kernel.lent(), 0, "every lease went back");
    Ok(())
}
