//! Which partition is what, and what Linux calls it.

use dkvm_wire::service::Slot;
use std::path::{Path, PathBuf};

/// What a person sees in a card reader.
pub const SELECT: u32 = 1;
/// All that is kept.
pub const DATA: u32 = 7;
/// The roots of slot A and slot B.
pub const ROOTS: [u32; 2] = [root_partition(Slot::A), root_partition(Slot::B)];

/// Of a slot: firmware, Linux, command lines.
pub const fn boot_partition(slot: Slot) -> u32 {
    match slot {
        Slot::A => 2,
        Slot::B => 3,
    }
}

/// Of a slot: its root.
pub const fn root_partition(slot: Slot) -> u32 {
    match slot {
        Slot::A => 5,
        Slot::B => 6,
    }
}

/// The device of a partition: `/dev/mmcblk0p7`, `/dev/sda7`. A disk whose name ends in a digit has a `p` before the number.
pub fn node(disk: &Path, number: u32) -> PathBuf {
    let name = disk.to_string_lossy();
    let between = if name.ends_with(|c: char| c.is_ascii_digit()) {
        "p"
    } else {
        ""
    };
    PathBuf::from(format!("{name}{between}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_as_linux_names_them() {
        for (disk, seventh) in [
            ("/dev/mmcblk0", "/dev/mmcblk0p7"),
            ("/dev/sda", "/dev/sda7"),
            ("/dev/ubda", "/dev/ubda7"),
        ] {
            assert_eq!(node(Path::new(disk), DATA), Path::new(seventh));
        }
    }
}
