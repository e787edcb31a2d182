//! Frames of H.264: each page its own chain, and a slow one slows nobody.

use crate::common::{device_info, Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::{Phase, Want},
    topics,
    vocab::video::{methods::KEY_FRAME, AccessUnit, FrameInfo, H264Settings, H264State},
    LeaseRef,
};

type Outcome = Result<(), Failure>;

const PATH: &str = "/api/video";
const QUERY: &str = "codec=h264";
/// Bytes of the flags, after a picture's head.
const FLAGS: usize = 4;

/// What the page makes of a frame: its number, and whether it is a key frame.
fn next(viewer: &mut Socket) -> Result<(u64, bool), Failure> {
    let frame = viewer.picture()?;
    assert_eq!(frame.size, (640, 480));
    let (flags, unit) = frame.jpeg.split_at(FLAGS);
    assert!(
        unit.iter()
            .all(|byte| u64::from(*byte) == frame.sequence % 256),
        "it is not as it was"
    );
    Ok((frame.sequence, flags == [1, 0, 0, 0]))
}

fn show(node: &mut Node, number: u64, key: bool, length: usize) -> Result<LeaseRef, Failure> {
    let lease = node.kernel.lend(&vec![(number % 256) as u8; length])?;
    let info = FrameInfo {
        sequence: number,
        width: 640,
        height: 480,
        format: "H264".to_owned(),
        unit: Some(AccessUnit { number, key }),
        ..FrameInfo::default()
    };
    node.kernel
        .emit_with("h264", topics::VIDEO_H264, &info, &[lease])?;
    Ok(lease)
}

fn wanted(node: &mut Node) -> Result<(String, bool), Failure> {
    loop {
        let want: Want = node.kernel.expect(topics::WANT)?;
        // Acknowledgements are wanted always.
        if want.topic != topics::INPUT_ACK {
            return Ok((want.topic, want.want));
        }
    }
}

#[test]
fn each_codec_is_wanted_only_while_somebody_watches_it() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let one = owner.socket_with(PATH, QUERY)?;
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_H264.to_owned(), true));
    let other = owner.socket_with(PATH, "codec=jpeg")?;
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_JPEG.to_owned(), true));
    drop(one);
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_H264.to_owned(), false));
    drop(other);
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_JPEG.to_owned(), false));
    Ok(())
}

#[test]
fn frames_come_whole_from_a_key_frame_on_and_leases_go_back_at_once() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket_with(PATH, QUERY)?;
    wanted(&mut node)?;
    let early = show(&mut node, 4, false, 100)?;
    node.kernel.expect_release(&early)?;
    for (number, length) in [(5, 60_000), (6, 1), (7, 300_000)] {
        let lease = show(&mut node, number, number == 5, length)?;
        assert_eq!(next(&mut viewer)?, (number, number == 5));
        node.kernel.expect_release(&lease)?;
    }
    Ok(())
}

#[test]
fn a_gap_is_shown_to_nobody() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket_with(PATH, QUERY)?;
    wanted(&mut node)?;
    show(&mut node, 1, true, 10)?;
    assert_eq!(next(&mut viewer)?, (1, true));
    show(&mut node, 3, false, 10)?;
    show(&mut node, 4, false, 10)?;
    show(&mut node, 5, true, 10)?;
    assert_eq!(next(&mut viewer)?, (5, true));
    Ok(())
}

#[test]
fn a_viewer_who_comes_late_has_a_key_frame_asked_for() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let mut one = owner.socket_with(PATH, QUERY)?;
    wanted(&mut node)?;
    show(&mut node, 1, true, 10)?;
    next(&mut one)?;
    let mut two = owner.socket_with(PATH, QUERY)?;
    while !node.kernel.calls().contains(&format!("h264/{KEY_FRAME}")) {
        node.kernel.ping()?;
    }
    show(&mut node, 2, false, 10)?;
    assert_eq!(next(&mut one)?, (2, false));
    show(&mut node, 3, true, 10)?;
    assert_eq!(next(&mut one)?, (3, true));
    assert_eq!(next(&mut two)?, (3, true));
    Ok(())
}

#[test]
fn a_viewer_without_credit_loses_its_chain_alone() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let (mut one, mut two) = (
        owner.socket_with(PATH, QUERY)?,
        owner.socket_with(PATH, QUERY)?,
    );
    wanted(&mut node)?;
    for number in 0..60 {
        show(&mut node, number, number == 0, 1000)?;
        assert_eq!(next(&mut one)?.0, number);
        one.shown()?;
        node.settle()?;
    }
    show(&mut node, 60, true, 1000)?;
    assert_eq!(next(&mut one)?, (60, true));
    // The second was sent what it had credit for, and waits; then it is where the others are.
    for number in 0..8 {
        assert_eq!(next(&mut two)?.0, number);
    }
    for _ in 0..8 {
        two.shown()?;
    }
    assert_eq!(next(&mut two)?, (60, true));
    Ok(())
}

#[test]
fn an_encoder_that_died_begins_anew() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket_with(PATH, QUERY)?;
    wanted(&mut node)?;
    let state = H264State {
        settings: H264Settings {
            max_rate: 0,
            max_kbit: 0,
        },
        rate: 1,
        kbit: 1,
        quantiser: 24,
        detail: None,
    };
    node.kernel.emit("h264", topics::H264_STATE, &state)?;
    show(&mut node, 1, true, 10)?;
    next(&mut viewer)?;
    node.kernel.tell(
        topics::DEVICE_STATE,
        &device_info("h264", 1, Phase::Backoff),
    )?;
    // Of the same number as the next would have had.
    show(&mut node, 2, false, 10)?;
    show(&mut node, 3, true, 10)?;
    assert_eq!(next(&mut viewer)?, (3, true));
    Ok(())
}

#[test]
fn an_unknown_codec_is_refused() -> Outcome {
    let node = Node::start()?;
    let refused = node.owner()?.socket_with(PATH, "codec=av1");
    assert!(refused.is_err_and(|error| error.to_string().starts_with("400")));
    Ok(())
}
