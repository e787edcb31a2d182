//! `/api/microphone`: what a target is to hear, on a connection of its own.

use super::{
    frame::{encode, Message, Opcode},
    link::{Ending, Read, Write},
    sound::write_all,
};
use crate::{
    actions,
    app::App,
    clock::Moment,
    state::{Key, Part, Place},
};
use dkvm_wire::{
    topics,
    vocab::audio::{Microphone, MicrophoneRef, CHUNK_FRAMES, MICROPHONE_FRAMES},
    ErrorCode, WireError,
};
use std::{sync::Arc, time::Duration};

/// The audio device, here and at other nodes, unless the configuration says otherwise.
const AUDIO: &str = "audio";
/// Bytes of a sample of the microphone.
const SAMPLE: usize = 2;
/// Bytes of a piece that travels by itself.
const PIECE: usize = CHUNK_FRAMES * SAMPLE;
/// Messages of a microphone in a second; a page sends 50.
const MESSAGES: u32 = 200;
/// Letters that are shown of who has it at another node.
const SHOWN: usize = 24;

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
    let mut voice = Voice::new(Place::Here, who);
    let ending = pass_on(&mut voice, reader, write, app).await;
    // When the audio device is gone, so is what it knew.
    let _ = actions::close_microphone(&app.hub, &voice.who).await;
    ending
}

/// The same for the target of another node: to open it there would take a call, so its first sound does, and its silence closes it.
pub async fn speak_to(
    node: &str,
    who: MicrophoneRef,
    reader: &mut Read,
    write: &mut Write,
    app: &Arc<App>,
) -> Ending {
    let mut voice = Voice::new(Place::At(node.to_owned()), who);
    match voice.is_heard(app) {
        Ok(()) => pass_on(&mut voice, reader, write, app).await,
        Err(ending) => ending,
    }
}

/// A page's voice on its way to one target.
struct Voice {
    place: Place,
    who: MicrophoneRef,
    /// For another node: frames before the next piece, and what is no whole piece yet. Over a link each travels by itself, so they are
    /// of one length and have numbers.
    position: u64,
    rest: Vec<u8>,
}

impl Voice {
    const fn new(place: Place, who: MicrophoneRef) -> Self {
        Self {
            place,
            who,
            position: 0,
            rest: Vec::new(),
        }
    }

    /// The one device that hears it, and no other.
    fn ear(&self, app: &App) -> String {
        match &self.place {
            Place::Here => app.hub.device_of(&Key::Audio, AUDIO),
            Place::At(node) => app.hub.far_device(node, Part::Audio, AUDIO),
        }
    }

    /// Whether the other node's state says that it can be: nobody there answers who speaks.
    fn is_heard(&self, app: &App) -> Result<(), Ending> {
        let Place::At(node) = &self.place else {
            return Ok(());
        };
        let Some(audio) = app.hub.far_audio(node) else {
            return Err(Ending::later(format!("{node} has no sound now: try again")));
        };
        if !audio.usb {
            let why = format!("{node}: its USB profile has no sound");
            return Err(Ending::policy(why));
        }
        match audio.microphone {
            Some(open) if open.holder != self.who.holder => {
                let name: String = open.name.chars().take(SHOWN).collect();
                Err(Ending::policy(format!(
                    "{node}: the microphone of {name} is open"
                )))
            }
            _ => Ok(()),
        }
    }

    /// What goes on now.
    fn pieces(&mut self, data: Vec<u8>) -> Vec<Microphone> {
        let piece = |position, data| Microphone {
            who: self.who.clone(),
            position,
            data,
        };
        if self.place == Place::Here {
            return vec![piece(None, data)];
        }
        self.rest.extend_from_slice(&data);
        let mut pieces = Vec::new();
        while let Some((whole, rest)) = self.rest.split_at_checked(PIECE) {
            pieces.push(piece(Some(self.position), whole.to_vec()));
            self.position += CHUNK_FRAMES as u64;
            self.rest = rest.to_vec();
        }
        pieces
    }
}

/// Another microphone is open: asking again would not help. Everything else passes, and the page tries again.
fn refusal(error: WireError) -> Ending {
    match error.code {
        ErrorCode::Conflict => Ending::policy(error.message),
        _ => Ending::later(error.message),
    }
}

async fn pass_on(
    voice: &mut Voice,
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
            Message::Binary(data) => hear(voice, data, app),
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

fn hear(voice: &mut Voice, data: Vec<u8>, app: &App) -> Result<(), Ending> {
    if data.len() > MICROPHONE_FRAMES * SAMPLE || !data.len().is_multiple_of(SAMPLE) {
        return Err(Ending::policy(
            "a message of a microphone is at most 100 ms of 16 bit samples",
        ));
    }
    // Somebody else's may have been first.
    voice.is_heard(app)?;
    let ear = voice.ear(app);
    for sound in voice.pieces(data) {
        let sender = app.hub.sender();
        let sent = sender.emit_to(topics::AUDIO_MICROPHONE, &sound, &[&ear]);
        // The link's own loop ends the device.
        sent.map_err(|_| Ending::Gone)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(place: Place) -> Voice {
        let who = MicrophoneRef {
            holder: 1,
            name: String::new(),
        };
        Voice::new(place, who)
    }

    #[test]
    fn what_goes_to_another_node_is_whole_pieces_in_their_order_however_it_comes() {
        let all: Vec<u8> = (0..PIECE * 10).map(|n| (n % 251) as u8).collect();
        for length in [SAMPLE, 480 * SAMPLE, PIECE, 4800 * SAMPLE] {
            let mut voice = voice(Place::At("lab".to_owned()));
            let came = all
                .chunks(length)
                .flat_map(|data| voice.pieces(data.to_vec()));
            let came: Vec<Microphone> = came.collect();
            let positions = came.iter().map(|piece| piece.position);
            assert!(positions.eq((0..10).map(|n| Some(n * 960))), "{length}");
            assert!(came.iter().flat_map(|piece| &piece.data).eq(&all));
        }
    }

    #[test]
    fn what_stays_here_goes_as_it_comes() {
        let came = voice(Place::Here).pieces(vec![1, 2]);
        assert_eq!(
            (came.len(), came[0].position, &*came[0].data),
            (1, None, &[1, 2][..])
        );
    }
}
