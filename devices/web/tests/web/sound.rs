//! Sound: wanted only while somebody listens, each piece as it came; a microphone on a connection of its own.

use crate::common::{Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    encode_body,
    service::{Nothing, Want},
    topics,
    vocab::audio::{Microphone, Speaker, SOUND_HEAD_LEN},
    ErrorCode, WireError,
};
use tungstenite::Message;

type Outcome = Result<(), Failure>;

const OPEN: &str = "audio/audio.microphone.open";
const CLOSE: &str = "audio/audio.microphone.close";

fn wanted(node: &mut Node) -> Result<bool, Failure> {
    loop {
        let want: Want = node.kernel.expect(topics::WANT)?;
        if want.topic == topics::AUDIO_SPEAKER {
            return Ok(want.want);
        }
    }
}

fn binary(socket: &mut Socket) -> Result<Vec<u8>, Failure> {
    loop {
        let message = socket.inner.read();
        if let Message::Binary(bytes) = message.map_err(|error| Failure::new(error.to_string()))? {
            return Ok(bytes.to_vec());
        }
    }
}

fn say(socket: &mut Socket, bytes: Vec<u8>) -> Outcome {
    let sent = socket.inner.send(Message::binary(bytes));
    sent.map_err(|error| Failure::new(error.to_string()))
}

#[test]
fn sound_is_wanted_only_while_somebody_listens_and_comes_with_its_place() -> Outcome {
    let mut node = Node::start()?;
    let mut listener = node.owner()?.socket("/api/sound")?;
    assert!(wanted(&mut node)?);
    let piece = Speaker {
        stream: 3,
        position: 1920,
        captured_ns: 7,
        data: (0..=255).collect(),
    };
    node.kernel.emit("audio", topics::AUDIO_SPEAKER, &piece)?;
    let came = binary(&mut listener)?;
    assert_eq!(came[..8], 1920u64.to_le_bytes());
    assert_eq!(came[8..16], 7u64.to_le_bytes());
    assert_eq!(came[24..28], 3u32.to_le_bytes());
    assert_eq!(came[SOUND_HEAD_LEN..], piece.data);
    drop(listener);
    assert!(!wanted(&mut node)?);
    Ok(())
}

#[test]
fn a_microphone_is_opened_heard_and_closed_with_its_page() -> Outcome {
    let mut node = Node::start()?;
    node.kernel.answer(OPEN, |_| Ok(encode_body(&Nothing {})));
    node.kernel.answer(CLOSE, |_| Ok(encode_body(&Nothing {})));
    let mut page = node.owner()?.socket_with("/api/microphone", "holder=42")?;
    node.settle()?;
    assert!(binary(&mut page)?.is_empty());
    say(&mut page, vec![1, 0, 2, 0])?;
    let sound: Microphone = node.kernel.expect(topics::AUDIO_MICROPHONE)?;
    assert_eq!((sound.who.holder, sound.data), (42, vec![1, 0, 2, 0]));
    drop(page);
    while !node.kernel.calls().iter().any(|method| method == CLOSE) {
        node.settle()?;
    }
    Ok(())
}

#[test]
fn one_that_is_refused_is_closed_with_the_reason_and_so_is_one_that_talks_nonsense() -> Outcome {
    let mut node = Node::start()?;
    let taken = "the microphone of 10.0.0.9 is open already: one at a time";
    node.kernel.answer(OPEN, move |_| {
        Err(WireError::new(ErrorCode::Conflict, taken))
    });
    node.kernel.answer(CLOSE, |_| Ok(encode_body(&Nothing {})));
    let mut page = node.owner()?.socket_with("/api/microphone", "holder=42")?;
    node.settle()?;
    let (code, reason) = page.expect_close()?;
    assert!(
        code == 1008 && reason.contains("one at a time"),
        "{code} {reason}"
    );
    node.kernel.answer(OPEN, |_| Ok(encode_body(&Nothing {})));
    for nonsense in [vec![1], vec![0; 9602]] {
        let mut page = node.owner()?.socket_with("/api/microphone", "holder=42")?;
        node.settle()?;
        say(&mut page, nonsense)?;
        node.settle()?;
        assert_eq!(page.expect_close()?.0, 1008);
    }
    Ok(())
}

#[test]
fn one_that_cannot_be_opened_now_is_asked_to_try_again() -> Outcome {
    let mut node = Node::start()?;
    for code in [ErrorCode::Unavailable, ErrorCode::Timeout] {
        node.kernel
            .answer(OPEN, move |_| Err(WireError::new(code, "audio is down")));
        let mut page = node.owner()?.socket_with("/api/microphone", "holder=42")?;
        node.settle()?;
        let (code, reason) = page.expect_close()?;
        assert!(code == 1013 && reason.contains("down"), "{code} {reason}");
    }
    Ok(())
}

#[test]
fn a_microphone_of_nobody_is_refused() -> Outcome {
    let node = Node::start()?;
    for query in ["", "holder=", "holder=me"] {
        let refused = node.owner()?.socket_with("/api/microphone", query);
        let error = refused.err().map(|error| error.to_string());
        assert!(
            error.as_ref().is_some_and(|error| error.contains("400")),
            "{query}: {error:?}"
        );
    }
    Ok(())
}
