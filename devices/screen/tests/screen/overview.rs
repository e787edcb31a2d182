//! All targets at once: what is streamed for it, and where a click goes.

use crate::{
    bench::{target, Bench, BLACK, GREEN, GREY, OFFICE, RED},
    xserver::XServer,
};
use dkvm_h264::backend::Kind;
use dkvm_testkit::Failure;
use dkvm_wire::{
    decode_body, encode_body,
    service::Nothing,
    topics::{VIDEO_H264, VIDEO_THUMB, WANT},
    vocab::{
        desk::{DeskTarget, FocusTo},
        video::{Signal, Thumb},
    },
    ErrorCode, WireError,
};
use serde_json::json;
use std::{cell::RefCell, rc::Rc, time::Duration};

/// XK_F10, XK_Return, XK_Right, XK_Left.
const F10: u32 = 0xffc7;
const ENTER: u32 = 0xff0d;
const RIGHT: u32 = 0xff53;
const LEFT: u32 = 0xff51;
const FOCUS: &str = "input/input.focus";
/// The middle of the first and of the second of two tiles beside each other, in hundredths.
const FIRST: (u32, u32) = (25, 45);
const SECOND: (u32, u32) = (75, 45);

type Asked = Rc<RefCell<Vec<FocusTo>>>;

fn two() -> Vec<DeskTarget> {
    vec![target("lab"), target("office")]
}

/// With two targets, nobody's; input answers so.
fn overview(answer: Result<(), ErrorCode>) -> Result<(Bench, Asked), Failure> {
    let mut bench = Bench::start(json!({}))?;
    let asked = Asked::default();
    let keep = asked.clone();
    bench.kernel.answer(FOCUS, move |body| {
        let to = decode_body(FOCUS, body).expect("arguments");
        keep.borrow_mut().push(to);
        match answer {
            Ok(()) => Ok(encode_body(&Nothing {})),
            Err(code) => Err(WireError::new(code, "web is at work at office")),
        }
    });
    bench.desk(two(), None)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", true)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", true)?;
    Ok((bench, asked))
}

fn until_asked(bench: &mut Bench, asked: &Asked, count: usize) -> Result<FocusTo, Failure> {
    for _ in 0..500 {
        bench.kernel.ping()?;
        if let Some(to) = asked.borrow().get(count - 1) {
            return Ok(to.clone());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new("input was never asked"))
}

/// Whether something stands at the lower edge.
fn is_told(x: &XServer) -> Option<bool> {
    let is_light = |color: [u8; 3]| color.iter().all(|part| *part > 150);
    x.row(97).map(|row| row.into_iter().any(is_light))
}

/// Clicks until a refusal is seen. It goes by itself: on a slow machine one may be missed, and then the next is seen.
fn until_told(bench: &mut Bench) -> Result<(), Failure> {
    for _ in 0..30 {
        bench.x.click(SECOND)?;
        for _ in 0..50 {
            bench.kernel.ping()?;
            if is_told(&bench.x) == Some(true) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Err(Failure::new("a refusal is never told"))
}

/// Comes again until input is asked for it in any case. On a slow machine one may come too soon or too late, and then the next does.
fn until_taken(
    bench: &mut Bench,
    asked: &Asked,
    again: impl Fn(&XServer) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(800));
        again(&bench.x)?;
        bench.kernel.ping()?;
        if asked.borrow().iter().any(|to| to.steal) {
            return Ok(());
        }
    }
    Err(Failure::new("who comes again never takes it"))
}

fn grey(shade: u8) -> [u8; 3] {
    [shade; 3]
}

#[test]
fn each_target_has_a_tile_with_its_picture() -> Result<(), Failure> {
    let (mut bench, _) = overview(Ok(()))?;
    bench.thumb("lab", 100)?;
    bench.thumb("office", 200)?;
    bench.x.until_color(FIRST, grey(100))?;
    bench.x.until_color(SECOND, grey(200))?;
    assert_eq!(bench.x.title().as_deref(), Some("dKVM: overview"));
    bench.thumb("lab", 150)?;
    bench.x.until_color(FIRST, grey(150))?;
    // The source gives none any more.
    let none = Thumb::default();
    bench.kernel.emit("lab/encode", VIDEO_THUMB, &none)?;
    bench.x.until_color((15, 25), BLACK)?;
    bench.x.until_color(SECOND, grey(200))?;
    bench.kernel.source_gone("office/encode", 1)?;
    bench.x.until_color((65, 25), BLACK)?;
    bench.kernel.goodbye()
}

#[test]
fn what_is_no_small_picture_is_told_and_costs_the_others_nothing() -> Result<(), Failure> {
    let (mut bench, _) = overview(Ok(()))?;
    bench.thumb("office", 200)?;
    let large = Thumb {
        sequence: 1,
        width: 640,
        height: 400,
        jpeg: crate::bench::grey_jpeg((640, 400), 9),
    };
    bench.kernel.emit("lab/encode", VIDEO_THUMB, &large)?;
    bench
        .kernel
        .expect_log("lab/encode: a small picture of 640x400")?;
    bench.thumb("stranger", 200)?;
    bench.x.until_color(SECOND, grey(200))?;
    bench.x.until_color((15, 25), BLACK)
}

#[test]
fn a_click_goes_there_and_shows_it() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Ok(()))?;
    bench.thumb("office", 200)?;
    bench.x.until_color(SECOND, grey(200))?;
    bench.x.click(SECOND)?;
    let to = until_asked(&mut bench, &asked, 1)?;
    assert_eq!((to.node.as_deref(), to.steal), (Some("office"), false));
    bench.desk(two(), Some("office"))?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", false)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", false)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Key, [RED, GREEN, GREY, GREY])?;
    bench.until_shown([RED, GREEN, GREY, GREY])?;
    // And back to all of them, and to the one again.
    bench.x.press(F10)?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", true)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", true)?;
    bench.x.press(F10)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", false)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", false)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Key, [GREEN; 4])?;
    bench.until_shown([GREEN; 4])?;
    bench.kernel.goodbye()
}

#[test]
fn a_click_is_for_the_tile_that_was_there_to_be_seen() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Ok(()))?;
    bench.thumb("office", 200)?;
    bench.x.until_color(SECOND, grey(200))?;
    bench.freeze()?;
    let mut turned = two();
    turned.reverse();
    bench.desk(turned, None)?;
    bench.x.click(SECOND)?;
    // By this answer the server has passed the click on.
    bench.x.until_color(SECOND, grey(200))?;
    bench.kernel.thaw()?;
    let to = until_asked(&mut bench, &asked, 1)?;
    assert_eq!(to.node.as_deref(), Some("office"));
    bench.kernel.goodbye()
}

#[test]
fn arrow_keys_mark_a_target_and_enter_goes_there() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Ok(()))?;
    // Meant for another window, which had the keyboard until this one came.
    bench.x.press(ENTER)?;
    for (key, there) in [(RIGHT, "lab"), (RIGHT, "office"), (LEFT, "lab")] {
        bench.x.press(key)?;
        bench.x.press(ENTER)?;
        let count = asked.borrow().len() + 1;
        let to = until_asked(&mut bench, &asked, count)?;
        assert_eq!(to.node.as_deref(), Some(there));
        bench.desk(two(), Some(there))?;
        bench.desk(two(), None)?;
        bench.kernel.ping()?;
        bench.x.press(F10)?;
    }
    Ok(())
}

#[test]
fn a_window_that_comes_by_itself_asks_for_no_keyboard() -> Result<(), Failure> {
    let (bench, asked) = overview(Ok(()))?;
    bench.x.until("it is open", |x| Some(x.is_open()))?;
    assert_eq!(bench.x.user_time(), Some(0));
    assert!(asked.borrow().is_empty());
    Ok(())
}

#[test]
fn a_key_that_is_held_down_takes_nothing_from_who_is_at_work() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Err(ErrorCode::Conflict))?;
    bench.x.press(RIGHT)?;
    bench.x.down(ENTER)?;
    assert!(!until_asked(&mut bench, &asked, 1)?.steal);
    // As the X server does: the first after a while, then many.
    std::thread::sleep(Duration::from_millis(660));
    for _ in 0..10 {
        bench.x.repeat(ENTER)?;
        std::thread::sleep(Duration::from_millis(30));
        bench.kernel.ping()?;
    }
    assert_eq!(asked.borrow().len(), 1, "it was pressed once");
    bench.x.up(ENTER)?;
    until_taken(&mut bench, &asked, |x| x.press(ENTER))?;
    bench.kernel.goodbye()
}

#[test]
fn a_second_click_that_takes_nothing_any_more_is_promised_no_more() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Err(ErrorCode::Conflict))?;
    until_told(&mut bench)?;
    bench
        .x
        .until("it is told no more", |x| is_told(x).map(|told| !told))?;
    let count = asked.borrow().len() + 1;
    bench.x.click(SECOND)?;
    assert!(!until_asked(&mut bench, &asked, count)?.steal);
    bench.kernel.goodbye()
}

#[test]
fn without_targets_f10_leaves_the_picture_alone() -> Result<(), Failure> {
    let mut bench = Bench::start(json!({ "source": "office/h264" }))?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.show(OFFICE, Kind::Key, [RED, GREEN, GREY, GREY])?;
    bench.until_shown([RED, GREEN, GREY, GREY])?;
    bench.x.press(F10)?;
    assert!(bench.kernel.within(crate::QUIET, WANT)?.is_none());
    bench.until_shown([RED, GREEN, GREY, GREY])
}

#[test]
fn a_refusal_is_told_and_who_comes_again_means_it() -> Result<(), Failure> {
    let (mut bench, asked) = overview(Err(ErrorCode::Conflict))?;
    until_told(&mut bench)?;
    assert!(!until_asked(&mut bench, &asked, 1)?.steal);
    until_taken(&mut bench, &asked, |x| x.click(SECOND))?;
    bench.kernel.goodbye()
}

#[test]
fn small_pictures_are_wanted_only_while_they_are_seen() -> Result<(), Failure> {
    let (mut bench, _) = overview(Ok(()))?;
    bench.x.close()?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", false)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", false)
}

#[test]
fn a_target_that_comes_is_asked_and_one_that_goes_is_not() -> Result<(), Failure> {
    let mut bench = Bench::unseen(json!({ "overview": true }))?;
    bench.desk(two(), None)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", true)?;
    bench.expect_want(VIDEO_THUMB, "office/encode", true)?;
    bench.desk(vec![target("office"), target("attic")], None)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", false)?;
    bench.expect_want(VIDEO_THUMB, "attic/encode", true)?;
    bench.kernel.goodbye()
}

#[test]
fn without_targets_there_is_the_picture_of_the_first_node() -> Result<(), Failure> {
    let mut bench = Bench::unseen(json!({}))?;
    bench.signal("office/capture", Signal::Ok)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    bench.desk(two(), None)?;
    bench.expect_want(VIDEO_H264, OFFICE, false)?;
    bench.expect_want(VIDEO_THUMB, "lab/encode", true)
}

#[test]
fn the_configuration_may_begin_with_the_picture() -> Result<(), Failure> {
    let mut bench = Bench::unseen(json!({ "overview": false }))?;
    bench.desk(two(), None)?;
    bench.signal("office/capture", Signal::Ok)?;
    bench.expect_want(VIDEO_H264, OFFICE, true)?;
    assert!(bench.kernel.within(crate::QUIET, WANT)?.is_none());
    Ok(())
}
