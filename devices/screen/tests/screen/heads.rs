//! A target with two screens, each seen by a node of its own.

use crate::bench::{target, Bench, BLACK, BLUE, GREEN, GREY, RED};
use dkvm_h264::backend::Kind;
use dkvm_testkit::Failure;
use dkvm_wire::{
    topics::{VIDEO_H264, WANT},
    vocab::{
        desk::{DeskTarget, Head},
        video::Signal,
    },
};
use serde_json::json;

const LEFT: &str = "left/h264";
const RIGHT: &str = "right/h264";

/// The second stands beside the first.
fn pair() -> DeskTarget {
    let head = |node: &str, x| Head {
        node: node.to_owned(),
        at: (x, 0),
    };
    DeskTarget {
        heads: vec![head("left", 0), head("right", 320)],
        ..target("pair")
    }
}

fn worked(mut bench: Bench) -> Result<Bench, Failure> {
    bench.signal("left/capture", Signal::Ok)?;
    bench.signal("right/capture", Signal::Ok)?;
    bench.desk(vec![pair()], Some("pair"))?;
    bench.expect_want(VIDEO_H264, "left/h264", true)?;
    bench.expect_want(VIDEO_H264, "right/h264", true)?;
    Ok(bench)
}

/// Each of both by an encoder of its own would be: one numbers the units of both, so each of them is a key frame.
fn show(bench: &mut Bench, source: &str, ink: crate::bench::Ink) -> Result<(), Failure> {
    bench.show(source, Kind::Key, [ink; 4])
}

#[test]
fn both_pictures_are_beside_each_other_in_one_scale() -> Result<(), Failure> {
    let mut bench = worked(Bench::start(json!({ "overview": false }))?)?;
    show(&mut bench, LEFT, RED)?;
    bench.x.until_color((25, 50), RED.1)?;
    show(&mut bench, RIGHT, GREEN)?;
    bench.x.until_color((75, 50), GREEN.1)?;
    assert_eq!(bench.x.window_size(), Some((640, 240)), "as both pictures");
    let title = "dKVM: pair, 2 screens, keyboard and mouse go there";
    assert_eq!(bench.x.title().as_deref(), Some(title));
    show(&mut bench, LEFT, BLUE)?;
    bench.x.until_color((25, 50), BLUE.1)?;
    bench.x.until_color((75, 50), GREEN.1)?;
    bench.x.resize((320, 240))?;
    bench.x.until_color((25, 10), BLACK)?;
    bench.x.until_color((25, 50), BLUE.1)?;
    bench.x.until_color((75, 50), GREEN.1)?;
    bench.kernel.goodbye()
}

#[test]
fn a_head_without_a_picture_says_so_in_its_place_and_costs_the_other_nothing() -> Result<(), Failure>
{
    let mut bench = worked(Bench::start(json!({ "overview": false }))?)?;
    show(&mut bench, LEFT, RED)?;
    show(&mut bench, RIGHT, GREEN)?;
    bench.x.until_color((75, 50), GREEN.1)?;
    bench.signal("right/capture", Signal::None)?;
    bench.x.until_color((75, 10), BLACK)?;
    bench.x.until_color((25, 10), RED.1)?;
    show(&mut bench, LEFT, GREY)?;
    bench.x.until_color((25, 50), GREY.1)?;
    bench.kernel.source_gone("right/h264", 1)?;
    bench.kernel.source_gone("right/capture", 1)?;
    show(&mut bench, LEFT, BLUE)?;
    bench.x.until_color((25, 50), BLUE.1)?;
    bench.signal("right/capture", Signal::Ok)?;
    show(&mut bench, RIGHT, RED)?;
    bench.x.until_color((75, 50), RED.1)?;
    bench.x.until_color((25, 50), BLUE.1)
}

#[test]
fn each_head_asks_for_its_own_key_frame() -> Result<(), Failure> {
    let mut bench = worked(Bench::unseen(json!({}))?)?;
    show(&mut bench, LEFT, RED)?;
    show(&mut bench, RIGHT, RED)?;
    let _lost = bench.make(Kind::Delta, [RED; 4]);
    bench.show(RIGHT, Kind::Delta, [RED; 4])?;
    bench.expect_want(VIDEO_H264, RIGHT, false)?;
    bench.expect_want(VIDEO_H264, RIGHT, true)?;
    bench.kernel.goodbye()?;
    assert_eq!(bench.kernel.lent(), 0, "every lease went back");
    Ok(())
}

#[test]
fn what_one_loses_costs_the_other_nothing() -> Result<(), Failure> {
    let mut bench = worked(Bench::start(json!({ "overview": false }))?)?;
    show(&mut bench, RIGHT, RED)?;
    show(&mut bench, LEFT, RED)?;
    bench.x.until_color((25, 50), RED.1)?;
    // The kernel does not say whose.
    bench.kernel.dropped(VIDEO_H264, 1)?;
    bench.show(LEFT, Kind::Delta, [BLUE; 4])?;
    bench.x.until_color((25, 50), BLUE.1)?;
    assert!(bench.kernel.within(crate::QUIET, WANT)?.is_none());
    let _lost = bench.make(Kind::Delta, [RED; 4]);
    bench.show(RIGHT, Kind::Delta, [RED; 4])?;
    bench.expect_want(VIDEO_H264, RIGHT, false)?;
    bench.expect_want(VIDEO_H264, RIGHT, true)
}

#[test]
fn another_target_takes_the_place_of_both() -> Result<(), Failure> {
    let mut bench = worked(Bench::start(json!({ "overview": false }))?)?;
    show(&mut bench, LEFT, RED)?;
    show(&mut bench, RIGHT, GREEN)?;
    bench.x.until_color((75, 50), GREEN.1)?;
    bench.desk(vec![pair(), target("office")], Some("office"))?;
    bench.expect_want(VIDEO_H264, LEFT, false)?;
    bench.expect_want(VIDEO_H264, RIGHT, false)?;
    bench.expect_want(VIDEO_H264, "office/h264", true)?;
    show(&mut bench, "office/h264", BLUE)?;
    bench.x.until_color((50, 50), BLUE.1)?;
    bench.desk(vec![pair(), target("office")], Some("pair"))?;
    bench.expect_want(VIDEO_H264, "office/h264", false)?;
    bench.expect_want(VIDEO_H264, LEFT, true)?;
    bench.expect_want(VIDEO_H264, RIGHT, true)?;
    show(&mut bench, RIGHT, RED)?;
    bench.x.until_color((75, 50), RED.1)?;
    bench.x.until_color((25, 10), BLACK)
}
