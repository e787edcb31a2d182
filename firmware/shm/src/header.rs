//! The slot header in shared memory: magic u32, layout u32, lease u64, length u64, little-endian.
//!
//! Words of 32 bits and relaxed loads only: nothing else is sure to work on memory that is mapped read-only, on every
//! processor that Linux has (Rust's `core::sync::atomic`, "Atomic accesses to read-only memory").

use crate::map::Map;
use dkvm_wire::{service::layout, LeaseId};
use std::sync::atomic::{fence, Ordering};

const MAGIC: usize = 0;
const LAYOUT: usize = 4;
const LEASE: usize = 8;
const LENGTH: usize = 16;
const WORD: usize = 4;

/// What a slot's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotHeader {
    pub lease: LeaseId,
    pub length: u64,
}

impl SlotHeader {
    /// Reads the header at `offset`; `None` if there is none. All of it is read between two looks at the magic, so a header
    /// that is being written is not taken for one that was.
    pub fn read(map: &Map, offset: usize) -> Option<Self> {
        let magic = load(map, offset + MAGIC)?;
        fence(Ordering::Acquire);
        let layout = load(map, offset + LAYOUT)?;
        let lease = LeaseId(load_long(map, offset + LEASE)?);
        let length = load_long(map, offset + LENGTH)?;
        fence(Ordering::Acquire);
        let again = load(map, offset + MAGIC)?;
        let whole = magic == layout::SLOT_MAGIC && again == magic;
        (whole && layout == layout::LAYOUT_VERSION).then_some(Self { lease, length })
    }

    /// Writes the header at `offset`: first the magic goes, last it comes.
    pub fn write(&self, map: &Map, offset: usize) -> Option<()> {
        store(map, offset + MAGIC, 0)?;
        fence(Ordering::SeqCst);
        store(map, offset + LAYOUT, layout::LAYOUT_VERSION)?;
        store_long(map, offset + LEASE, self.lease.0)?;
        store_long(map, offset + LENGTH, self.length)?;
        fence(Ordering::SeqCst);
        store(map, offset + MAGIC, layout::SLOT_MAGIC)
    }

    /// Takes the header at `offset` away: what is in the slot from now on belongs to no lease yet.
    pub fn clear(map: &Map, offset: usize) {
        store(map, offset + MAGIC, 0);
        fence(Ordering::SeqCst);
    }
}

fn load(map: &Map, offset: usize) -> Option<u32> {
    Some(u32::from_le(map.word(offset)?.load(Ordering::Relaxed)))
}

fn load_long(map: &Map, offset: usize) -> Option<u64> {
    let (low, high) = (load(map, offset)?, load(map, offset + WORD)?);
    Some(u64::from(low) | u64::from(high) << u32::BITS)
}

fn store(map: &Map, offset: usize, value: u32) -> Option<()> {
    map.word(offset)?.store(value.to_le(), Ordering::Relaxed);
    Some(())
}

fn store_long(map: &Map, offset: usize, value: u64) -> Option<()> {
    let half = |shift: u32| (value >> shift & u64::from(u32::MAX)) as u32;
    store(map, offset, half(0))?;
    store(map, offset + WORD, half(u32::BITS))
}
