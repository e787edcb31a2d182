//! `autoboot.txt`, in which the Pi's boot ROM reads which slot it starts.

use dkvm_wire::service::Slot;

/// One sector, so that a commit is one write that the card does wholly or not at all.
pub const LENGTH: usize = 512;

/// As `board/card.sh` makes it.
const COMMENT: &str =
    "# The committed slot. Written in place as one sector: this length never changes.\n";

/// The number of a slot's boot partition.
const fn boot_partition(slot: Slot) -> u8 {
    match slot {
        Slot::A => 2,
        Slot::B => 3,
    }
}

/// The file that starts `slot`, and the other one where a trial is asked for.
pub fn render(slot: Slot) -> [u8; LENGTH] {
    let (committed, trial) = (boot_partition(slot), boot_partition(slot.other()));
    let text = format!(
        "[all]\ntryboot_a_b=1\nboot_partition={committed}\n[tryboot]\nboot_partition={trial}\n{COMMENT}"
    );
    let mut sector = [b'#'; LENGTH];
    // The text is a quarter of a sector, whatever the slot.
    for (to, from) in sector.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    sector[LENGTH - 1] = b'\n';
    sector
}

/// Which slot a file starts, read as the boot ROM reads it: the last `boot_partition` that holds for all.
pub fn parse(bytes: &[u8]) -> Option<Slot> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut for_all, mut partition) = (true, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            for_all = line == "[all]";
        } else if let Some(number) = line.strip_prefix("boot_partition=") {
            partition = if for_all { Some(number) } else { partition };
        }
    }
    match partition? {
        "2" => Some(Slot::A),
        "3" => Some(Slot::B),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_names_its_slot_in_one_sector_of_lines() {
        for slot in [Slot::A, Slot::B] {
            let sector = render(slot);
            assert_eq!(parse(&sector), Some(slot));
            assert!(sector.is_ascii() && sector.ends_with(b"#\n"));
        }
    }

    #[test]
    fn the_two_differ_in_the_two_numbers_alone() {
        let (a, b) = (render(Slot::A), render(Slot::B));
        let different = a.iter().zip(&b).filter(|(a, b)| a != b).count();
        assert_eq!(different, 2);
    }

    #[test]
    fn files_of_others_are_read_as_the_boot_rom_does() {
        assert_eq!(parse(b"boot_partition=3\r\n"), Some(Slot::B));
        assert_eq!(
            parse(b"[tryboot]\nboot_partition=3\n[all]\nboot_partition=2\n"),
            Some(Slot::A)
        );
        for none in [
            &b""[..],
            b"[tryboot]\nboot_partition=2\n",
            b"boot_partition=7\n",
            b"\xff\xfe",
        ] {
            assert_eq!(parse(none), None);
        }
    }
}
