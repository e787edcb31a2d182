//! `autoboot.txt`, in which the Pi's boot ROM reads which slot it starts.

use crate::{boot_partition, Sector, SECTOR};
use dkvm_wire::service::Slot;

/// As `board/card.sh` makes it.
const COMMENT: &str =
    "# The committed slot. Written in place as one sector: this length never changes.\n";

/// The file that starts `slot`, and the other one where a trial is asked for. One sector, so that a commit is one write
/// that the card does wholly or not at all.
pub fn render(slot: Slot) -> Sector {
    let (committed, trial) = (boot_partition(slot), boot_partition(slot.other()));
    let text = format!(
        "[all]\ntryboot_a_b=1\nboot_partition={committed}\n[tryboot]\nboot_partition={trial}\n{COMMENT}"
    );
    let mut sector = [b'#'; SECTOR];
    // The text is a quarter of a sector, whatever the slot.
    for (to, from) in sector.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    sector[SECTOR - 1] = b'\n';
    sector
}

/// The slot that a power-on starts, read as the boot ROM reads it: the last `boot_partition` that holds for all.
pub fn committed(text: &str) -> Option<Slot> {
    let (mut for_all, mut partition) = (true, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            for_all = line == "[all]";
        } else if let Some(number) = line.strip_prefix("boot_partition=") {
            partition = if for_all { Some(number) } else { partition };
        }
    }
    let number: u32 = partition?.trim().parse().ok()?;
    [Slot::A, Slot::B]
        .into_iter()
        .find(|slot| boot_partition(*slot) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(slot: Slot) -> String {
        String::from_utf8(render(slot).to_vec()).expect("it is ASCII")
    }

    #[test]
    fn what_is_written_names_its_slot_in_one_sector_of_lines() {
        for slot in [Slot::A, Slot::B] {
            assert_eq!(committed(&text(slot)), Some(slot));
            assert!(text(slot).is_ascii() && text(slot).ends_with("#\n"));
        }
    }

    #[test]
    fn the_two_differ_in_the_two_numbers_alone() {
        let (a, b) = (render(Slot::A), render(Slot::B));
        let different = a.iter().zip(&b).filter(|(a, b)| a != b).count();
        assert_eq!(different, 2);
    }

    #[test]
    fn the_delivered_one_names_slot_a() {
        let text = include_str!("../../../board/common/select/autoboot.txt");
        assert_eq!(text.len(), SECTOR, "it is one sector");
        assert_eq!(committed(text), Some(Slot::A));
    }

    #[test]
    fn only_what_a_power_on_does_counts() {
        for (text, slot) in [
            ("boot_partition=3\r\n", Slot::B),
            (
                "[tryboot]\nboot_partition=3\n[all]\nboot_partition=2\n",
                Slot::A,
            ),
            (
                "[tryboot]\nboot_partition=2\n[all]\r\nboot_partition=3\r\n",
                Slot::B,
            ),
            ("boot_partition=3\n[tryboot]\nboot_partition=2", Slot::B),
        ] {
            assert_eq!(committed(text), Some(slot), "{text:?}");
        }
        for none in [
            "",
            "[tryboot]\nboot_partition=2\n",
            "boot_partition=7\n",
            "\0\u{fffd}[[]",
            "\u{fffd}\u{fffd}",
        ] {
            assert_eq!(committed(none), None, "{none:?}");
        }
    }
}
