//! Small pictures of all targets: wanted only while an overview is open, and each under its node's name.

use crate::common::{Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Want,
    topics,
    vocab::video::{EncodeSettings, EncodeState, Thumb},
};
use tungstenite::Message;

type Outcome = Result<(), Failure>;

fn wanted(node: &mut Node) -> Result<(bool, Option<String>), Failure> {
    loop {
        let want: Want = node.kernel.expect(topics::WANT)?;
        if want.topic == topics::VIDEO_THUMB {
            return Ok((want.want, want.from));
        }
    }
}

fn show(node: &mut Node, from: &str, jpeg: &[u8]) -> Outcome {
    let thumb = Thumb {
        sequence: 1,
        width: 320,
        height: 180,
        jpeg: jpeg.to_vec(),
    };
    node.kernel.emit(from, topics::VIDEO_THUMB, &thumb)?;
    node.settle()
}

fn next(overview: &mut Socket) -> Result<(String, Vec<u8>), Failure> {
    loop {
        let message = overview.inner.read();
        let message = message.map_err(|error| Failure::new(error.to_string()))?;
        if let Message::Binary(bytes) = message {
            let (name, jpeg) = bytes[1..].split_at(bytes[0].into());
            return Ok((String::from_utf8_lossy(name).into_owned(), jpeg.to_vec()));
        }
    }
}

fn told(node: &str, jpeg: &[u8]) -> (String, Vec<u8>) {
    (node.to_owned(), jpeg.to_vec())
}

#[test]
fn they_are_wanted_of_all_while_an_overview_is_open() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let one = owner.socket("/api/thumbs")?;
    assert_eq!(wanted(&mut node)?, (true, None));
    let two = owner.socket("/api/thumbs")?;
    drop(one);
    drop(two);
    assert_eq!(wanted(&mut node)?, (false, None));
    Ok(())
}

#[test]
fn each_comes_under_its_nodes_name_at_once_on_change_and_when_it_is_gone() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let mut one = owner.socket("/api/thumbs")?;
    wanted(&mut node)?;
    let state = EncodeState {
        settings: EncodeSettings {
            quality: 50,
            max_rate: 0,
        },
        rate: 0,
        passthrough: false,
    };
    node.kernel
        .emit("lab/encode", topics::ENCODE_STATE, &state)?;
    show(&mut node, "encode", b"own")?;
    assert_eq!(next(&mut one)?, told("", b"own"));
    show(&mut node, "lab/encode", b"far")?;
    assert_eq!(next(&mut one)?, told("lab", b"far"));
    let mut late = owner.socket("/api/thumbs")?;
    let both = [next(&mut late)?, next(&mut late)?];
    assert_eq!(both, [told("", b"own"), told("lab", b"far")]);
    show(&mut node, "lab/encode", b"")?;
    assert_eq!(next(&mut one)?, told("lab", b""));
    show(&mut node, "lab/encode", b"again")?;
    assert_eq!(next(&mut one)?, told("lab", b"again"));
    node.kernel.source_gone("lab/encode", 1)?;
    assert_eq!(next(&mut one)?, told("lab", b""));
    Ok(())
}

#[test]
fn one_who_says_something_is_sent_away() -> Outcome {
    let mut node = Node::start()?;
    let mut overview = node.owner()?.socket("/api/thumbs")?;
    wanted(&mut node)?;
    overview.send_text("more")?;
    assert_eq!(overview.expect_close()?.0, 1008);
    assert_eq!(wanted(&mut node)?, (false, None));
    Ok(())
}
