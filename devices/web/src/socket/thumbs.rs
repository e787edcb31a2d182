//! `/api/thumbs`: small pictures of all targets, the latest of each.

use super::{
    frame::{encode, push_head, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
    sound::{silent, write_all, PINGS},
};
use crate::state::{Overview, Place};
use tokio::sync::mpsc;

/// Until one side ends it.
pub async fn run(mut overview: Overview, reader: &mut Read, write: &mut Write) -> Ending {
    let (pings, mut pinged) = mpsc::channel::<Vec<u8>>(PINGS);
    let show = async {
        loop {
            let frame = tokio::select! {
                (place, jpeg) = overview.next() => frame(&place, &jpeg),
                Some(payload) = pinged.recv() => encode(Opcode::Pong, &payload),
            };
            if let Err(error) = write_all(write, &frame).await {
                return error.into();
            }
        }
    };
    tokio::select! {
        ending = silent(reader, &pings) => ending,
        ending = show => ending,
    }
}

/// Head of the WebSocket frame, whose target it is, and the JPEG.
fn frame(place: &Place, jpeg: &[u8]) -> Vec<u8> {
    let node = match place {
        Place::Here => "",
        Place::At(node) => node,
    };
    // A node's name has at most 63 bytes.
    let length = u8::try_from(node.len()).unwrap_or(0);
    let name = node.get(..usize::from(length)).unwrap_or_default();
    let mut frame = Vec::with_capacity(MAX_HEAD + 1 + name.len() + jpeg.len());
    push_head(&mut frame, Opcode::Binary, 1 + name.len() + jpeg.len());
    frame.push(length);
    frame.extend_from_slice(name.as_bytes());
    frame.extend_from_slice(jpeg);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_before_the_picture() {
        let office = Place::At("office".to_owned());
        assert_eq!(frame(&office, b"jpeg"), b"\x82\x0b\x06officejpeg");
        assert_eq!(frame(&Place::Here, b"jpeg"), b"\x82\x05\x00jpeg");
        assert_eq!(frame(&office, b""), b"\x82\x07\x06office");
    }
}
