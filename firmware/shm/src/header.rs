//! The slot header in shared memory: magic u32, layout u32, lease u64, length u64, little-endian.

use crate::map::Map;
use dkvm_wire::{service::layout, LeaseId};
use std::sync::atomic::{AtomicU64, Ordering};

const MARK: usize = 0;
const LEASE: usize = 8;
const LENGTH: usize = 16;
const MARK_VALUE: u64 = layout::SLOT_MAGIC as u64 | (layout::LAYOUT_VERSION as u64) << u32::BITS;

/// What a slot's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotHeader {
    pub lease: LeaseId,
    pub length: u64,
}

impl SlotHeader {
    /// Reads the header at `offset`; `None` if there is none. The lease is read before and after, so that
    /// a header that is being written is not taken for one that was.
    pub fn read(map: &Map, offset: usize) -> Option<Self> {
        let lease = field(map, offset + LEASE)?.load(Ordering::Acquire);
        let mark = field(map, offset + MARK)?.load(Ordering::Acquire);
        let length = field(map, offset + LENGTH)?.load(Ordering::Acquire);
        let again = field(map, offset + LEASE)?.load(Ordering::Acquire);
        (u64::from_le(mark) == MARK_VALUE && lease == again).then(|| Self {
            lease: LeaseId(u64::from_le(lease)),
            length: u64::from_le(length),
        })
    }

    /// Writes the header at `offset`: first the mark goes, last the mark comes.
    pub fn write(&self, map: &Map, offset: usize) -> Option<()> {
        field(map, offset + MARK)?.store(0, Ordering::Release);
        field(map, offset + LENGTH)?.store(self.length.to_le(), Ordering::Release);
        field(map, offset + LEASE)?.store(self.lease.0.to_le(), Ordering::Release);
        field(map, offset + MARK)?.store(MARK_VALUE.to_le(), Ordering::Release);
        Some(())
    }

    /// Takes the header at `offset` away: what is in the slot from now on belongs to no lease yet.
    pub fn clear(map: &Map, offset: usize) {
        if let Some(mark) = field(map, offset + MARK) {
            mark.store(0, Ordering::SeqCst);
        }
    }
}

fn field(map: &Map, offset: usize) -> Option<&AtomicU64> {
    map.word(offset)
}
