//! The partition table: an MBR, and an extended partition whose logical ones are a chain of one sector each.

use crate::{Sector, SECTOR};
use std::io;
use thiserror::Error;

/// The disk signature; so partition N is `PARTUUID=644b564d-0N`.
pub const SIGNATURE: u32 = 0x644b_564d;
/// Type of a data partition that is still to be made: "not a file system".
pub const TYPE_FRESH: u8 = 0xda;
/// Type of a data partition that is in use: Linux.
pub const TYPE_LINUX: u8 = 0x83;

const SIGNATURE_AT: usize = 440;
const ENTRIES_AT: usize = 446;
const ENTRY: usize = 16;
const MAGIC: [u8; 2] = [0x55, 0xaa];
const EXTENDED: [u8; 2] = [0x05, 0x0f];
/// Entries of the MBR; the logical partitions are numbered from the next one on, whatever it holds.
const PRIMARIES: usize = 4;
/// The extended partition is the fourth of the MBR.
const EXTENDED_ENTRY: usize = 3;
/// p5, p6, p7: the chain that we made has no more links.
const LOGICALS: usize = 3;

/// No such table, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the card's partition table is not the one that was written to it ({0}); write the image to it again")]
pub struct TableError(pub(crate) &'static str);

/// For a caller whose reading fails with nothing else.
impl From<TableError> for io::Error {
    fn from(error: TableError) -> Self {
        Self::other(error)
    }
}

/// A range of sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first.
    pub start: u64,
    /// How many.
    pub sectors: u64,
}

impl Extent {
    /// The first sector behind it.
    pub fn end(self) -> u64 {
        self.start + self.sectors
    }
}

/// One sector to be written: the table is never changed in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectorWrite {
    /// Where.
    pub lba: u64,
    /// What.
    pub bytes: Sector,
}

/// The table as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    mbr: Sector,
    /// The sectors of the chain and where they are.
    chain: [(u64, Sector); LOGICALS],
}

/// One entry's place inside its sector.
#[derive(Debug, Clone, Copy)]
struct At(usize);

impl At {
    fn of(index: usize) -> Self {
        Self(ENTRIES_AT + index * ENTRY)
    }
    fn kind(self, sector: &Sector) -> u8 {
        sector[self.0 + 4]
    }
    fn start(self, sector: &Sector) -> u64 {
        u64::from(word(sector, self.0 + 8))
    }
    fn sectors(self, sector: &Sector) -> u64 {
        u64::from(word(sector, self.0 + 12))
    }
    /// Where it lies, if its sector counts from `base`.
    fn extent(self, base: u64, sector: &Sector) -> Extent {
        Extent {
            start: base + self.start(sector),
            sectors: self.sectors(sector),
        }
    }
}

fn word(sector: &Sector, at: usize) -> u32 {
    u32::from_le_bytes([sector[at], sector[at + 1], sector[at + 2], sector[at + 3]])
}

impl Table {
    /// Reads it by `sector`, which gives the sector at an address, and refuses every other than ours.
    pub fn read<E: From<TableError>>(
        mut sector: impl FnMut(u64) -> Result<Sector, E>,
    ) -> Result<Self, E> {
        let mbr = sector(0)?;
        let base = check_mbr(&mbr)?;
        let mut chain = [(0, [0; SECTOR]); LOGICALS];
        let mut at = base;
        for (index, link) in chain.iter_mut().enumerate() {
            *link = (at, sector(at)?);
            let next = check_link(&link.1, index)?;
            // A chain that goes back would be read for ever by others; ours goes forward.
            if index + 1 < LOGICALS && base + next <= at {
                return Err(TableError("its logical partitions run in a circle").into());
            }
            at = base + next;
        }
        let table = Self { mbr, chain };
        match table.is_ordered() {
            true => Ok(table),
            false => Err(TableError("its partitions overlap").into()),
        }
    }

    /// Each logical partition ends before the next one's sector, and the last where the table can still say it.
    fn is_ordered(&self) -> bool {
        let end = |(at, sector): &(u64, Sector)| At::of(0).extent(*at, sector).end();
        let apart = self.chain.windows(2).all(|two| end(&two[0]) <= two[1].0);
        apart && end(&self.chain[LOGICALS - 1]) <= self.extended().start + u64::from(u32::MAX)
    }

    /// A partition by its number: 1 to 4 those of the MBR, from 5 on the logical ones. `None` where there is none.
    pub fn partition(&self, number: u32) -> Option<Extent> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let extent = match index.checked_sub(PRIMARIES) {
            None => At::of(index).extent(0, &self.mbr),
            Some(logical) => {
                let (at, sector) = self.chain.get(logical)?;
                At::of(0).extent(*at, sector)
            }
        };
        (extent.sectors > 0).then_some(extent)
    }

    /// The extended partition, p4.
    pub fn extended(&self) -> Extent {
        At::of(EXTENDED_ENTRY).extent(0, &self.mbr)
    }

    /// The data partition, p7.
    pub fn data(&self) -> Extent {
        let (at, sector) = &self.chain[LOGICALS - 1];
        At::of(0).extent(*at, sector)
    }

    /// Its type.
    pub fn data_type(&self) -> u8 {
        At::of(0).kind(&self.chain[LOGICALS - 1].1)
    }

    /// The data partition's sector with another type.
    pub fn with_data_type(&self, kind: u8) -> SectorWrite {
        let (lba, mut bytes) = self.chain[LOGICALS - 1];
        bytes[At::of(0).0 + 4] = kind;
        SectorWrite { lba, bytes }
    }

    /// The extended partition ends at `end`.
    pub(crate) fn with_extended_end(&self, end: u64) -> SectorWrite {
        let sectors = end - self.extended().start;
        SectorWrite {
            lba: 0,
            bytes: resized(self.mbr, EXTENDED_ENTRY, sectors),
        }
    }

    /// The link to the data partition, in the sector before its own, reaches to `end`.
    pub(crate) fn with_link_end(&self, end: u64) -> SectorWrite {
        let (lba, bytes) = self.chain[LOGICALS - 2];
        SectorWrite {
            lba,
            bytes: resized(bytes, 1, end - self.chain[LOGICALS - 1].0),
        }
    }

    /// The data partition ends at `end`.
    pub(crate) fn with_data_end(&self, end: u64) -> SectorWrite {
        let (lba, bytes) = self.chain[LOGICALS - 1];
        SectorWrite {
            lba,
            bytes: resized(bytes, 0, end - self.data().start),
        }
    }

    /// What the table is after this write.
    pub fn after(&self, write: &SectorWrite) -> Self {
        let mut table = self.clone();
        let chain = table.chain.iter_mut().map(|(lba, bytes)| (*lba, bytes));
        std::iter::once((0, &mut table.mbr))
            .chain(chain)
            .filter(|(lba, _)| *lba == write.lba)
            .for_each(|(_, bytes)| *bytes = write.bytes);
        table
    }

    /// Does the table say this already?
    pub fn has(&self, write: &SectorWrite) -> bool {
        self.after(write) == *self
    }
}

/// Returns where the chain begins.
fn check_mbr(mbr: &Sector) -> Result<u64, TableError> {
    if mbr[SECTOR - 2..] != MAGIC || word(mbr, SIGNATURE_AT) != SIGNATURE {
        return Err(TableError("another signature"));
    }
    let extended = At::of(EXTENDED_ENTRY);
    if !EXTENDED.contains(&extended.kind(mbr)) || extended.start(mbr) == 0 {
        return Err(TableError("no extended partition"));
    }
    Ok(extended.start(mbr))
}

/// One sector of the chain: a partition, and a link where another one follows. Returns where, from p4's start.
fn check_link(sector: &Sector, index: usize) -> Result<u64, TableError> {
    let (partition, link) = (At::of(0), At::of(1));
    let is_empty = partition.start(sector) == 0
        || partition.sectors(sector) == 0
        || partition.kind(sector) == 0;
    if sector[SECTOR - 2..] != MAGIC || is_empty {
        return Err(TableError("a logical partition is missing"));
    }
    let last = index + 1 == LOGICALS;
    match (last, EXTENDED.contains(&link.kind(sector))) {
        (true, false) => Ok(0),
        (false, true) => Ok(link.start(sector)),
        (true, true) => Err(TableError("it has more partitions")),
        (false, false) => Err(TableError("a logical partition is missing")),
    }
}

/// Cylinders and heads stay as they are: since 8 GB nobody can read them.
fn resized(mut sector: Sector, entry: usize, sectors: u64) -> Sector {
    let sectors = u32::try_from(sectors).unwrap_or(u32::MAX);
    let at = At::of(entry).0 + 12;
    sector[at..at + 4].copy_from_slice(&sectors.to_le_bytes());
    sector
}
