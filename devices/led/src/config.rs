//! The device's part of the configuration.

use serde::Deserialize;
use std::path::PathBuf;

/// What the green LED of a Pi is called: by the device trees of raspberrypi.com, old and new, and by mainline's.
const NAMES: [&str; 4] = ["ACT", "led0", "green:act", "green:status"];
/// Where Linux has its LEDs.
const CLASS: &str = "/sys/class/leds";

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sysfs` (default) or `dummy`, which lights nothing.
    pub backend: BackendKind,
    /// The LED's name under /sys/class/leds; without it the usual names are tried.
    pub led: Option<String>,
    /// Where LEDs are; another place in tests.
    pub class: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            led: None,
            class: CLASS.into(),
        }
    }
}

/// What shines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// A LED of Linux.
    #[default]
    Sysfs,
    /// Nothing.
    Dummy,
}

impl Config {
    /// The names to try, in order.
    pub fn names(&self) -> Vec<&str> {
        match &self.led {
            Some(name) => vec![name],
            None => NAMES.to_vec(),
        }
    }

    /// A name is one folder's, not a way out of it.
    pub fn check(&self) -> Result<(), String> {
        match &self.led {
            Some(name) if name.is_empty() || name.contains('/') || name.starts_with('.') => Err(
                format!("{name:?} is no LED's name: use one of /sys/class/leds"),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name() {
        let named = |led: &str| Config {
            led: Some(led.to_owned()),
            ..Config::default()
        };
        assert!(named("ACT").check().is_ok() && Config::default().check().is_ok());
        for wrong in ["", "..", "../../devices", ".x", "a/b"] {
            assert!(named(wrong).check().is_err(), "{wrong}");
        }
        assert_eq!(
            (named("x").names(), Config::default().names().len()),
            (vec!["x"], NAMES.len())
        );
    }
}
