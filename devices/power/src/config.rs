//! The device's part of the configuration.

use crate::{
    core::Led,
    wake::{Mac, WakeEntry},
};
use dkvm_wire::vocab::power::Button;
use serde::Deserialize;
use std::{collections::HashMap, fmt, path::PathBuf, time::Duration};

/// A short press: well over what mainboards take for bouncing (some 20 ms), well under what they take for a hold.
const PRESS_MS: u32 = 200;
/// Shorter is bouncing to a mainboard.
pub const PRESS_MIN_MS: u32 = 20;
/// From here on some firmware begins to take a press for a hold.
const PRESS_MAX_MS: u32 = 2000;
/// More machines than one Pi has neighbours, few enough for a list on the page.
const WAKE_MAX: usize = 64;

/// Nothing is wired by default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What reaches the lines.
    pub backend: BackendKind,
    /// The GPIO chip that lines by number are on: `gpiochip0`, a path, or a label like `pinctrl-bcm2711`. Without it, the Pi's own.
    pub chip: Option<String>,
    /// A short press, ms.
    pub press_ms: u32,
    /// The line that presses the power button.
    pub power_button: Option<ButtonWire>,
    /// The line that presses the reset button.
    pub reset_button: Option<ButtonWire>,
    /// The line that sees the power LED.
    pub power_led: Option<LedWire>,
    /// The line that sees the disk LED.
    pub disk_led: Option<LedWire>,
    /// Machines that can be woken.
    pub wake: Vec<WakeEntry>,
    /// File to which the dummy appends each change as a line `power active`.
    pub record: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            chip: None,
            press_ms: PRESS_MS,
            power_button: None,
            reset_button: None,
            power_led: None,
            disk_led: None,
            wake: Vec::new(),
            record: None,
        }
    }
}

/// What reaches the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// The character device where there is one, else rppal: Linux takes a line of the character device back from a device
    /// that died.
    #[default]
    Auto,
    /// The registers of a Raspberry Pi, by the crate `rppal`.
    Rppal,
    /// Linux's GPIO character device, on any board.
    Chardev,
    /// Nothing: a pretended target.
    Dummy,
}

/// A line that presses a button.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ButtonWire {
    /// Which.
    pub line: LineId,
    /// The level that presses: `high` for an optocoupler or relay between the line and ground.
    #[serde(default = "Level::high")]
    pub active: Level,
}

/// A line that sees a LED.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedWire {
    /// Which.
    pub line: LineId,
    /// The level when the LED is lit: `low` for an optocoupler whose transistor pulls the line to ground.
    #[serde(default = "Level::low")]
    pub active: Level,
    /// The resistor inside the Pi; unless told, against the active level.
    #[serde(default)]
    pub pull: Option<Pull>,
}

impl LedWire {
    /// The resistor inside the Pi.
    pub fn pull(&self) -> Pull {
        self.pull.unwrap_or(match self.active {
            Level::Low => Pull::Up,
            Level::High => Pull::Down,
        })
    }
}

/// A line's number on the chip (on a Pi: the BCM number), or its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(
    untagged,
    expecting = "a line is a number, like 23, or a name, like \"GPIO23\""
)]
pub enum LineId {
    /// Number.
    Number(u32),
    /// Name.
    Name(String),
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "line {number}"),
            Self::Name(name) => write!(f, "line {name:?}"),
        }
    }
}

/// A voltage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    Low,
    High,
}

impl Level {
    const fn high() -> Self {
        Self::High
    }
    const fn low() -> Self {
        Self::Low
    }
}

/// A resistor inside the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Pull {
    Up,
    Down,
    None,
}

/// A value that fits its type and still makes no sense: the key, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senseless {
    /// With dots.
    pub key: String,
    /// Why, and what is allowed.
    pub reason: String,
}

impl Config {
    /// How a button is wired.
    pub fn button(&self, button: Button) -> Option<&ButtonWire> {
        match button {
            Button::Power => self.power_button.as_ref(),
            Button::Reset => self.reset_button.as_ref(),
        }
    }

    /// How a LED is wired.
    pub fn led(&self, led: Led) -> Option<&LedWire> {
        match led {
            Led::Power => self.power_led.as_ref(),
            Led::Disk => self.disk_led.as_ref(),
        }
    }

    /// A short press.
    pub fn press(&self) -> Duration {
        Duration::from_millis(u64::from(self.press_ms))
    }

    /// What types cannot tell.
    pub fn check(&self) -> Result<(), Senseless> {
        if !(PRESS_MIN_MS..=PRESS_MAX_MS).contains(&self.press_ms) {
            return Err(senseless(
                "press_ms",
                format!(
                    "{} ms is no short press: use {PRESS_MIN_MS} to {PRESS_MAX_MS}",
                    self.press_ms
                ),
            ));
        }
        self.check_lines()?;
        self.check_wake()
    }

    fn check_lines(&self) -> Result<(), Senseless> {
        let mut seen: HashMap<&LineId, &str> = HashMap::new();
        for (key, line) in self.lines() {
            if let Some(other) = seen.insert(line, key) {
                return Err(senseless(
                    &format!("{key}.line"),
                    format!("{line} is {other}'s already: each needs a line of its own"),
                ));
            }
        }
        Ok(())
    }

    fn lines(&self) -> impl Iterator<Item = (&'static str, &LineId)> {
        let buttons = [
            ("power_button", self.power_button.as_ref()),
            ("reset_button", self.reset_button.as_ref()),
        ]
        .map(|(key, wire)| (key, wire.map(|wire| &wire.line)));
        let leds = [
            ("power_led", self.power_led.as_ref()),
            ("disk_led", self.disk_led.as_ref()),
        ]
        .map(|(key, wire)| (key, wire.map(|wire| &wire.line)));
        buttons
            .into_iter()
            .chain(leds)
            .filter_map(|(key, line)| Some((key, line?)))
    }

    fn check_wake(&self) -> Result<(), Senseless> {
        if self.wake.len() > WAKE_MAX {
            return Err(senseless(
                "wake",
                format!(
                    "{} machines are too many: at most {WAKE_MAX}",
                    self.wake.len()
                ),
            ));
        }
        for (at, entry) in self.wake.iter().enumerate() {
            if entry.name.trim().is_empty() || entry.name.parse::<Mac>().is_ok() {
                let reason = "give the machine a name that is not empty and no MAC address";
                return Err(senseless(&format!("wake.{at}.name"), reason));
            }
            if self.wake[..at].iter().any(|other| other.name == entry.name) {
                return Err(senseless(
                    &format!("wake.{at}.name"),
                    format!(
                        "{:?} is there twice: each machine needs its own name",
                        entry.name
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn senseless(key: &str, reason: impl Into<String>) -> Senseless {
    Senseless {
        key: key.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(config: serde_json::Value) -> Result<Config, String> {
        let config: Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
        config
            .check()
            .map(|()| config)
            .map_err(|wrong| format!("{}: {}", wrong.key, wrong.reason))
    }

    #[test]
    fn nothing_is_wired_by_default() {
        let config = read(json!({})).unwrap();
        assert_eq!(config.lines().count(), 0);
        assert_eq!(config.press(), Duration::from_millis(200));
    }

    #[test]
    fn lines_go_by_number_or_name() {
        let config = read(json!({
            "power_button": { "line": 23 },
            "power_led": { "line": "GPIO24", "active": "high" },
            "disk_led": { "line": 22 },
        }))
        .unwrap();
        let button = config.button(Button::Power).unwrap();
        assert_eq!(
            (&button.line, button.active),
            (&LineId::Number(23), Level::High)
        );
        let led = config.power_led.as_ref().unwrap();
        assert_eq!(
            (led.line.to_string().as_str(), led.pull()),
            ("line \"GPIO24\"", Pull::Down)
        );
        assert_eq!(config.disk_led.unwrap().pull(), Pull::Up);
    }

    #[test]
    fn mistakes_are_told_with_what_is_allowed() {
        let told = |config| read(config).unwrap_err();
        assert!(told(json!({ "power_button": { "line": true } })).contains("a number, like 23"));
        assert!(told(json!({ "press_ms": 5000 })).contains("use 20 to 2000"));
        let twice = json!({ "power_button": { "line": 3 }, "disk_led": { "line": 3 } });
        assert!(told(twice).contains("line 3 is power_button's already"));
        let mac = "02:00:00:00:00:01";
        let twins = json!({ "wake": [{ "name": "a", "mac": mac }, { "name": "a", "mac": mac }] });
        assert!(told(twins).contains("twice"));
        assert!(told(json!({ "wake": [{ "name": mac, "mac": mac }] })).contains("no MAC address"));
        assert!(
            told(json!({ "wake": [{ "name": "a", "mac": "02:00:00" }] })).contains("six pairs")
        );
    }
}
