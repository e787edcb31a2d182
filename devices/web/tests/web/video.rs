//! Pictures: wanted only while somebody watches, the newest always, and a slow viewer slows nobody.

use crate::common::{device_info, Node};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::{Phase, Want},
    topics,
    vocab::video::FrameInfo,
    LeaseRef,
};
use std::{io::Read, thread};

type Outcome = Result<(), Failure>;

fn info(sequence: u64) -> Result<FrameInfo, Failure> {
    let info = serde_json::json!({
        "sequence": sequence, "captured_ns": 1000 + sequence, "width": 640, "height": 480, "stride": 0, "format": "MJPG"
    });
    serde_json::from_value(info).map_err(|error| Failure::new(error.to_string()))
}

/// What a JPEG of that number is here: the device does not look into it.
fn jpeg(sequence: u64, length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u64).wrapping_mul(31).wrapping_add(sequence) as u8)
        .collect()
}

fn show(node: &mut Node, sequence: u64, length: usize) -> Result<LeaseRef, Failure> {
    let lease = node.kernel.lend(&jpeg(sequence, length))?;
    node.kernel
        .emit_with("encode", topics::VIDEO_JPEG, &info(sequence)?, &[lease])?;
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
fn acknowledgements_are_wanted_from_the_start() -> Outcome {
    let mut node = Node::start()?;
    let want: Want = node.kernel.expect(topics::WANT)?;
    assert_eq!((want.topic.as_str(), want.want), (topics::INPUT_ACK, true));
    Ok(())
}

#[test]
fn pictures_are_wanted_only_while_somebody_watches() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let one = owner.socket("/api/video")?;
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_JPEG.to_owned(), true));
    let two = owner.socket("/api/video")?;
    drop(one);
    drop(two);
    assert_eq!(wanted(&mut node)?, (topics::VIDEO_JPEG.to_owned(), false));
    Ok(())
}

#[test]
fn a_picture_comes_whole_with_its_head_and_its_lease_goes_back() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket("/api/video")?;
    wanted(&mut node)?;
    for (sequence, length) in [(1, 10), (2, 125 - 32), (3, 60_000), (4, 300_000)] {
        let lease = show(&mut node, sequence, length)?;
        let frame = viewer.picture()?;
        assert_eq!(
            (frame.sequence, frame.captured_ns, frame.size),
            (sequence, 1000 + sequence, (640, 480))
        );
        assert!(frame.sent_ns > 0);
        assert!(
            frame.jpeg == jpeg(sequence, length),
            "picture {sequence} is not as it was"
        );
        viewer.shown()?;
        node.kernel.expect_release(&lease)?;
    }
    Ok(())
}

#[test]
fn a_viewer_without_credit_gets_nothing_and_then_the_newest() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket("/api/video")?;
    wanted(&mut node)?;
    for sequence in 1..=2 {
        show(&mut node, sequence, 1000)?;
        assert_eq!(viewer.picture()?.sequence, sequence);
    }
    for sequence in 3..=9 {
        show(&mut node, sequence, 1000)?;
        node.settle()?;
    }
    viewer.shown()?;
    assert_eq!(viewer.picture()?.sequence, 9);
    Ok(())
}

#[test]
fn a_viewer_who_comes_late_sees_a_still_picture_at_once() -> Outcome {
    let mut node = Node::start()?;
    let mut owner = node.owner()?;
    let mut one = owner.socket("/api/video")?;
    wanted(&mut node)?;
    let lease = show(&mut node, 1, 5000)?;
    one.picture()?;
    node.kernel.expect_release(&lease)?;
    let mut two = owner.socket("/api/video")?;
    assert!(two.picture()?.jpeg == jpeg(1, 5000));
    let snapshot = owner.get("/api/snapshot.jpg")?;
    assert_eq!(
        (snapshot.status, snapshot.header("content-type")),
        (200, "image/jpeg")
    );
    assert!(snapshot.body == jpeg(1, 5000));
    Ok(())
}

#[test]
fn a_stalled_viewer_holds_up_neither_another_nor_a_lease() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    // It reads nothing, so its connection fills up in the middle of a picture.
    let stalled = owner.slow().socket("/api/video")?;
    let mut viewer = owner.socket("/api/video")?;
    wanted(&mut node)?;
    const LARGE: usize = 3_500_000;
    for sequence in 1..=4 {
        let lease = show(&mut node, sequence, LARGE)?;
        let frame = viewer.picture()?;
        assert_eq!((frame.sequence, frame.jpeg.len()), (sequence, LARGE));
        viewer.shown()?;
        node.kernel.expect_release(&lease)?;
    }
    drop(stalled);
    Ok(())
}

#[test]
fn a_slow_viewer_gets_whole_pictures_all_the_same() -> Outcome {
    let mut node = Node::start()?;
    let mut slow = node.owner()?.slow().socket("/api/video")?;
    wanted(&mut node)?;
    const LARGE: usize = 3_500_000;
    // Two pictures are more than the connection holds. The second is superseded while it is under way: its lease
    // goes back, and the rest of it comes from a copy.
    for sequence in 1..=3 {
        let lease = show(&mut node, sequence, LARGE)?;
        node.settle()?;
        if sequence < 3 {
            show(&mut node, sequence * 10, 10)?;
            node.kernel.expect_release(&lease)?;
        }
    }
    let mut last = 0;
    while last != 3 {
        let frame = slow.picture()?;
        assert_ne!(frame.sequence, last);
        assert!(
            frame.jpeg == jpeg(frame.sequence, frame.jpeg.len()),
            "picture {} is not whole",
            frame.sequence
        );
        last = frame.sequence;
        slow.shown()?;
    }
    Ok(())
}

#[test]
fn a_picture_over_the_limit_is_dropped_and_told() -> Outcome {
    let mut node = Node::start()?;
    let mut viewer = node.owner()?.socket("/api/video")?;
    wanted(&mut node)?;
    let lease = show(&mut node, 1, 4 * 1024 * 1024 + 1)?;
    node.kernel.expect_release(&lease)?;
    node.kernel.expect_log("is over the limit of")?;
    show(&mut node, 2, 100)?;
    assert_eq!(viewer.picture()?.sequence, 2);
    Ok(())
}

#[test]
fn an_encoder_that_died_leaves_no_old_picture() -> Outcome {
    let mut node = Node::start()?;
    let mut owner = node.owner()?;
    let mut viewer = owner.socket("/api/video")?;
    wanted(&mut node)?;
    let state = serde_json::json!({ "settings": { "quality": 80, "max_rate": 0 }, "passthrough": false, "rate": 1 });
    let state: dkvm_wire::vocab::video::EncodeState =
        serde_json::from_value(state).expect("a state");
    node.kernel.emit("encode", topics::ENCODE_STATE, &state)?;
    let lease = show(&mut node, 1, 100)?;
    viewer.picture()?;
    node.kernel.tell(
        topics::DEVICE_STATE,
        &device_info("encode", 1, Phase::Backoff),
    )?;
    node.kernel.expect_release(&lease)?;
    assert_eq!(owner.get("/api/snapshot.jpg")?.status, 503);
    Ok(())
}

#[test]
fn a_snapshot_without_a_picture_says_what_to_look_at() -> Outcome {
    let node = Node::start()?;
    let answer = node.owner()?.get("/api/snapshot.jpg")?;
    assert_eq!(answer.status, 503);
    assert!(answer.message()?.contains("whether the target is on"));
    Ok(())
}

#[test]
fn the_stream_is_a_picture_after_another() -> Outcome {
    let mut node = Node::start()?;
    let mut stream = node.owner()?.open("/api/stream.mjpeg")?;
    wanted(&mut node)?;
    show(&mut node, 1, 2000)?;
    let head = read_until(&mut stream, b"Content-Length: 2000\r\n\r\n")?;
    assert!(String::from_utf8_lossy(&head).contains("multipart/x-mixed-replace; boundary=dkvm"));
    let body = read_until(&mut stream, b"--dkvm\r\n")?;
    assert!(
        body.windows(2000).any(|part| part == jpeg(1, 2000)),
        "the picture is not in the stream as it was"
    );
    drop(stream);
    assert!(!wanted(&mut node)?.1);
    Ok(())
}

fn read_until(stream: &mut impl Read, end: &[u8]) -> Result<Vec<u8>, Failure> {
    let (mut bytes, mut one) = (Vec::new(), [0]);
    while !bytes.ends_with(end) {
        stream.read_exact(&mut one)?;
        bytes.push(one[0]);
    }
    Ok(bytes)
}

#[test]
fn a_viewer_that_talks_is_sent_away() -> Outcome {
    let node = Node::start()?;
    let mut viewer = node.owner()?.socket("/api/video")?;
    viewer.send_text("hello")?;
    let (code, reason) = viewer.expect_close()?;
    assert_eq!(code, 1008);
    assert!(reason.contains("empty binary messages only"), "{reason}");
    Ok(())
}

#[test]
fn viewers_are_bounded_and_told_so() -> Outcome {
    let node = Node::start()?;
    let mut owner = node.owner()?;
    let all: Vec<_> = (0..16)
        .map(|_| owner.socket("/api/video"))
        .collect::<Result<_, _>>()?;
    let answer = owner.get("/api/snapshot.jpg")?;
    assert_eq!(answer.status, 503);
    assert!(answer
        .message()?
        .contains("16 viewers are watching already"));
    drop(all);
    // The places come back as the connections end.
    while owner
        .get("/api/snapshot.jpg")?
        .message()?
        .contains("viewers are watching")
    {
        thread::yield_now();
    }
    Ok(())
}
