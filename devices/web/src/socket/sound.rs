//! `/api/sound`: what a target plays, on a connection of its own: no sound stands before a key.

use super::{
    frame::{encode, push_head, Message, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
};
use crate::{clock::monotonic_ns, state::Listener};
use dkvm_wire::vocab::audio::{Speaker, SOUND_HEAD_LEN};
use tokio::{io::AsyncWriteExt, sync::mpsc};

/// Pings that wait for their answer.
pub(super) const PINGS: usize = 4;
/// Plays until one side ends it.
pub async fn listen(mut listener: Listener, reader: &mut Read, write: &mut Write) -> Ending {
    let (pings, mut pinged) = mpsc::channel::<Vec<u8>>(PINGS);
    let play = async {
        loop {
            let frame = tokio::select! {
                piece = listener.next() => frame(&piece, monotonic_ns()),
                Some(payload) = pinged.recv() => encode(Opcode::Pong, &payload),
            };
            if let Err(error) = write_all(write, &frame).await {
                return error.into();
            }
        }
    };
    tokio::select! {
        ending = silent(reader, &pings) => ending,
        ending = play => ending,
    }
}

/// Whole, and at once.
pub(super) async fn write_all(write: &mut Write, frame: &[u8]) -> std::io::Result<()> {
    write.write_all(frame).await?;
    write.flush().await
}

/// A page that listens or looks says nothing.
pub(super) async fn silent(reader: &mut Read, pings: &mpsc::Sender<Vec<u8>>) -> Ending {
    loop {
        match reader.next().await {
            // More pings than can be answered are a flood; one answer is enough for all of them.
            Ok(Message::Ping(payload)) => drop(pings.try_send(payload)),
            Ok(Message::Pong) => {}
            Ok(Message::Close) => return Ending::Closed,
            Ok(Message::Binary(_) | Message::Text(_)) => {
                return Ending::policy("this socket takes no messages");
            }
            Err(ending) => return ending,
        }
    }
}

/// Head of the WebSocket frame and of the piece, and the samples.
fn frame(piece: &Speaker, now_ns: u64) -> Vec<u8> {
    let mut frame = Vec::with_capacity(MAX_HEAD + SOUND_HEAD_LEN + piece.data.len());
    push_head(
        &mut frame,
        Opcode::Binary,
        SOUND_HEAD_LEN + piece.data.len(),
    );
    for field in [piece.position, piece.captured_ns, now_ns] {
        frame.extend_from_slice(&field.to_le_bytes());
    }
    for field in [piece.stream, 0] {
        frame.extend_from_slice(&field.to_le_bytes());
    }
    frame.extend_from_slice(&piece.data);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_as_the_vocabulary_says() {
        let piece = Speaker {
            stream: 5,
            position: 960,
            captured_ns: 2,
            data: vec![7; 3840],
        };
        let frame = frame(&piece, 3);
        assert_eq!(frame.len(), 4 + SOUND_HEAD_LEN + 3840);
        assert_eq!(frame[4..12], 960u64.to_le_bytes());
        assert_eq!(frame[12..20], 2u64.to_le_bytes());
        assert_eq!(frame[20..28], 3u64.to_le_bytes());
        assert_eq!(
            (&frame[28..32], &frame[32..36]),
            (&5u32.to_le_bytes()[..], &[0; 4][..])
        );
    }
}
