//! The device's part of the configuration.

use dkvm_audio::config::BackendKind;
use dkvm_speaker::follow::Choice;
use serde::Deserialize;

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Config {
    /// `alsa` (default) or `dummy`, a tone.
    pub backend: BackendKind,
    /// As ALSA's configuration names it.
    pub device: String,
    /// Who hears it.
    pub choice: Choice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    backend: BackendKind,
    device: String,
    target: String,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            device: "default".to_owned(),
            target: "follow".to_owned(),
        }
    }
}

impl TryFrom<Table> for Config {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        Ok(Self {
            backend: table.backend,
            device: table.device,
            choice: Choice::named(&table.target)
                .map_err(|why| why.replacen("source", "target", 1))?,
        })
    }
}
