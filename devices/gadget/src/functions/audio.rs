//! Sound: `f_uac2`, speakers (target to user) and a microphone (user to target).
//!
//! Adaptive speakers: the target sends by its own clock, and no feedback endpoint is taken. Without volume and mute controls there is no
//! interrupt endpoint either (f_uac2.c, `FUOUT_EN`), so that the Pi's endpoints are enough for all of `desk`.

use crate::{
    budget::{Direction, Kind, Need},
    plan::Value,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What the target can choose from; Linux takes a list.
const RATES: &str = "48000,44100";
/// Two bytes a sample.
const SAMPLE: u8 = 2;
/// Front left and right.
const STEREO: u8 = 3;
/// One channel.
const MONO: u8 = 1;
/// A millisecond of stereo at 48 kHz and the sample more that Windows wants (f_uac2.c, `get_max_bw_for_bint`).
const OUT_PACKET: u16 = 49 * 4;
/// The same of a mono microphone.
const IN_PACKET: u16 = 49 * 2;
/// How Linux names the card of this function (f_uac2.c, `UAC2_Gadget`); a second card of that name gets a number behind it.
const CARD: &str = "UAC2Gadget";
/// Where Linux lists its cards.
const CARDS: &str = "/sys/class/sound";

pub fn needs() -> Vec<Need> {
    let need = |direction, packet| Need {
        direction,
        kind: Kind::Isochronous,
        packet,
    };
    vec![
        need(Direction::Out, OUT_PACKET),
        need(Direction::In, IN_PACKET),
    ]
}

/// `c_` is what the gadget captures: the target's speakers. `p_` is what it plays: the target's microphone.
pub fn attributes() -> Vec<(String, Value)> {
    vec![
        Value::number("c_chmask", STEREO),
        Value::text("c_srate", RATES),
        Value::number("c_ssize", SAMPLE),
        Value::text("c_sync", "adaptive"),
        Value::number("c_mute_present", 0u8),
        Value::number("c_volume_present", 0u8),
        Value::number("p_chmask", MONO),
        Value::text("p_srate", RATES),
        Value::number("p_ssize", SAMPLE),
        Value::number("p_mute_present", 0u8),
        Value::number("p_volume_present", 0u8),
        Value::text("function_name", "dKVM sound"),
    ]
}

/// The card of the function, which is there while the gadget is bound, as ALSA names it (`hw:1`).
pub fn card() -> Option<String> {
    card_in(Path::new(CARDS)).map(|number| format!("hw:{number}"))
}

/// The card's device nodes.
pub fn nodes() -> Vec<PathBuf> {
    let Some(number) = card_in(Path::new(CARDS)) else {
        return Vec::new();
    };
    ["controlC", "pcmC"]
        .iter()
        .zip(["", "D0"])
        .flat_map(|(kind, device)| {
            ends(kind).map(move |end| format!("{kind}{number}{device}{end}"))
        })
        .map(|name| Path::new("/dev/snd").join(name))
        .collect()
}

/// A PCM has a node for each direction.
fn ends(kind: &str) -> impl Iterator<Item = &'static str> {
    let ends: &[&str] = if kind == "pcmC" { &["p", "c"] } else { &[""] };
    ends.iter().copied()
}

fn card_in(cards: &Path) -> Option<u8> {
    let cards = fs::read_dir(cards).ok()?.flatten();
    cards
        .filter(|card| {
            let id = fs::read_to_string(card.path().join("id")).unwrap_or_default();
            id.starts_with(CARD)
        })
        .find_map(|card| {
            card.file_name()
                .to_str()?
                .strip_prefix("card")?
                .parse()
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_is_found_by_its_id() {
        let root = tempfile::tempdir().unwrap();
        for (card, id) in [("card0", "Dongle"), ("card2", "UAC2Gadget"), ("timer", "")] {
            fs::create_dir(root.path().join(card)).unwrap();
            fs::write(root.path().join(card).join("id"), format!("{id}\n")).unwrap();
        }
        assert_eq!(card_in(root.path()), Some(2));
        assert_eq!(card_in(Path::new("/nonexistent")), None);
    }

    #[test]
    fn no_interrupt_endpoint_is_asked_for() {
        let off = [
            "c_mute_present",
            "c_volume_present",
            "p_mute_present",
            "p_volume_present",
        ];
        let attributes = attributes();
        assert!(off
            .iter()
            .all(|name| attributes.contains(&Value::number(name, 0u8))));
        assert_eq!(needs().len(), 2);
    }
}
