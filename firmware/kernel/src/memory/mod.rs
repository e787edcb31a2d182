//! The memory manager: who may use which slot of which pool.
//!
//! Decisions are in [`ledger`], which does no I/O; [`MemoryManager`] adds the files. Publishing, retaining and
//! releasing are a few hash look-ups and no system call; files come and go only with pools.

mod dir;
mod error;
mod holders;
mod lease;
mod ledger;
mod manager;
mod overdue;
mod pool;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use dir::{remove_stale, DirError, ShmDir};
pub use error::MemoryError;
pub use ledger::Ledger;
pub use manager::{MemoryManager, PoolOwner};
pub use overdue::{Overdue, OverdueAction};

use dkvm_wire::{DeviceName, Generation};
use std::fmt;

/// One life of one device: what holds leases. A restarted device is another holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Holder {
    pub device: DeviceName,
    pub generation: Generation,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (generation {})", self.device, self.generation)
    }
}
