//! The producer's side of a pool: one slot per lease, for writing.

use crate::header::SlotHeader;
use crate::map::{Access, Map};
use crate::open::{open, OpenError};
use crate::Geometry;
use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use thiserror::Error;

/// Why a granted lease gives no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum SlotError {
    #[error("lease {0:?} is of another pool")]
    OtherPool(LeaseRef),
    #[error("lease {0:?} names a slot that the pool does not have")]
    NoSuchSlot(LeaseRef),
    #[error("the slot of lease {0:?} is being written already")]
    InUse(LeaseRef),
    #[error("lease {0:?} was published already, or is older than one that was")]
    Stale(LeaseRef),
    #[error("{length} bytes do not fit a slot of {size}")]
    TooLong { length: usize, size: usize },
}

/// A pool mapped for writing. There is one per file: a second `open` fails.
#[derive(Debug, Clone)]
pub struct ProducerPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: PoolId,
    geometry: Geometry,
    slot_size: usize,
    map: Map,
    /// Bit `i`: slot `i` is out as a [`Slot`].
    out: AtomicU64,
    /// The last lease published of each slot. Lease ids only grow.
    published: Vec<AtomicU64>,
    /// Holds the lock on the file.
    _file: File,
}

impl ProducerPool {
    /// Opens and maps a pool that the kernel made for this process.
    pub fn open(dir: &Path, pool: PoolId) -> Result<Self, OpenError> {
        let opened = open(dir, pool, Access::Write)?;
        let geometry = opened.geometry;
        let shared = Shared {
            pool,
            geometry,
            // No more than MAX_STRIDE, which fits every usize that Linux has.
            slot_size: usize::try_from(geometry.slot_size()).unwrap_or(usize::MAX),
            map: opened.map,
            out: AtomicU64::new(0),
            published: (0..geometry.slots()).map(|_| AtomicU64::new(0)).collect(),
            _file: opened.file,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The pool's id.
    pub fn pool(&self) -> PoolId {
        self.shared.pool
    }

    /// Its geometry.
    pub fn geometry(&self) -> Geometry {
        self.shared.geometry
    }

    /// The slot of a lease that the kernel granted. One at a time per slot, and never after it was published; a
    /// slot that is dropped unwritten can be taken again by the same lease.
    pub fn slot(&self, lease: &LeaseRef) -> Result<Slot, SlotError> {
        let shared = &self.shared;
        if lease.pool != shared.pool {
            return Err(SlotError::OtherPool(*lease));
        }
        let place = shared
            .place(lease.slot)
            .ok_or(SlotError::NoSuchSlot(*lease))?;
        let bit = 1u64 << lease.slot.0;
        if shared.out.fetch_or(bit, Ordering::AcqRel) & bit != 0 {
            return Err(SlotError::InUse(*lease));
        }
        let slot = Slot {
            shared: shared.clone(),
            lease: lease.lease,
            index: lease.slot,
            place,
        };
        // Only now: from here on dropping `slot` gives the bit back.
        if slot.published().load(Ordering::Acquire) >= lease.lease.0 {
            return Err(SlotError::Stale(*lease));
        }
        SlotHeader::clear(&shared.map, place.header);
        Ok(slot)
    }
}

/// Offsets of one slot, checked once.
#[derive(Debug, Clone, Copy)]
struct Place {
    header: usize,
    payload: usize,
}

impl Shared {
    fn place(&self, slot: SlotIndex) -> Option<Place> {
        let place = Place {
            header: self.geometry.slot_header(slot)?,
            payload: self.geometry.payload(slot)?,
        };
        self.map.range(place.payload, self.slot_size)?;
        Some(place)
    }
}

/// A slot to write into, by the right of one lease. Dropping it publishes nothing.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
    lease: LeaseId,
    index: SlotIndex,
    place: Place,
}

impl Slot {
    /// Bytes that fit.
    pub fn len(&self) -> usize {
        self.shared.slot_size
    }

    /// Never: a slot has at least a page.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lease that it is written by.
    pub fn lease(&self) -> LeaseId {
        self.lease
    }

    /// The payload, for writing. It holds what was written into this slot before.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let (start, len) = (self.as_mut_ptr(), self.len());
        // SAFETY: `len` bytes from `start` lie in the mapping (see `Shared::place`), which `self.shared` keeps alive. The borrow
        // is exclusive: this is the only writable mapping of the file (lock), the only `Slot` of this place (bit in `out`),
        // and `self` is borrowed mutably. Readers hold no lease on it; see the aliasing rule in the crate's head.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// The payload's address, for a driver that writes it itself (V4L2 USERPTR): page-aligned,
    /// [`Slot::len`] bytes, valid while this slot lives. While the driver may write, do not call `bytes_mut`.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        // `place` was seen to be inside the mapping when the slot was made.
        self.shared
            .map
            .range(self.place.payload, self.shared.slot_size)
            .unwrap_or(std::ptr::dangling_mut())
    }

    /// Writes the header for `length` payload bytes and ends the writing: the result goes into the envelope
    /// of the event that publishes it.
    pub fn finish(self, length: usize) -> Result<LeaseRef, SlotError> {
        let too_long = SlotError::TooLong {
            length,
            size: self.len(),
        };
        let Some(short) = u32::try_from(length).ok().filter(|_| length <= self.len()) else {
            return Err(too_long);
        };
        let header = SlotHeader {
            lease: self.lease,
            length: u64::from(short),
        };
        header
            .write(&self.shared.map, self.place.header)
            .ok_or(too_long)?;
        self.published().store(self.lease.0, Ordering::Release);
        Ok(LeaseRef {
            lease: self.lease,
            pool: self.shared.pool,
            slot: self.index,
            length: short,
        })
    }

    fn published(&self) -> &AtomicU64 {
        // `Shared::place` saw that the index is below the number of slots.
        &self.shared.published[self.index.0 as usize]
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared
            .out
            .fetch_and(!(1u64 << self.index.0), Ordering::AcqRel);
    }
}
