//! The device's part of the configuration.

mod desk;

use crate::core::pointer::{Side, LARGEST, USUAL};
pub use desk::{DeskConfig, HeadConfig};
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Keys of one chord.
pub const MAX_CHORD: usize = 6;
/// Neighbours in a layout.
const MAX_LAYOUT: usize = 32;
/// Longest patience with a link, ms.
const MAX_PATIENCE_MS: u64 = 60_000;
/// Fastest and slowest pointer.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.05..=20.0;

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where keys come from.
    pub backend: BackendKind,
    /// Keys that bring input back here, pressed together.
    pub release: Vec<String>,
    /// Keys that choose a target together with a digit; empty for none.
    pub hotkey: Vec<String>,
    /// The order of the digits; nodes that are not named follow by their names.
    pub targets: Vec<String>,
    /// Several nodes at one PC, by a name of their own.
    pub desk: BTreeMap<String, DeskConfig>,
    /// This machine's keyboard layout, one of the typist's.
    pub keyboard: Option<String>,
    /// What is special about a target.
    pub target: BTreeMap<String, TargetConfig>,
    /// This machine's screen, pixels.
    pub screen: (u32, u32),
    /// Which screen is beside which.
    pub layout: Vec<Neighbour>,
    /// How far the pointer is pushed on at a wall before it goes over, counts of the mouse.
    pub resistance: u32,
    /// Pixels for each count of the mouse at targets.
    pub speed: f64,
    /// So long a link may be away, or nothing lead back from a target, before input is here again, ms.
    pub patience_ms: u64,
    /// Devices that are not read: parts of their names.
    pub ignore: Vec<String>,
    /// Whether keyboards and mice are read that programs of this machine made (uinput).
    pub virtual_devices: bool,
    /// FIFO from which the dummy reads what is pressed.
    pub script: Option<PathBuf>,
    /// File to which the dummy appends what it was told.
    pub record: Option<PathBuf>,
}

/// Where keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// `/dev/input` of Linux.
    #[default]
    Evdev,
    /// A script.
    Dummy,
}

/// What is special about a target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetConfig {
    /// Its hotkey, instead of the one by its place.
    pub hotkey: Option<Vec<String>>,
    /// Its mouse.
    pub pointer: PointerKind,
    /// Keys type what they type here, whatever layout it has.
    pub translate: bool,
}

/// Which mouse of a target is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointerKind {
    /// The absolute one, where it has one: its place is known, so it can come back over an edge.
    #[default]
    Absolute,
    /// The relative one: games, firmware.
    Relative,
}

/// One screen beside another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbour {
    /// Of whose screen; absent: this machine's.
    pub of: Option<String>,
    /// At which side.
    pub edge: Side,
    /// Who is there.
    pub node: String,
}

impl Default for Config {
    fn default() -> Self {
        let keys = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        Self {
            backend: BackendKind::default(),
            release: keys(["leftctrl", "rightctrl"]),
            hotkey: keys(["leftctrl", "leftalt"]),
            targets: Vec::new(),
            desk: BTreeMap::new(),
            keyboard: None,
            target: BTreeMap::new(),
            screen: USUAL,
            layout: Vec::new(),
            resistance: 100,
            speed: 1.0,
            patience_ms: 3000,
            ignore: Vec::new(),
            virtual_devices: false,
            script: None,
            record: None,
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

fn senseless(key: &'static str, reason: impl Into<String>) -> Senseless {
    Senseless {
        key,
        reason: reason.into(),
    }
}

impl Config {
    /// What types cannot tell, but for chords.
    pub fn check(&self) -> Result<(), Senseless> {
        let sides = [self.screen.0, self.screen.1];
        if !sides.iter().all(|side| (2..=LARGEST).contains(side)) {
            let reason = format!("a screen has 2 to {LARGEST} pixels each way: [1920, 1080]");
            return Err(senseless("screen", reason));
        }
        if !SPEEDS.contains(&self.speed) {
            return Err(senseless("speed", "write 0.05 to 20 pixels for each count"));
        }
        if !(100..=MAX_PATIENCE_MS).contains(&self.patience_ms) {
            let reason = format!("write 100 to {MAX_PATIENCE_MS} ms");
            return Err(senseless("patience_ms", reason));
        }
        self.check_layout()?;
        self.check_keyboard()?;
        desk::check(self)
    }

    fn check_layout(&self) -> Result<(), Senseless> {
        if self.layout.len() > MAX_LAYOUT {
            let reason = format!("at most {MAX_LAYOUT} neighbours");
            return Err(senseless("layout", reason));
        }
        for (index, one) in self.layout.iter().enumerate() {
            if one.of.as_ref() == Some(&one.node) {
                let reason = format!("{} cannot be beside itself", one.node);
                return Err(senseless("layout", reason));
            }
            let twice = self.layout[..index]
                .iter()
                .find(|other| other.of == one.of && other.edge == one.edge);
            if let Some(other) = twice {
                let reason = format!("{} and {} are at the same side", other.node, one.node);
                return Err(senseless("layout", reason));
            }
        }
        Ok(())
    }

    fn check_keyboard(&self) -> Result<(), Senseless> {
        if let Some(id) = &self.keyboard {
            dkvm_keymap::find(id).map_err(|error| senseless("keyboard", error.to_string()))?;
            return Ok(());
        }
        let asked = self.target.iter().find(|(_, target)| target.translate);
        let Some((name, _)) = asked else {
            return Ok(());
        };
        let reason = format!("keys for {name} cannot be translated while nothing says what they are here: keyboard = \"us\", or what layout this machine has");
        Err(senseless("target", reason))
    }

    /// Who is beside a screen; a neighbour's neighbour is this one.
    pub fn beside(&self, of: Option<&str>, side: Side) -> Option<Option<&str>> {
        let across = |one: &&Neighbour| of == Some(&*one.node) && one.edge.opposite() == side;
        let direct = |one: &&Neighbour| one.of.as_deref() == of && one.edge == side;
        let found = self.layout.iter().find(direct);
        let found = found.map(|one| Some(&*one.node));
        found.or_else(|| {
            let back = self.layout.iter().find(across)?;
            Some(back.of.as_deref())
        })
    }

    /// Whether the keys for a target are translated.
    pub fn translates(&self, node: &str) -> bool {
        self.target.get(node).is_some_and(|one| one.translate)
    }

    /// Which mouse a target gets.
    pub fn pointer(&self, node: &str) -> PointerKind {
        self.target
            .get(node)
            .map_or_else(PointerKind::default, |one| one.pointer)
    }

    /// How long a link may be away.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}
