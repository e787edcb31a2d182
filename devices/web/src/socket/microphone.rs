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
    vocab::audio::{Microphone, MicrophoneRef, MICROPHONE_FRAMES},
    ErrorCode, WireError,
};
use std::{sync::Arc, time::Duration};

/// The audio device, here and at other nodes, unless the configuration says otherwise.
const AUDIO: &str = "audio";
/// Bytes of a sample of the microphone.
const SAMPLE: usize = 2;
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
    let Some(audio) = app.hub.far_audio(node) else {
        return Ending::later(format!("{node} has no sound now: try again"));
    };
    if let Some(open) = audio.microphone.filter(|open| open.holder != who.holder) {
        let name: String = open.name.chars().take(SHOWN).collect();
        return Ending::policy(format!("{node}: the microphone of {name} is open"));
    }
    let mut voice = Voice::new(Place::At(node.to_owned()), who);
    pass_on(&mut voice, reader, write, app).await
}

/// A page's voice on its way to one target.
struct Voice {
    place: Place,
    who: MicrophoneRef,
    /// Samples before the next: over a link they come in any order.
    position: u64,
}

impl Voice {
    const fn new(place: Place, who: MicrophoneRef) -> Self {
        Self {
            place,
            who,
            position: 0,
        }
    }

    /// The one device that hears it, and no other.
    fn ear(&self, app: &App) -> String {
        match &self.place {
            Place::Here => app.hub.device_of(&Key::Audio, AUDIO),
            Place::At(node) => app.hub.far_device(node, Part::Audio, AUDIO),
        }
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
    let samples = data.len() / SAMPLE;
    let sound = Microphone {
        position: (voice.place != Place::Here).then_some(voice.position),
        who: voice.who.clone(),
        data,
    };
    voice.position += samples as u64;
    let ear = voice.ear(app);
    let sent = app
        .hub
        .sender()
        .emit_to(topics::AUDIO_MICROPHONE, &sound, &[&ear]);
    // The link's own loop ends the device.
    sent.map_err(|_| Ending::Gone)
}
