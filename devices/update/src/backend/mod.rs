//! What the engine needs of the machine.

pub mod card;
pub mod dummy;
pub mod files;

use crate::core::error::BoardError;
use dkvm_bundle::PartName;
use dkvm_wire::service::Slot;

/// The slots, which of them starts, and what is kept. Whatever a method has returned `Ok` for is on the card, except
/// [`Board::write`], which is only after [`Board::sync`].
pub trait Board {
    /// Bytes that a partition takes.
    fn room(&self, slot: Slot, part: PartName) -> Result<u64, BoardError>;
    /// Writes into a partition.
    fn write(
        &mut self,
        slot: Slot,
        part: PartName,
        at: u64,
        bytes: &[u8],
    ) -> Result<(), BoardError>;
    /// All that was written into a slot is on the card, and is read from there again.
    fn sync(&mut self, slot: Slot) -> Result<(), BoardError>;
    /// Reads from a partition.
    fn read(
        &self,
        slot: Slot,
        part: PartName,
        at: u64,
        buffer: &mut [u8],
    ) -> Result<(), BoardError>;
    /// The slot that the next power-on starts.
    fn committed(&self) -> Result<Slot, BoardError>;
    /// From now on this slot starts.
    fn commit(&mut self, slot: Slot) -> Result<(), BoardError>;
    /// The next start makes the data partition anew.
    fn forget_data(&mut self) -> Result<(), BoardError>;
}
