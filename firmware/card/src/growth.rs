//! The first boot as a pure function: which sectors must be written so that the data partition reaches to the end of
//! the card. Writing them again changes nothing, and a cut between any two leaves a table that says the same files.

use crate::{Extent, SectorWrite, Table, TYPE_FRESH};

/// Partitions end at multiples of a MiB: a card erases nothing smaller.
const ALIGNMENT: u64 = 2048;
/// An entry of the table counts no further: 2 TiB.
const MOST: u64 = u32::MAX as u64;

/// What stands between the table and a usable data partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Growth {
    /// It is in use: leave the table alone.
    Settled(Extent),
    /// It is fresh: these sectors, in this order; then make a file system here; then sign it.
    Fresh {
        /// At most three; none when the table says so already.
        writes: Vec<SectorWrite>,
        /// The data partition afterwards.
        data: Extent,
    },
}

/// What is to do for a card of so many sectors. The type of the partition alone says whether it is fresh: it is the
/// last that is written, so a first boot that was cut short is done again.
pub fn grow(table: &Table, card_sectors: u64) -> Growth {
    let now = table.data();
    if table.data_type() != TYPE_FRESH {
        return Growth::Settled(now);
    }
    let end = target_end(table, card_sectors);
    // From the outside in, so that at no moment a partition reaches out of the one it is in.
    let steps: [fn(&Table, u64) -> SectorWrite; 3] = [
        Table::with_extended_end,
        Table::with_link_end,
        Table::with_data_end,
    ];
    let mut table = table.clone();
    let mut writes = Vec::new();
    for step in steps {
        let write = step(&table, end);
        if !table.has(&write) {
            table = table.after(&write);
            writes.push(write);
        }
    }
    Growth::Fresh {
        writes,
        data: table.data(),
    }
}

/// The card's end, or the partition's own where the card is no larger. It never shrinks.
fn target_end(table: &Table, card_sectors: u64) -> u64 {
    let own = table.data().end().max(table.extended().end());
    let last = card_sectors / ALIGNMENT * ALIGNMENT;
    last.max(own).min(table.extended().start + MOST)
}
