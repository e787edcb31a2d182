//! The device's part of the configuration.

use crate::follow::Choice;
use dkvm_audio::config::BackendKind;
use serde::Deserialize;

/// Least that waits, ms: two pieces of what comes.
const LEAST_BUFFER_MS: u32 = 40;
/// Most of it: beyond, sound and picture are apart.
const MOST_BUFFER_MS: u32 = 1000;
/// Of a network that is even, as a desk's is.
const USUAL_BUFFER_MS: u32 = 60;

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Config {
    /// `alsa` (default) or `dummy`, which needs no sound card.
    pub backend: BackendKind,
    /// As ALSA's configuration names it.
    pub device: String,
    /// Whose sound.
    pub choice: Choice,
    /// How much of it waits, ms.
    pub buffer_ms: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    backend: BackendKind,
    device: String,
    source: String,
    buffer_ms: u32,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            device: "default".to_owned(),
            source: "follow".to_owned(),
            buffer_ms: USUAL_BUFFER_MS,
        }
    }
}

impl TryFrom<Table> for Config {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let buffer_ms = table.buffer_ms;
        if !(LEAST_BUFFER_MS..=MOST_BUFFER_MS).contains(&buffer_ms) {
            return Err(format!(
                "buffer_ms = {buffer_ms}: use {LEAST_BUFFER_MS} to {MOST_BUFFER_MS}"
            ));
        }
        Ok(Self {
            backend: table.backend,
            device: table.device,
            choice: Choice::named(&table.source)?,
            buffer_ms,
        })
    }
}
