//! What comes faster than it can be shown: by this machine, by its X server.

use crate::{
    bench::{quarters, Bench, GREEN, OFFICE, RED},
    watching,
    xserver::XServer,
    INKS, OTHER,
};
use dkvm_h264::backend::Kind;
use dkvm_testkit::Failure;
use dkvm_wire::topics::{VIDEO_H264, VIDEO_RAW, WANT};
use serde_json::json;

/// More than wait for the decoder, and no more than are lent at a time.
const MANY: usize = 8;

#[test]
fn an_x_server_that_stands_still_holds_no_frame_back() -> Result<(), Failure> {
    let mut bench = Bench::start(json!({ "source": "capture" }))?;
    bench.expect_want(VIDEO_RAW, "capture", true)?;
    bench.send_raw("YUYV", &quarters(INKS))?;
    bench.until_shown(INKS)?;
    bench.x.stand_still()?;
    // The server is given the first, and reads it for ever: the others wait for that. Each lease goes back all the same.
    for inks in [OTHER, [GREEN; 4], [RED; 4]] {
        bench.send_raw("YUYV", &quarters(inks))?;
    }
    bench.kernel.ping()?;
    bench.x.go_on()?;
    bench.until_shown([RED; 4])?;
    bench.kernel.goodbye()
}

#[test]
fn who_is_too_far_behind_goes_on_with_a_key_frame() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.freeze()?;
    let mut lent = Vec::new();
    for number in 0..MANY {
        let inks = if number % 2 == 0 { OTHER } else { INKS };
        let (unit, bytes) = bench.make(Kind::Delta, inks);
        lent.push(bench.post(OFFICE, unit, &bytes)?);
    }
    bench.kernel.thaw()?;
    for lease in &lent {
        bench.kernel.expect_release(lease)?;
    }
    bench
        .kernel
        .expect_log("faster than this machine decodes them")?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Key, [GREEN; 4])?;
    bench.until_shown([GREEN; 4])
}

#[test]
fn of_what_came_meanwhile_all_from_the_last_key_frame_on_is_shown() -> Result<(), Failure> {
    let mut bench = watching(XServer::start(&[])?)?;
    bench.freeze()?;
    let mut lent = Vec::new();
    for number in 0..MANY {
        let kind = if number == MANY - 3 {
            Kind::Key
        } else {
            Kind::Delta
        };
        let inks = if number == MANY - 1 {
            OTHER
        } else {
            [GREEN; 4]
        };
        let (unit, bytes) = bench.make(kind, inks);
        lent.push(bench.post(OFFICE, unit, &bytes)?);
    }
    bench.kernel.thaw()?;
    for lease in &lent {
        bench.kernel.expect_release(lease)?;
    }
    bench.until_shown(OTHER)?;
    assert!(bench.kernel.within(crate::QUIET, WANT)?.is_none());
    bench.kernel.goodbye()
}
