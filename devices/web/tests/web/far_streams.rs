//! Pictures and sound of other nodes' targets: asked of that node alone, only while somebody watches, and what ends it is said.

use crate::common::far::{allow, h264, peers, LAB};
use crate::common::{Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    decode_body, encode_body,
    service::{Nothing, Want},
    topics,
    vocab::{
        audio::{AudioState, Microphone, MicrophoneRef, Speaker, SOUND_HEAD_LEN},
        peer::{Grant, LinkState, Pace},
        video::{AccessUnit, FrameInfo, LinkLoad},
    },
    DecodeError, ErrorCode, WireError,
};
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};
use tungstenite::Message;

type Outcome = Result<(), Failure>;

const H264: &str = "codec=h264&node=lab";
const FLAGS: usize = 4;
/// Numbers of this node's own pictures begin here.
const OWN: u64 = 70;

fn wanted(node: &mut Node) -> Result<(String, bool, Option<String>), Failure> {
    loop {
        let want: Want = node.kernel.expect(topics::WANT)?;
        // Acknowledgements are wanted always.
        if want.topic != topics::INPUT_ACK {
            return Ok((want.topic, want.want, want.from));
        }
    }
}

fn of(topic: &str, want: bool, from: &str) -> (String, bool, Option<String>) {
    (topic.to_owned(), want, Some(from.to_owned()))
}

fn show(node: &mut Node, from: &str, number: u64, key: bool) -> Outcome {
    let lease = node.kernel.lend(&[(number % 256) as u8; 50])?;
    let info = FrameInfo {
        sequence: number,
        captured_ns: 1000 + number,
        width: 640,
        height: 480,
        format: "H264".to_owned(),
        unit: Some(AccessUnit { number, key }),
        ..FrameInfo::default()
    };
    node.kernel
        .emit_with(from, topics::VIDEO_H264, &info, &[lease])?;
    node.kernel.expect_release(&lease)
}

fn next(viewer: &mut Socket) -> Result<(u64, bool), Failure> {
    let frame = viewer.picture()?;
    // Those of another node are of another clock.
    let is_own = frame.sequence >= OWN;
    let captured = if is_own { 1000 + frame.sequence } else { 0 };
    assert_eq!(frame.captured_ns, captured);
    Ok((frame.sequence, frame.jpeg[..FLAGS] == [1, 0, 0, 0]))
}

fn binary(socket: &mut Socket) -> Result<Vec<u8>, Failure> {
    loop {
        let message = socket.inner.read();
        if let Message::Binary(bytes) = message.map_err(|error| Failure::new(error.to_string()))? {
            return Ok(bytes.to_vec());
        }
    }
}

fn sound_of(node: &mut Node, open: Option<u64>) -> Outcome {
    let state = AudioState {
        source: "usb".into(),
        sources: vec![],
        usb: true,
        playing: 48_000,
        recording: 48_000,
        heard: false,
        microphone: open.map(|holder| MicrophoneRef {
            holder,
            name: "10.0.0.9".into(),
        }),
        lost: 0,
        starved: 0,
        message: None,
    };
    node.kernel.emit("lab/audio", topics::AUDIO_STATE, &state)?;
    node.settle()
}

#[test]
fn each_is_wanted_of_that_node_alone_and_by_the_name_of_its_device() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let owner = node.owner()?;
    let own = owner.socket_with("/api/video", "codec=h264")?;
    assert_eq!(wanted(&mut node)?, of(topics::VIDEO_H264, true, "h264"));
    let far = owner.socket_with("/api/video", H264)?;
    assert_eq!(wanted(&mut node)?, of(topics::VIDEO_H264, true, "lab/h264"));
    let jpeg = owner.socket_with("/api/video", "node=lab")?;
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_JPEG, true, "lab/encode")
    );
    let sound = owner.socket_with("/api/sound", "node=lab")?;
    assert_eq!(
        wanted(&mut node)?,
        of(topics::AUDIO_SPEAKER, true, "lab/audio")
    );
    // Who tells of itself later is the one that is meant.
    h264(&mut node, "lab/h264-2")?;
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_H264, false, "lab/h264")
    );
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_H264, true, "lab/h264-2")
    );
    drop(far);
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_H264, false, "lab/h264-2")
    );
    drop(jpeg);
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_JPEG, false, "lab/encode")
    );
    drop(sound);
    assert_eq!(
        wanted(&mut node)?,
        of(topics::AUDIO_SPEAKER, false, "lab/audio")
    );
    drop(own);
    assert_eq!(wanted(&mut node)?, of(topics::VIDEO_H264, false, "h264"));
    Ok(())
}

#[test]
fn a_far_picture_is_shown_to_those_who_asked_for_it_from_a_key_frame_on() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let owner = node.owner()?;
    let mut own = owner.socket_with("/api/video", "codec=h264")?;
    wanted(&mut node)?;
    let mut far = owner.socket_with("/api/video", H264)?;
    wanted(&mut node)?;
    show(&mut node, "lab/h264", 4, false)?;
    show(&mut node, "h264", 70, true)?;
    show(&mut node, "lab/h264", 5, true)?;
    show(&mut node, "lab/h264", 6, false)?;
    show(&mut node, "other/h264", 7, true)?;
    show(&mut node, "h264", 71, false)?;
    assert_eq!((next(&mut far)?, next(&mut far)?), ((5, true), (6, false)));
    assert_eq!(
        (next(&mut own)?, next(&mut own)?),
        ((70, true), (71, false))
    );
    // Another one who comes has a key frame made, by wanting it anew: to call that encoder is no right of this node.
    let mut late = owner.socket_with("/api/video", H264)?;
    assert_eq!(
        wanted(&mut node)?,
        of(topics::VIDEO_H264, false, "lab/h264")
    );
    assert_eq!(wanted(&mut node)?, of(topics::VIDEO_H264, true, "lab/h264"));
    show(&mut node, "lab/h264", 1, true)?;
    assert_eq!((next(&mut far)?, next(&mut late)?), ((1, true), (1, true)));
    assert!(!node.kernel.calls().iter().any(|call| call.contains("lab")));
    Ok(())
}

#[test]
fn a_far_jpeg_comes_as_it_was() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let mut viewer = node.owner()?.socket_with("/api/video", "node=lab")?;
    wanted(&mut node)?;
    let info = FrameInfo {
        sequence: 3,
        captured_ns: 1003,
        format: "MJPG".to_owned(),
        ..FrameInfo::default()
    };
    let lease = node.kernel.lend(&[9; 70_000])?;
    node.kernel
        .emit_with("lab/encode", topics::VIDEO_JPEG, &info, &[lease])?;
    let frame = viewer.picture()?;
    assert!(frame.jpeg == [9; 70_000] && frame.captured_ns == 0);
    viewer.shown()?;
    node.kernel.expect_release(&lease)
}

#[test]
fn sound_of_another_node_is_heard_by_who_asked_for_that() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let mut listener = node.owner()?.socket_with("/api/sound", "node=lab")?;
    wanted(&mut node)?;
    let piece = |value| Speaker {
        stream: 3,
        position: 0,
        captured_ns: 5,
        data: vec![value; 8],
    };
    node.kernel
        .emit("audio", topics::AUDIO_SPEAKER, &piece(1))?;
    node.kernel
        .emit("lab/audio", topics::AUDIO_SPEAKER, &piece(2))?;
    let came = binary(&mut listener)?;
    assert_eq!(came[SOUND_HEAD_LEN..], [2; 8]);
    assert_eq!(came[8..16], [0; 8], "of another clock");
    Ok(())
}

#[test]
fn a_microphone_is_heard_by_one_target_alone() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View, Grant::Type])?;
    sound_of(&mut node, None)?;
    let query = "holder=42&node=lab";
    let mut page = node.owner()?.socket_with("/api/microphone", query)?;
    assert!(binary(&mut page)?.is_empty());
    for position in [0, 960] {
        let said = page.inner.send(Message::binary(vec![1; 1920]));
        said.map_err(|error| Failure::new(error.to_string()))?;
        let event = node.kernel.expect_event(topics::AUDIO_MICROPHONE)?;
        let sound: Microphone = event.decode()?;
        assert_eq!(event.to, ["lab/audio"]);
        assert_eq!((sound.who.holder, sound.position), (42, Some(position)));
    }
    // Where another one is open, nobody speaks into the wind: neither from then on,
    sound_of(&mut node, Some(7))?;
    let said = page.inner.send(Message::binary(vec![1; 1920]));
    said.map_err(|error| Failure::new(error.to_string()))?;
    let (code, why) = page.expect_close()?;
    assert!(code == 1008 && why.contains("10.0.0.9"), "{code} {why}");
    // nor from the beginning.
    let mut page = node.owner()?.socket_with("/api/microphone", query)?;
    let (code, why) = page.expect_close()?;
    assert!(code == 1008 && why.contains("10.0.0.9"), "{code} {why}");
    Ok(())
}

#[test]
fn what_cannot_be_watched_is_said_and_whether_to_try_again() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let closed = |path: &str, query: &str| owner.socket_with(path, query)?.expect_close();
    let (code, why) = closed("/api/video", H264)?;
    assert!(code == 1013 && why.contains("peer device"), "{code} {why}");
    allow(&mut node, &[])?;
    let (code, why) = closed("/api/video", H264)?;
    assert!(code == 1008 && why.contains("'view'"), "{code} {why}");
    let (code, why) = closed("/api/sound", "node=nowhere")?;
    assert!(code == 1008 && why.contains("nowhere"), "{code} {why}");
    allow(&mut node, &[Grant::View])?;
    let (code, why) = closed("/api/microphone", "holder=1&node=lab")?;
    assert!(code == 1008 && why.contains("'type'"), "{code} {why}");
    allow(&mut node, &[Grant::Type])?;
    let (code, why) = closed("/api/microphone", "holder=1&node=lab")?;
    assert!(code == 1008 && why.contains("'view'"), "{code} {why}");
    allow(&mut node, &[Grant::View, Grant::Type])?;
    let (code, why) = closed("/api/microphone", "holder=1&node=lab")?;
    assert!(code == 1013 && why.contains("no sound"), "{code} {why}");
    peers(&mut node, LinkState::Connecting, &[])?;
    let (code, why) = closed("/api/video", "node=lab")?;
    assert!(code == 1013 && why.contains(LAB), "{code} {why}");
    let refused = owner.socket_with("/api/video", "node=../hid").err();
    let refused = refused.map(|error| error.to_string());
    assert!(refused.is_some_and(|why| why.starts_with("400")));
    Ok(())
}

#[test]
fn who_watches_is_told_when_the_link_breaks_or_it_is_not_allowed_any_more() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let ends: [(LinkState, &[Grant], u16); 2] = [
        (LinkState::Connecting, &[], 1013),
        (LinkState::Up, &[Grant::Type], 1008),
    ];
    for (link, granted, expected) in ends {
        allow(&mut node, &[Grant::View])?;
        let mut viewer = owner.socket_with("/api/video", H264)?;
        assert_eq!(wanted(&mut node)?, of(topics::VIDEO_H264, true, "lab/h264"));
        // One that holds its breath goes on.
        peers(&mut node, LinkState::Stalled, &[Grant::View])?;
        show(&mut node, "lab/h264", 1, true)?;
        next(&mut viewer)?;
        peers(&mut node, link, granted)?;
        assert_eq!(viewer.expect_close()?.0, expected);
        assert_eq!(
            wanted(&mut node)?,
            of(topics::VIDEO_H264, false, "lab/h264")
        );
    }
    Ok(())
}

#[test]
fn an_encoder_of_another_node_that_began_anew_is_shown_from_its_key_frame_on() -> Outcome {
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let mut viewer = node.owner()?.socket_with("/api/video", H264)?;
    wanted(&mut node)?;
    h264(&mut node, "lab/h264")?;
    show(&mut node, "lab/h264", 1, true)?;
    next(&mut viewer)?;
    node.kernel.source_gone("lab/h264", 1)?;
    // Of the number that the next would have had.
    show(&mut node, "lab/h264", 2, false)?;
    show(&mut node, "lab/h264", 3, true)?;
    assert_eq!(next(&mut viewer)?, (3, true));
    Ok(())
}

/// What this node's peer is told of the links of who watches.
fn paces(node: &mut Node) -> Rc<RefCell<Vec<Pace>>> {
    let told = Rc::new(RefCell::new(Vec::new()));
    let notes = told.clone();
    node.kernel.answer("peer/peer.pace", move |body| {
        let bad = |error: DecodeError| WireError::new(ErrorCode::BadRequest, error.to_string());
        let pace = decode_body("peer.pace", body).map_err(bad)?;
        notes.borrow_mut().push(pace);
        Ok(encode_body(&Nothing {}))
    });
    told
}

#[test]
fn what_a_slow_page_takes_of_a_far_picture_is_told_to_peer_and_that_one_is_gone() -> Outcome {
    /// Of which it answers one.
    const ROUND: u64 = 20;
    let mut node = Node::start()?;
    allow(&mut node, &[Grant::View])?;
    let told = paces(&mut node);
    let owner = node.owner()?;
    let mut slow = owner.socket_with("/api/video", H264)?;
    wanted(&mut node)?;
    let mut number = 0;
    let mut watch_until = |node: &mut Node, fits: &dyn Fn(&Pace) -> bool| {
        let until = Instant::now() + Duration::from_secs(30);
        while !told.borrow().iter().any(fits) {
            if Instant::now() > until {
                return Err(Failure::new(format!("{:?}", told.borrow())));
            }
            for _ in 0..ROUND {
                show(node, "lab/h264", number, number.is_multiple_of(ROUND))?;
                number += 1;
            }
            slow.shown()?;
        }
        Ok(())
    };
    let is_slow = |pace: &Pace| {
        let LinkLoad { slowest, fastest } = pace.load;
        pace.from == "lab/h264" && slowest.is_some() && fastest == slowest
    };
    watch_until(&mut node, &is_slow)?;
    assert!(told.borrow().iter().all(is_slow));
    drop(owner.socket_with("/api/video", H264)?);
    watch_until(&mut node, &|pace| pace.load == LinkLoad::default())
}
