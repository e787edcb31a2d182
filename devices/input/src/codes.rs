//! Key codes of Linux to usages of HID: by position, so that the target's layout decides what a key types.

use evdev::KeyCode;
use std::{str::FromStr, sync::OnceLock};

/// What a key or button is for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// A key of usage page 7.
    Key(u8),
    /// A consumer key, page 12.
    Consumer(u16),
    /// A system key of page 1.
    System(u8),
    /// A mouse button, 0 left.
    Button(u8),
}

/// Keys of page 7 whose usages follow each other, after the first of these.
const KEYS: [(u8, &str); 18] = [
    (0x04, "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z"),
    (0x1e, "1 2 3 4 5 6 7 8 9 0"),
    (
        0x28,
        "ENTER ESC BACKSPACE TAB SPACE MINUS EQUAL LEFTBRACE RIGHTBRACE BACKSLASH",
    ),
    (0x33, "SEMICOLON APOSTROPHE GRAVE COMMA DOT SLASH CAPSLOCK"),
    (0x3a, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12"),
    (
        0x46,
        "SYSRQ SCROLLLOCK PAUSE INSERT HOME PAGEUP DELETE END PAGEDOWN",
    ),
    (0x4f, "RIGHT LEFT DOWN UP NUMLOCK"),
    (0x54, "KPSLASH KPASTERISK KPMINUS KPPLUS KPENTER"),
    (0x59, "KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9 KP0 KPDOT"),
    // The key beside the left Shift of ISO keyboards, and the menu key.
    (0x64, "102ND COMPOSE"),
    (
        0x67,
        "KPEQUAL F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24",
    ),
    (
        0x74,
        "OPEN HELP PROPS FRONT STOP AGAIN UNDO CUT COPY PASTE FIND",
    ),
    (0x85, "KPCOMMA"),
    // International1 to 6 of Japanese keyboards.
    (0x87, "RO KATAKANAHIRAGANA YEN HENKAN MUHENKAN KPJPCOMMA"),
    // Korean 한/영 and 한자; Japanese.
    (0x90, "HANGEUL HANJA KATAKANA HIRAGANA ZENKAKUHANKAKU"),
    (0xb6, "KPLEFTPAREN KPRIGHTPAREN"),
    (0xe0, "LEFTCTRL LEFTSHIFT LEFTALT LEFTMETA"),
    (0xe4, "RIGHTCTRL RIGHTSHIFT RIGHTALT RIGHTMETA"),
];

/// Consumer keys.
const CONSUMER: [(u16, &str); 31] = [
    (0x40, "MENU"),
    (0x6f, "BRIGHTNESSUP"),
    (0x70, "BRIGHTNESSDOWN"),
    (0x79, "KBDILLUMUP"),
    (0x7a, "KBDILLUMDOWN"),
    (0x7c, "KBDILLUMTOGGLE"),
    (0xb0, "PLAY"),
    (0xb1, "PAUSECD"),
    (0xb2, "RECORD"),
    (0xb3, "FASTFORWARD"),
    (0xb4, "REWIND"),
    (0xb5, "NEXTSONG"),
    (0xb6, "PREVIOUSSONG"),
    (0xb7, "STOPCD"),
    (0xb8, "EJECTCD"),
    (0xcd, "PLAYPAUSE"),
    (0xe2, "MUTE"),
    (0xe9, "VOLUMEUP"),
    (0xea, "VOLUMEDOWN"),
    (0x183, "CONFIG"),
    (0x18a, "MAIL"),
    (0x192, "CALC"),
    (0x194, "FILE"),
    (0x196, "WWW"),
    (0x19e, "COFFEE"),
    (0x221, "SEARCH"),
    (0x223, "HOMEPAGE"),
    (0x224, "BACK"),
    (0x225, "FORWARD"),
    (0x227, "REFRESH"),
    (0x22a, "BOOKMARKS"),
];

/// System keys; a power key switches nothing off that its person does not see.
const SYSTEM: [(u8, &str); 2] = [(0x82, "SLEEP"), (0x83, "WAKEUP")];

/// Buttons; mice say back and forward in two ways.
const BUTTONS: [(u8, KeyCode); 7] = [
    (0, KeyCode::BTN_LEFT),
    (1, KeyCode::BTN_RIGHT),
    (2, KeyCode::BTN_MIDDLE),
    (3, KeyCode::BTN_SIDE),
    (4, KeyCode::BTN_EXTRA),
    (3, KeyCode::BTN_BACK),
    (4, KeyCode::BTN_FORWARD),
];

/// Codes of Linux are below.
const CODES: usize = 0x300;

/// What a key code is for a target; nothing for what no USB keyboard or mouse of ours has.
pub fn usage(code: u16) -> Option<Usage> {
    static TABLE: OnceLock<Vec<Option<Usage>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = vec![None; CODES];
        for (code, usage) in all() {
            if let Some(place) = table.get_mut(usize::from(code)) {
                *place = Some(usage);
            }
        }
        table
    });
    table.get(usize::from(code)).copied().flatten()
}

/// All codes that are known.
pub fn all() -> Vec<(u16, Usage)> {
    let rows = KEYS.iter().flat_map(|(first, names)| {
        names
            .split(' ')
            .zip(*first..)
            .map(|(name, usage)| (name, Usage::Key(usage)))
    });
    let consumer = CONSUMER
        .iter()
        .map(|(usage, name)| (*name, Usage::Consumer(*usage)));
    let system = SYSTEM
        .iter()
        .map(|(usage, name)| (*name, Usage::System(*usage)));
    let buttons = BUTTONS
        .iter()
        .map(|(button, code)| (code.code(), Usage::Button(*button)));
    let named = rows.chain(consumer).chain(system);
    named
        .filter_map(|(name, usage)| Some((named_code(name)?, usage)))
        .chain(buttons)
        .collect()
}

/// The key of a usage.
pub fn code(usage: Usage) -> Option<u16> {
    let found = all().into_iter().find(|(_, known)| *known == usage);
    found.map(|(code, _)| code)
}

/// The code of a key by its name in Linux without `KEY_`, in any case: `leftctrl`.
pub fn named_code(name: &str) -> Option<u16> {
    let full = format!("KEY_{}", name.to_ascii_uppercase());
    KeyCode::from_str(&full).ok().map(|key| key.code())
}

/// A key as people call it.
pub fn spoken(code: u16) -> String {
    let name = format!("{:?}", KeyCode::new(code)).to_ascii_lowercase();
    let name = name.strip_prefix("key_").unwrap_or(&name).to_owned();
    let sided = |side: &str| {
        let rest = name.strip_prefix(side)?;
        let mut letters = rest.chars();
        let first = letters.next()?.to_ascii_uppercase();
        let known = ["ctrl", "alt", "shift", "meta"].contains(&rest);
        known.then(|| format!("{side} {first}{}", letters.as_str()))
    };
    sided("left")
        .or_else(|| sided("right"))
        .unwrap_or_else(|| name.to_ascii_uppercase())
}

/// Keys that change what others mean.
pub fn is_modifier(code: u16) -> bool {
    matches!(usage(code), Some(Usage::Key(0xe0..=0xe7)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_in_the_tables_is_one_of_linuxs() {
        let rows = KEYS.iter().flat_map(|(_, names)| names.split(' '));
        let consumer = CONSUMER.iter().map(|(_, name)| *name);
        let system = SYSTEM.iter().map(|(_, name)| *name);
        for name in rows.chain(consumer).chain(system) {
            assert!(named_code(name).is_some(), "{name}");
        }
    }

    #[test]
    fn codes_and_usages_lead_to_each_other() {
        let all = all();
        let codes: BTreeSet<u16> = all.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), all.len(), "a code twice");
        for (code_, usage_) in &all {
            assert_eq!(usage(*code_), Some(*usage_));
        }
        let usages: BTreeSet<Usage> = all.iter().map(|(_, usage)| *usage).collect();
        for usage_ in &usages {
            let back = code(*usage_).expect("a code");
            assert_eq!(usage(back), Some(*usage_), "{usage_:?}");
        }
        // Two buttons have two codes each.
        assert_eq!(usages.len() + 2, all.len());
    }

    /// The figures of Linux's and HID's own tables, one of each row.
    #[test]
    fn known_pairs() {
        for (code, expected) in [
            (1, Usage::Key(0x29)),
            (2, Usage::Key(0x1e)),
            (11, Usage::Key(0x27)),
            (16, Usage::Key(0x14)),
            (30, Usage::Key(0x04)),
            (44, Usage::Key(0x1d)),
            (43, Usage::Key(0x31)),
            (58, Usage::Key(0x39)),
            (59, Usage::Key(0x3a)),
            (69, Usage::Key(0x53)),
            (82, Usage::Key(0x62)),
            (86, Usage::Key(0x64)),
            (88, Usage::Key(0x45)),
            (99, Usage::Key(0x46)),
            (96, Usage::Key(0x58)),
            (103, Usage::Key(0x52)),
            (111, Usage::Key(0x4c)),
            (117, Usage::Key(0x67)),
            (119, Usage::Key(0x48)),
            (127, Usage::Key(0x65)),
            (124, Usage::Key(0x89)),
            (183, Usage::Key(0x68)),
            (194, Usage::Key(0x73)),
            (29, Usage::Key(0xe0)),
            (126, Usage::Key(0xe7)),
            (113, Usage::Consumer(0xe2)),
            (164, Usage::Consumer(0xcd)),
            (142, Usage::System(0x82)),
            (0x110, Usage::Button(0)),
            (0x116, Usage::Button(3)),
        ] {
            assert_eq!(usage(code), Some(expected), "code {code}");
        }
        assert_eq!(usage(KeyCode::KEY_POWER.code()), None, "never a target's");
        assert_eq!(usage(0), None);
        assert_eq!(usage(u16::MAX), None);
    }

    #[test]
    fn people_read_names() {
        assert_eq!(spoken(29), "left Ctrl");
        assert_eq!(spoken(100), "right Alt");
        assert_eq!(spoken(2), "1");
        assert_eq!(spoken(183), "F13");
        assert_eq!(named_code("LeftCtrl"), Some(29));
        assert_eq!(named_code("left"), Some(105));
        assert_eq!(named_code("nokey"), None);
    }
}
