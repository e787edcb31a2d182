//! The card: its layout, its partition table, and `autoboot.txt`, which names the slot that starts.
//!
//! The layout is docs/design.md's, "The card": the same for all boards and the lab. Nothing here opens a file: a caller
//! reads the sectors that are asked for, and writes those that it gets, whole and one at a time. `dkvm boot` and the
//! device `update` are the two that do.

pub mod autoboot;
mod fat;
mod growth;
mod layout;
mod table;
#[cfg(test)]
mod tests;

pub use fat::{FatError, SelectLayout};
pub use growth::{grow, Growth};
pub use layout::{boot_partition, node, root_partition, DATA, ROOTS, SELECT};
pub use table::{Extent, SectorWrite, Table, TableError, SIGNATURE, TYPE_FRESH, TYPE_LINUX};

/// Bytes per sector, of every card.
pub const SECTOR: usize = 512;
/// One sector's bytes.
pub type Sector = [u8; SECTOR];
