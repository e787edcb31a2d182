//! The node's sound cards, as Linux lists them.

use dkvm_wire::vocab::audio::SoundSource;
use std::{fs, path::Path};

/// Where Linux lists them.
const CARDS: &str = "/sys/class/sound";
/// What ALSA says of each.
const NAMES: &str = "/proc/asound/cards";
/// The gadget's own is `gadget`, and no card.
const OWN: &str = "UAC2Gadget";

/// The cards that can be heard, but for the gadget's own.
pub fn cards() -> Vec<SoundSource> {
    let names = fs::read_to_string(NAMES).unwrap_or_default();
    cards_in(Path::new(CARDS), &names)
}

fn cards_in(folder: &Path, names: &str) -> Vec<SoundSource> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut ids: Vec<String> = files
        .filter(|file| file.file_name().to_string_lossy().starts_with("card"))
        .filter(|file| records(&file.path()))
        .filter_map(|file| fs::read_to_string(file.path().join("id")).ok())
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.starts_with(OWN))
        .collect();
    ids.sort();
    ids.into_iter()
        .map(|id| SoundSource {
            title: title(names, &id).unwrap_or_else(|| id.clone()),
            id,
        })
        .collect()
}

/// Whether a card has a device that records (`pcmC1D0c`).
fn records(card: &Path) -> bool {
    let files = fs::read_dir(card).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names
        .into_iter()
        .any(|name| name.starts_with("pcm") && name.ends_with('c'))
}

/// ` 1 [Dongle         ]: USB-Audio - USB3.0 HDMI`
fn title(names: &str, id: &str) -> Option<String> {
    let line = names.lines().find(|line| {
        let inside = line
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'));
        inside.is_some_and(|(inside, _)| inside.trim() == id)
    })?;
    Some(line.split_once(" - ")?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = " 0 [UAC2Gadget     ]: UAC2_Gadget - UAC2_Gadget\n                      UAC2_Gadget 0\n 1 [Dongle         ]: USB-Audio - USB3.0 HDMI\n                      MACROSILICON USB3.0 HDMI at usb-1\n";

    #[test]
    fn a_card_has_its_title() {
        assert_eq!(title(NAMES, "Dongle"), Some("USB3.0 HDMI".to_owned()));
        assert_eq!(title(NAMES, "Other"), None);
        assert_eq!(title("", ""), None);
    }

    #[test]
    fn without_cards_there_are_none() {
        assert!(cards_in(Path::new("/nonexistent"), NAMES).is_empty());
    }
}
