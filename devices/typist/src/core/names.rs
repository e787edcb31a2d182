//! Names of keys, as they stand on a US keyboard, to usages of HID page 7.

/// Letters and digits have no entry: they are themselves.
const NAMES: [(&str, u8); 83] = [
    ("ctrl", 0xe0),
    ("control", 0xe0),
    ("leftctrl", 0xe0),
    ("rightctrl", 0xe4),
    ("shift", 0xe1),
    ("leftshift", 0xe1),
    ("rightshift", 0xe5),
    ("alt", 0xe2),
    ("leftalt", 0xe2),
    ("altgr", 0xe6),
    ("rightalt", 0xe6),
    ("win", 0xe3),
    ("super", 0xe3),
    ("meta", 0xe3),
    ("leftwin", 0xe3),
    ("rightwin", 0xe7),
    ("enter", 0x28),
    ("return", 0x28),
    ("esc", 0x29),
    ("escape", 0x29),
    ("backspace", 0x2a),
    ("tab", 0x2b),
    ("space", 0x2c),
    ("minus", 0x2d),
    ("equal", 0x2e),
    ("leftbracket", 0x2f),
    ("rightbracket", 0x30),
    ("backslash", 0x31),
    ("semicolon", 0x33),
    ("quote", 0x34),
    ("backquote", 0x35),
    ("comma", 0x36),
    ("period", 0x37),
    ("dot", 0x37),
    ("slash", 0x38),
    ("capslock", 0x39),
    ("printscreen", 0x46),
    ("sysrq", 0x46),
    ("scrolllock", 0x47),
    ("pause", 0x48),
    ("insert", 0x49),
    ("ins", 0x49),
    ("home", 0x4a),
    ("pageup", 0x4b),
    ("pgup", 0x4b),
    ("delete", 0x4c),
    ("del", 0x4c),
    ("end", 0x4d),
    ("pagedown", 0x4e),
    ("pgdn", 0x4e),
    ("right", 0x4f),
    ("left", 0x50),
    ("down", 0x51),
    ("up", 0x52),
    ("numlock", 0x53),
    ("kpslash", 0x54),
    ("kpasterisk", 0x55),
    ("kpminus", 0x56),
    ("kpplus", 0x57),
    ("kpenter", 0x58),
    ("kp1", 0x59),
    ("kp2", 0x5a),
    ("kp3", 0x5b),
    ("kp4", 0x5c),
    ("kp5", 0x5d),
    ("kp6", 0x5e),
    ("kp7", 0x5f),
    ("kp8", 0x60),
    ("kp9", 0x61),
    ("kp0", 0x62),
    ("kpdot", 0x63),
    ("intlbackslash", 0x64),
    ("menu", 0x65),
    ("yen", 0x89),
    ("ro", 0x87),
    ("kana", 0x88),
    ("henkan", 0x8a),
    ("muhenkan", 0x8b),
    ("hangul", 0x90),
    ("hanja", 0x91),
    ("kpequal", 0x67),
    ("kpcomma", 0x85),
    ("power", 0x66),
];

/// F1 to F12, and F13 to F24.
const F1: u8 = 0x3a;
const F13: u8 = 0x68;
const A: u8 = 0x04;
const ONE: u8 = 0x1e;
const ZERO: u8 = 0x27;

/// The usage of a key's name, in whatever case.
pub fn usage(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    let bytes = name.as_bytes();
    match bytes {
        [letter @ b'a'..=b'z'] => Some(A + (letter - b'a')),
        [b'0'] => Some(ZERO),
        [digit @ b'1'..=b'9'] => Some(ONE + (digit - b'1')),
        _ => function(&name).or_else(|| named(&name)),
    }
}

fn function(name: &str) -> Option<u8> {
    let number: u8 = name.strip_prefix('f')?.parse().ok()?;
    match number {
        1..=12 => Some(F1 + number - 1),
        13..=24 => Some(F13 + number - 13),
        _ => None,
    }
}

fn named(name: &str) -> Option<u8> {
    let found = NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, usage)| *usage)
}

/// The known name that is most like one that is not, for the refusal.
pub fn like(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let begins = |known: &&str| known.starts_with(&name) || name.starts_with(known);
    let known = NAMES.iter().map(|(known, _)| *known);
    (name.len() > 1).then(|| known.filter(|k| begins(k)).max_by_key(|k| k.len()))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_known_by_name_in_any_case() {
        for (name, wanted) in [
            ("Ctrl", 0xe0),
            ("a", 4),
            ("Z", 0x1d),
            ("1", 0x1e),
            ("0", 0x27),
            ("F1", 0x3a),
            ("f12", 0x45),
            ("F13", 0x68),
            ("Del", 0x4c),
            ("SysRq", 0x46),
        ] {
            assert_eq!(usage(name), Some(wanted), "{name}");
        }
        for name in ["", "F0", "F25", "F1x", "ä", "ctrll", "fo"] {
            assert_eq!(usage(name), None, "{name}");
        }
        assert_eq!(like("delet"), Some("delete"));
    }

    #[test]
    fn no_name_stands_twice() {
        let names: BTreeSet<_> = NAMES.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), NAMES.len());
    }
}
