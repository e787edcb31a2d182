//! What an input device is, and whether it is read.

use crate::config::Config;
use evdev::{raw_stream::RawDevice, AbsoluteAxisCode, KeyCode, RelativeAxisCode};
use std::path::Path;

/// What dKVM's own gadget says unless its owner wrote something else: this machine may be a target itself.
const OWN_ID: (u16, u16) = (0x1d6b, 0x0104);
const OWN_NAME: &str = "dkvm";
/// Where Linux lists what programs made by uinput.
const MADE_BY_PROGRAMS: &str = "/sys/devices/virtual/input/";
/// Keys that only something to write on has.
const LETTERS: [KeyCode; 4] = [
    KeyCode::KEY_A,
    KeyCode::KEY_Z,
    KeyCode::KEY_1,
    KeyCode::KEY_SPACE,
];
/// What a keyboard's second interface, a remote control or a headset has.
const MEDIA: [KeyCode; 4] = [
    KeyCode::KEY_VOLUMEUP,
    KeyCode::KEY_MUTE,
    KeyCode::KEY_PLAYPAUSE,
    KeyCode::KEY_NEXTSONG,
];
/// Codes of joysticks, gamepads and wheels, and those of Linux's second range.
const GAMES: [std::ops::Range<u16>; 2] = [0x120..0x140, 0x2c0..0x2e8];

/// A device that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// It has keys.
    pub keyboard: bool,
    /// It has a pointer.
    pub mouse: bool,
}

/// What a device is, or why it is left to this machine.
pub fn kind(device: &RawDevice, node: &Path, config: &Config) -> Result<Kind, &'static str> {
    let kind = ability(device)?;
    let name = device.name().unwrap_or_default().to_lowercase();
    let id = device.input_id();
    if (id.vendor(), id.product()) == OWN_ID || name.contains(OWN_NAME) {
        return Err("it is dKVM's own: this machine is a target by it");
    }
    if config
        .ignore
        .iter()
        .any(|part| name.contains(&part.to_lowercase()))
    {
        return Err("the configuration ignores it");
    }
    if !config.virtual_devices && is_virtual(node) {
        return Err("a program made it (see virtual_devices in the configuration)");
    }
    Ok(kind)
}

fn ability(device: &RawDevice) -> Result<Kind, &'static str> {
    let keys = device.supported_keys();
    let has = |code: KeyCode| keys.is_some_and(|keys| keys.contains(code));
    let games = || {
        GAMES
            .into_iter()
            .flatten()
            .any(|code| has(KeyCode::new(code)))
    };
    if games() {
        return Err("it is for games");
    }
    let letters = LETTERS.into_iter().all(has);
    if device.supported_switches().is_some() || (has(KeyCode::KEY_POWER) && !letters) {
        return Err("power buttons and switches are this machine's");
    }
    let touched = [
        KeyCode::BTN_TOOL_FINGER,
        KeyCode::BTN_TOOL_PEN,
        KeyCode::BTN_TOUCH,
    ];
    if touched.into_iter().any(has) {
        return Err("touchpads, tablets and screens to touch are this machine's");
    }
    let axes = device.supported_absolute_axes();
    let absolute = axes.is_some_and(|axes| axes.contains(AbsoluteAxisCode::ABS_X));
    let moves = device.supported_relative_axes().is_some_and(|axes| {
        axes.contains(RelativeAxisCode::REL_X) && axes.contains(RelativeAxisCode::REL_Y)
    });
    let kind = Kind {
        keyboard: letters || MEDIA.into_iter().any(has),
        mouse: moves && has(KeyCode::BTN_LEFT),
    };
    match kind {
        Kind { mouse: false, .. } if absolute => Err("its pointer is absolute"),
        Kind {
            keyboard: false,
            mouse: false,
        } => Err("it is no keyboard and no mouse"),
        kind => Ok(kind),
    }
}

/// Whether a program made it: by its place, since it may call itself what it likes.
fn is_virtual(node: &Path) -> bool {
    let Some(name) = node.file_name() else {
        return false;
    };
    let place = Path::new("/sys/class/input").join(name);
    std::fs::canonicalize(place).is_ok_and(|place| place.starts_with(MADE_BY_PROGRAMS))
}
