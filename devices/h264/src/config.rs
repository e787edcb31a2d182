//! The `config` table of an h264 device.

use dkvm_wire::vocab::video::H264Settings;
use serde::Deserialize;

/// Faster than any source; more is a typing error.
const RATE_MAX: u32 = 1000;
/// Less does not carry a picture that moves at all.
const KBIT_MIN: u32 = 100;
/// A gigabit: more is a typing error.
const KBIT_MAX: u32 = 1_000_000;

/// Everything that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Config {
    /// What holds at the start.
    pub settings: H264Settings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Most frames a second at the start; 0 for all.
    #[serde(default)]
    max_rate: u32,
    /// Most kilobits a second at the start; 0 for what the links carry.
    #[serde(default)]
    max_kbit: u32,
}

impl TryFrom<Table> for Config {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let settings = H264Settings {
            max_rate: table.max_rate,
            max_kbit: table.max_kbit,
        };
        check(&settings)?;
        Ok(Self { settings })
    }
}

/// Why settings are refused.
pub fn check(settings: &H264Settings) -> Result<(), String> {
    let H264Settings { max_rate, max_kbit } = *settings;
    if max_rate > RATE_MAX {
        return Err(format!(
            "max_rate = {max_rate}: use 0 (all frames) to {RATE_MAX}"
        ));
    }
    if max_kbit != 0 && !(KBIT_MIN..=KBIT_MAX).contains(&max_kbit) {
        return Err(format!(
            "max_kbit = {max_kbit}: use 0 (what the links carry), or {KBIT_MIN} to {KBIT_MAX}"
        ));
    }
    Ok(())
}
