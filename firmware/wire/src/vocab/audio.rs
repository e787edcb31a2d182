//! Sound: the target's speakers to the user, the user's microphone to the target.

use serde::{Deserialize, Serialize};

/// Methods of the audio device.
pub mod methods {
    /// `{}` → [`super::AudioState`]: for those to whom the topic is not routed.
    pub const GET: &str = "audio.get";
    /// [`super::ChooseSource`] → `{}`: whose sound is heard from now on; remembered.
    pub const SOURCE: &str = "audio.source";
    /// [`super::MicrophoneRef`] → `{}`: a page's microphone is open. `conflict` while another one is.
    pub const MICROPHONE_OPEN: &str = "audio.microphone.open";
    /// [`super::MicrophoneRef`] → `{}`: it is closed.
    pub const MICROPHONE_CLOSE: &str = "audio.microphone.close";
}

/// Frames a second on both topics, whatever the target and the cards have.
pub const RATE: u32 = 48_000;
/// Frames of each `audio.speaker`: 20 ms.
pub const CHUNK_FRAMES: usize = 960;
/// Most frames of one `audio.microphone`: 100 ms.
pub const MICROPHONE_FRAMES: usize = 4800;
/// A microphone from which nothing comes for so long is closed, ms.
pub const MICROPHONE_LEASE_MS: u64 = 2000;
/// The source that is the target's own USB speakers; any other is a sound card of the node.
pub const GADGET: &str = "gadget";
/// Head of each binary message on `/api/sound`, little-endian: position u64, captured_ns u64 and web's `CLOCK_MONOTONIC` at sending
/// u64 (ns), stream u32, rest u32 (0); then the samples. On `/api/microphone` a message is samples alone.
pub const SOUND_HEAD_LEN: usize = 32;

/// Topic `audio.speaker`, sent only while somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Counts the times that the target, or the card, began to play: another number is a new beginning and no gap.
    pub stream: u32,
    /// Frames before the first of these, in all streams of this life of the device. Where it is not the end of those before, in
    /// the same stream, some were lost.
    pub position: u64,
    /// When they were whole, on the node's `CLOCK_MONOTONIC`.
    pub captured_ns: u64,
    /// [`CHUNK_FRAMES`] frames: left and right, 16 bits each, little-endian.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// Topic `audio.microphone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Microphone {
    /// Whose it is.
    pub who: MicrophoneRef,
    /// Frames before the first of these, where pieces of [`CHUNK_FRAMES`] may overtake each other on their way; absent: they come in
    /// order, as from a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// At most [`MICROPHONE_FRAMES`] frames of one channel, 16 bits, little-endian.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// A page's microphone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MicrophoneRef {
    /// Random, chosen by whom it belongs to.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub holder: u64,
    /// For people: where it is.
    pub name: String,
}

/// Arguments of `audio.source`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChooseSource {
    /// One of [`AudioState::sources`].
    pub source: String,
}

/// Something to listen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SoundSource {
    /// [`GADGET`], or the id of a card (`/proc/asound/cards`).
    pub id: String,
    /// For people.
    pub title: String,
}

/// Topic `audio.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AudioState {
    /// Whose sound is heard.
    pub source: String,
    /// What can be chosen.
    pub sources: Vec<SoundSource>,
    /// Whether the target has speakers and a microphone of ours: the USB profile has the function.
    pub usb: bool,
    /// Frames a second that the target plays, or the chosen card gives; 0 when it does not.
    pub playing: u32,
    /// Frames a second that the target records; 0 when it does not.
    pub recording: u32,
    /// Somebody listens.
    pub heard: bool,
    /// Whose microphone is open.
    pub microphone: Option<MicrophoneRef>,
    /// Times that sound was lost on the way from Linux, since the device started.
    pub lost: u32,
    /// Times that the open microphone had nothing for the target that recorded, since the device started.
    pub starved: u32,
    /// A sentence for a person, where something is wrong.
    pub message: Option<String>,
}
