//! `autoboot.txt`, by which the Pi's firmware chooses the boot partition.

use dkvm_wire::service::Slot;

/// The slot that a power-on starts: what `boot_partition` says outside of `[tryboot]`.
pub fn committed(text: &str) -> Option<Slot> {
    let mut section = "all";
    let mut slot = None;
    for line in text.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('[') {
            section = heading.trim_end_matches(']');
        } else if section == "all" {
            slot = line
                .strip_prefix("boot_partition=")
                .map_or(slot, |number| of_partition(number.trim()));
        }
    }
    slot
}

fn of_partition(number: &str) -> Option<Slot> {
    match number {
        "2" => Some(Slot::A),
        "3" => Some(Slot::B),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivered_one_names_slot_a() {
        let text = include_str!("../../../board/common/select/autoboot.txt");
        assert_eq!(text.len(), 512, "it is one sector");
        assert_eq!(committed(text), Some(Slot::A));
    }

    #[test]
    fn only_what_a_power_on_does_counts() {
        assert_eq!(
            committed("[tryboot]\nboot_partition=2\n[all]\r\nboot_partition=3\r\n"),
            Some(Slot::B)
        );
        assert_eq!(
            committed("boot_partition=3\n[tryboot]\nboot_partition=2"),
            Some(Slot::B)
        );
        for bad in [
            "",
            "[tryboot]\nboot_partition=2",
            "boot_partition=7",
            "\0\u{fffd}[[]",
        ] {
            assert_eq!(committed(bad), None, "{bad:?}");
        }
    }
}
