//! `/api/sound`: what the target plays, and `/api/microphone`: what the target is to hear. Each on a connection of its own: no sound
//! stands before a key.

use super::{
    frame::{encode, push_head, Message, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
};
use crate::{
    actions,
    app::App,
    clock::{monotonic_ns, Moment},
    state::Listener,
};
use dkvm_wire::{
    topics,
    vocab::audio::{Microphone, MicrophoneRef, Speaker, MICROPHONE_FRAMES, SOUND_HEAD_LEN},
    ErrorCode, WireError,
};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, sync::mpsc};

/// Pings that wait for their answer.
const PINGS: usize = 4;
/// Bytes of a sample of the microphone.
const SAMPLE: usize = 2;
/// Messages of a microphone in a second; a page sends 50.
const MESSAGES: u32 = 200;

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

async fn write_all(write: &mut Write, frame: &[u8]) -> std::io::Result<()> {
    write.write_all(frame).await?;
    write.flush().await
}

/// A page that listens says nothing.
async fn silent(reader: &mut Read, pings: &mpsc::Sender<Vec<u8>>) -> Ending {
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

/// A page's microphone, open until one side ends it; what is sent on is never more than the router takes from a device.
pub async fn speak(
    who: MicrophoneRef,
    reader: &mut Read,
    write: &mut Write,
    app: &Arc<App>,
) -> Ending {
    if let Err(error) = actions::open_microphone(&app.hub, &who).await {
        return refusal(error);
    }
    let ending = pass_on(&who, reader, write, app).await;
    // When the audio device is gone, so is what it knew.
    let _ = actions::close_microphone(&app.hub, &who).await;
    ending
}

/// Another microphone is open: asking again would not help. Everything else passes, and the page tries again.
fn refusal(error: WireError) -> Ending {
    match error.code {
        ErrorCode::Conflict => Ending::policy(error.message),
        _ => Ending::later(error.message),
    }
}

async fn pass_on(
    who: &MicrophoneRef,
    reader: &mut Read,
    write: &mut Write,
    app: &Arc<App>,
) -> Ending {
    let (mut second, mut count) = (Moment::now(), 0);
    // The page shows that it is open.
    if let Err(error) = write_all(write, &encode(Opcode::Binary, &[])).await {
        return error.into();
    }
    loop {
        let message = match reader.next().await {
            Ok(message) => message,
            Err(ending) => return ending,
        };
        if Moment::now().since(second) >= Duration::from_secs(1) {
            (second, count) = (Moment::now(), 0);
        }
        count += 1;
        let done = match message {
            _ if count > MESSAGES => Ok(()),
            Message::Binary(data) => hear(who, data, app),
            Message::Ping(payload) => write_all(write, &encode(Opcode::Pong, &payload))
                .await
                .map_err(Ending::from),
            Message::Pong => Ok(()),
            Message::Text(_) => Err(Ending::policy("this socket takes binary messages only")),
            Message::Close => Err(Ending::Closed),
        };
        if let Err(ending) = done {
            return ending;
        }
    }
}

fn hear(who: &MicrophoneRef, data: Vec<u8>, app: &Arc<App>) -> Result<(), Ending> {
    if data.len() > MICROPHONE_FRAMES * SAMPLE || !data.len().is_multiple_of(SAMPLE) {
        return Err(Ending::policy(
            "a message of a microphone is at most 100 ms of 16 bit samples",
        ));
    }
    let sound = Microphone {
        position: None,
        who: who.clone(),
        data,
    };
    // The link's own loop ends the device.
    app.hub
        .sender()
        .emit(topics::AUDIO_MICROPHONE, &sound)
        .map_err(|_| Ending::Gone)
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
