//! As much of the partition table as finds the type byte of the data partition, p7.

use thiserror::Error;

/// Bytes of a sector, in which all of a table is counted.
pub const SECTOR: u64 = 512;

/// The signature of every card of ours: partition N is `PARTUUID=644b564d-0N`.
pub const DISK_SIGNATURE: u32 = 0x644b_564d;

/// Type of a data partition that is to be made anew at the next start.
pub const TYPE_FRESH: u8 = 0xda;

const TABLE: usize = 446;
const TYPE: usize = 4;
/// Of an extended partition.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// p7 is the third logical partition.
const LINKS: usize = 2;

/// Why the partition is not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the card's partition table is not the one that it was made with: nothing was changed")]
pub struct TableError;

/// One entry: type, first sector, count of sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its type.
    pub kind: u8,
    /// First sector, counted from where its table says.
    pub start: u64,
    /// Sectors.
    pub count: u64,
}

/// The four entries of a table's sector.
pub fn entries(sector: &[u8; 512]) -> Result<[Entry; 4], TableError> {
    if sector[510..] != [0x55, 0xaa] {
        return Err(TableError);
    }
    let number = |at: usize| {
        u64::from(u32::from_le_bytes([
            sector[at],
            sector[at + 1],
            sector[at + 2],
            sector[at + 3],
        ]))
    };
    Ok([0, 1, 2, 3].map(|index| {
        let at = TABLE + index * 16;
        Entry {
            kind: sector[at + TYPE],
            start: number(at + 8),
            count: number(at + 12),
        }
    }))
}

/// Where a partition lies on the disk: first byte and length. Numbers 5 and up are the logical ones.
pub fn partition<E: From<TableError>>(
    number: usize,
    read: &mut dyn FnMut(u64) -> Result<[u8; 512], E>,
) -> Result<(u64, u64), E> {
    let (sector, index) = match number {
        1..=4 => (0, number - 1),
        5.. => (table_of_logical(number - 5, read)?, 0),
        0 => return Err(TableError.into()),
    };
    let entry = entries(&checked(sector, read)?)?[index];
    if entry.count == 0 {
        return Err(TableError.into());
    }
    Ok(((sector + entry.start) * SECTOR, entry.count * SECTOR))
}

/// The byte on the disk that holds the type of p7.
pub fn data_type_byte<E: From<TableError>>(
    read: &mut dyn FnMut(u64) -> Result<[u8; 512], E>,
) -> Result<u64, E> {
    let sector = table_of_logical(LINKS, read)?;
    if entries(&read(sector)?)?[0].count == 0 {
        return Err(TableError.into());
    }
    Ok(sector * SECTOR + (TABLE + TYPE) as u64)
}

/// The sector of the table that describes logical partition `index`, counted from 0.
fn table_of_logical<E: From<TableError>>(
    index: usize,
    read: &mut dyn FnMut(u64) -> Result<[u8; 512], E>,
) -> Result<u64, E> {
    let extended = entries(&checked(0, read)?)?[3];
    if !EXTENDED.contains(&extended.kind) {
        return Err(TableError.into());
    }
    let mut sector = extended.start;
    for _ in 0..index {
        let link = entries(&read(sector)?)?[1];
        if !EXTENDED.contains(&link.kind) || link.start == 0 {
            return Err(TableError.into());
        }
        sector = extended.start + link.start;
    }
    Ok(sector)
}

/// A sector; the first one only if the disk is ours.
fn checked<E: From<TableError>>(
    at: u64,
    read: &mut dyn FnMut(u64) -> Result<[u8; 512], E>,
) -> Result<[u8; 512], E> {
    let sector = read(at)?;
    let signature = u32::from_le_bytes([sector[440], sector[441], sector[442], sector[443]]);
    if at == 0 && signature != DISK_SIGNATURE {
        return Err(TableError.into());
    }
    Ok(sector)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::HashMap;

    /// An entry's 16 bytes.
    pub(crate) fn raw(kind: u8, start: u32, count: u32) -> [u8; 16] {
        let mut raw = [0; 16];
        raw[4] = kind;
        raw[8..12].copy_from_slice(&start.to_le_bytes());
        raw[12..].copy_from_slice(&count.to_le_bytes());
        raw
    }

    pub(crate) fn table(entries: &[[u8; 16]], signature: u32) -> [u8; 512] {
        let mut sector = [0; 512];
        sector[440..444].copy_from_slice(&signature.to_le_bytes());
        for (index, entry) in entries.iter().enumerate() {
            sector[446 + index * 16..][..16].copy_from_slice(entry);
        }
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    fn disk() -> HashMap<u64, [u8; 512]> {
        let primary = [
            raw(0xe, 8, 2),
            raw(0xe, 10, 2),
            raw(0xe, 12, 2),
            raw(0x0f, 20, 100),
        ];
        HashMap::from([
            (0, table(&primary, DISK_SIGNATURE)),
            (20, table(&[raw(0x83, 2, 8), raw(0x05, 10, 12)], 0)),
            (30, table(&[raw(0x83, 2, 8), raw(0x05, 20, 12)], 0)),
            (40, table(&[raw(0x83, 2, 9)], 0)),
        ])
    }

    fn reader(
        disk: &HashMap<u64, [u8; 512]>,
    ) -> impl FnMut(u64) -> Result<[u8; 512], TableError> + '_ {
        |at| disk.get(&at).copied().ok_or(TableError)
    }

    #[test]
    fn partitions_are_where_the_tables_say() {
        let disk = disk();
        let at = |number| partition(number, &mut reader(&disk));
        assert_eq!(at(3), Ok((12 * 512, 1024)));
        assert_eq!(at(5), Ok((22 * 512, 8 * 512)));
        assert_eq!(at(7), Ok((42 * 512, 9 * 512)));
        assert_eq!(at(8), Err(TableError));
        assert_eq!(data_type_byte(&mut reader(&disk)), Ok(40 * 512 + 450));
    }

    #[test]
    fn a_disk_that_is_not_ours_is_left_alone() {
        let mut other = disk();
        other.insert(0, table(&[raw(0xe, 8, 2)], 1));
        assert_eq!(data_type_byte(&mut reader(&other)), Err(TableError));
        let mut loose = disk();
        loose.insert(30, [0; 512]);
        assert_eq!(data_type_byte(&mut reader(&loose)), Err(TableError));
    }
}
