//! The card: its layout, its partition table, and what happens to the data partition at the first boot.
//!
//! The layout is docs/design.md's, "The card": the same for all boards and the lab.

mod blkpg;
mod device;
mod first_boot;
mod table;

pub use device::{find, request_reset, settle, sign_formatted, Card, CardError, Settled};
pub use first_boot::{grow, Growth};
pub use table::{Extent, SectorWrite, Table, TableError, TableSource};

/// Bytes per sector, of every card.
pub const SECTOR: usize = 512;
/// One sector's bytes.
pub type Sector = [u8; SECTOR];
/// The disk signature; so partition N is `PARTUUID=644b564d-0N`.
pub const SIGNATURE: u32 = 0x644b_564d;
/// What a person sees in a card reader.
pub const SELECT: u32 = 1;
/// All that is kept.
pub const DATA: u32 = 7;
/// The roots of slot A and slot B.
pub const ROOTS: [u32; 2] = [5, 6];
/// Type of a data partition that is still to be made: "not a file system".
pub const TYPE_FRESH: u8 = 0xda;
/// Type of a data partition that is in use: Linux.
pub const TYPE_LINUX: u8 = 0x83;
