//! The device's part of the configuration.

use dkvm_wire::vocab::audio::GADGET;
use serde::{de::Error as _, Deserialize, Deserializer};

/// Least of what waits for the target, ms: two messages of a page.
const LEAST_BUFFER_MS: u32 = 40;
/// Most of it: beyond, nobody can talk.
const MOST_BUFFER_MS: u32 = 1000;
/// A page's messages come every 20 ms over a network that is not always even.
const USUAL_BUFFER_MS: u32 = 80;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `alsa` (default) or `dummy`, which needs no sound card.
    pub backend: BackendKind,
    /// Whose sound is heard until somebody chooses another: `gadget`, or the id of a card.
    pub source: String,
    /// How much of the microphone waits for the target, ms.
    #[serde(deserialize_with = "buffer")]
    pub microphone_buffer_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Alsa,
            source: GADGET.to_owned(),
            microphone_buffer_ms: USUAL_BUFFER_MS,
        }
    }
}

/// Where sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// Linux's.
    #[default]
    Alsa,
    /// A tone.
    Dummy,
}

fn buffer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let buffer = u32::deserialize(deserializer)?;
    if (LEAST_BUFFER_MS..=MOST_BUFFER_MS).contains(&buffer) {
        return Ok(buffer);
    }
    let message =
        format!("microphone_buffer_ms = {buffer}: use {LEAST_BUFFER_MS} to {MOST_BUFFER_MS}");
    Err(D::Error::custom(message))
}
