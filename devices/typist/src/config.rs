//! The device's part of the configuration.

use dkvm_wire::vocab::typist::MAX_PACE_MS;
use serde::Deserialize;

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The target's keyboard layout, unless a text comes with another.
    pub layout: String,
    /// Pause after each character, ms, unless a text comes with another. Without it, as fast as the target takes keys.
    pub pace_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            layout: "us".to_owned(),
            pace_ms: 0,
        }
    }
}

/// A value that fits its type and still makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senseless {
    /// Its key.
    pub key: &'static str,
    /// Why, and what is allowed.
    pub reason: String,
}

impl Config {
    /// What types cannot tell.
    pub fn check(&self) -> Result<(), Senseless> {
        dkvm_keymap::find(&self.layout).map_err(|error| Senseless {
            key: "layout",
            reason: error.to_string(),
        })?;
        check_pace(self.pace_ms).map_err(|reason| Senseless {
            key: "pace_ms",
            reason,
        })
    }
}

/// Whether a pause is one.
pub fn check_pace(pace_ms: u32) -> Result<(), String> {
    if pace_ms > MAX_PACE_MS {
        return Err(format!(
            "a pause of {pace_ms} ms is too long: use 0 to {MAX_PACE_MS}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_right_and_nonsense_is_named() {
        assert_eq!(Config::default().check(), Ok(()));
        let wrong = |config: Config| config.check().expect_err("it is wrong");
        let layout = wrong(Config {
            layout: "xx".into(),
            ..Config::default()
        });
        assert_eq!(layout.key, "layout");
        assert!(layout.reason.contains("us-intl"), "{}", layout.reason);
        let pace = wrong(Config {
            pace_ms: MAX_PACE_MS + 1,
            ..Config::default()
        });
        assert_eq!(pace.key, "pace_ms");
    }
}
