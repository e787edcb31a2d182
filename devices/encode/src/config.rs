//! The `config` table of an encode device.

use dkvm_wire::vocab::video::EncodeSettings;
use serde::{de::Error as _, Deserialize, Deserializer};

/// Text stays sharp, and a 720p desktop is some 100 KiB.
const QUALITY: u8 = 80;
/// Faster than any source; more is a typing error.
const RATE_MAX: u32 = 1000;

/// Everything that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What makes the JPEGs.
    pub backend: BackendKind,
    /// JPEG quality at the start, 1 to 100.
    #[serde(deserialize_with = "quality")]
    pub quality: u8,
    /// Most frames a second at the start; 0 for all.
    #[serde(deserialize_with = "rate")]
    pub max_rate: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            quality: QUALITY,
            max_rate: 0,
        }
    }
}

impl Config {
    /// As settings that viewers can change.
    pub fn settings(&self) -> EncodeSettings {
        EncodeSettings {
            quality: self.quality,
            max_rate: self.max_rate,
        }
    }
}

/// What makes the JPEGs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// libjpeg-turbo.
    #[default]
    Turbo,
    /// A grey mosaic by a few lines of Rust: for machines without the library, and tests.
    Dummy,
}

/// Why settings are refused.
pub fn check(settings: &EncodeSettings) -> Result<(), String> {
    if !(1..=100).contains(&settings.quality) {
        return Err(format!("quality = {}: use 1 to 100", settings.quality));
    }
    if settings.max_rate > RATE_MAX {
        return Err(format!(
            "max_rate = {}: use 0 (all frames) to {RATE_MAX}",
            settings.max_rate
        ));
    }
    Ok(())
}

fn quality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let quality = u8::deserialize(deserializer)?;
    check(&EncodeSettings {
        quality,
        max_rate: 0,
    })
    .map_err(D::Error::custom)?;
    Ok(quality)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let max_rate = u32::deserialize(deserializer)?;
    check(&EncodeSettings {
        quality: QUALITY,
        max_rate,
    })
    .map_err(D::Error::custom)?;
    Ok(max_rate)
}
