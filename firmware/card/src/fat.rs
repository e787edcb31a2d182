//! As much of FAT as finds the one sector of `autoboot.txt`.
//!
//! The partition is FAT12 or FAT16 (`board/card.sh` makes it), whose root directory has a fixed place; and the file is one sector,
//! so there is no chain of clusters to follow. A library that writes FAT would rewrite directory and table, which a cut of
//! power may hit.

use crate::{Sector, SECTOR};
use thiserror::Error;

const SECTOR_BYTES: u64 = SECTOR as u64;
const ENTRY: usize = 32;
/// Most entries of a root directory: what mkfs.vfat makes is 512.
const MAX_ENTRIES: u16 = 4096;
/// Marks of a directory entry.
const FREE: u8 = 0xe5;
const END: u8 = 0;
/// Bits of the attributes: a volume's label, which long names have too, and a directory.
const NO_FILE: u8 = 0x08 | 0x10;

/// Why the file's sector is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FatError {
    /// Another file system, or none.
    #[error("the card's first partition is not the FAT16 that it was made with")]
    NotFat16,
    /// No such file.
    #[error("autoboot.txt is not on the card's first partition")]
    Missing,
    /// A file that was edited by hand.
    #[error("autoboot.txt is not 512 bytes long, as it was made")]
    Length,
}

/// Where things are on the first partition, as its first sector says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectLayout {
    /// First byte of the root directory.
    pub root: u64,
    /// Its length, bytes.
    pub root_length: usize,
    cluster: u64,
}

impl SelectLayout {
    /// Reads a partition's first sector.
    pub fn parse(sector: &Sector) -> Result<Self, FatError> {
        let number = |at: usize| u16::from_le_bytes([sector[at], sector[at + 1]]);
        let (entries, tables, per_table) = (number(17), u64::from(sector[16]), number(22));
        let sound = sector[510..] == [0x55, 0xaa]
            && u64::from(number(11)) == SECTOR_BYTES
            && sector[13].is_power_of_two()
            && (1..=MAX_ENTRIES).contains(&entries)
            && (1..=2).contains(&tables)
            && per_table > 0;
        if !sound {
            return Err(FatError::NotFat16);
        }
        Ok(Self {
            root: (u64::from(number(14)) + tables * u64::from(per_table)) * SECTOR_BYTES,
            root_length: usize::from(entries) * ENTRY,
            cluster: u64::from(sector[13]) * SECTOR_BYTES,
        })
    }

    /// Where the first byte of `autoboot.txt` is in the partition, given its root directory.
    pub fn find_autoboot(&self, root: &[u8]) -> Result<u64, FatError> {
        let entry = root
            .chunks_exact(ENTRY)
            .take_while(|entry| entry[0] != END)
            .find(|entry| {
                entry[0] != FREE && entry[11] & NO_FILE == 0 && &entry[..11] == b"AUTOBOOTTXT"
            })
            .ok_or(FatError::Missing)?;
        let length = u32::from_le_bytes([entry[28], entry[29], entry[30], entry[31]]);
        let first = u64::from(u16::from_le_bytes([entry[26], entry[27]]));
        if u64::from(length) != SECTOR_BYTES || first < 2 {
            return Err(FatError::Length);
        }
        Ok(self.root
            + (self.root_length as u64).next_multiple_of(SECTOR_BYTES)
            + (first - 2) * self.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boot_sector() -> Sector {
        let mut sector = [0; 512];
        sector[11..14].copy_from_slice(&[0, 2, 4]);
        sector[14..17].copy_from_slice(&[4, 0, 2]);
        sector[17..19].copy_from_slice(&512u16.to_le_bytes());
        sector[22] = 32;
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    fn entry(name: &[u8; 11], attributes: u8, first: u16, length: u32) -> [u8; 32] {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(name);
        entry[11] = attributes;
        entry[26..28].copy_from_slice(&first.to_le_bytes());
        entry[28..].copy_from_slice(&length.to_le_bytes());
        entry
    }

    #[test]
    fn the_file_is_found_behind_labels_and_deleted_files() {
        let layout = SelectLayout::parse(&boot_sector()).expect("it is one");
        assert_eq!((layout.root, layout.root_length), (68 * 512, 16 * 1024));
        let mut root = vec![0; layout.root_length];
        let entries = [
            entry(b"DKVM       ", 8, 0, 0),
            entry(b"\xe5UTOBOOTTXT", 0x20, 9, 512),
            entry(b"AUTOBOOTTXT", 0x20, 5, 512),
        ];
        root[..96].copy_from_slice(&entries.concat());
        assert_eq!(
            layout.find_autoboot(&root),
            Ok(68 * 512 + 16 * 1024 + 3 * 4 * 512)
        );
        root[64 + 28] = 1;
        assert_eq!(layout.find_autoboot(&root), Err(FatError::Length));
        root[64] = 0;
        assert_eq!(layout.find_autoboot(&root), Err(FatError::Missing));
    }

    #[test]
    fn what_is_no_fat16_is_told() {
        assert_eq!(SelectLayout::parse(&[0; 512]), Err(FatError::NotFat16));
        let mut fat32 = boot_sector();
        fat32[17..19].fill(0);
        assert_eq!(SelectLayout::parse(&fat32), Err(FatError::NotFat16));
    }

    proptest! {
        #[test]
        fn rubbish_is_no_panic(sector in proptest::collection::vec(any::<u8>(), 512), root in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let mut sector: Sector = sector.try_into().expect("so many were made");
            sector[510..].copy_from_slice(&[0x55, 0xaa]);
            sector[11..13].copy_from_slice(&[0, 2]);
            if let Ok(layout) = SelectLayout::parse(&sector) {
                let _ = layout.find_autoboot(&root);
            }
        }
    }
}
