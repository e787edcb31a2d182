//! One lease: a slot in use, by its producer's grant or by its readers' holds.

use super::holders::HolderIndex;
use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};

/// Counts that one device can have on one lease. A device that keeps more has lost count.
pub(super) const MAX_COUNT: u32 = 1024;
/// A reader that holds a lease longer is told of in the log: a frame is of no use after so long.
pub(super) const WARN_AFTER_MS: u64 = 2_000;
/// A reader that holds a lease longer is restarted, unless it locked it: pools are small.
pub(super) const HOLD_LIMIT_MS: u64 = 10_000;

/// One reader's counts on a lease.
#[derive(Debug)]
pub(super) struct Hold {
    pub holder: HolderIndex,
    pub count: u32,
    /// When a check first saw it; `None` until then, so that the hot path needs no clock.
    pub since_ms: Option<u64>,
    /// `Some` when the holder locked it.
    pub locked_ms: Option<u64>,
    pub told: Told,
}

/// What the kernel has been told of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    Nothing,
    Slow,
    TooLong,
}

impl Hold {
    pub fn limit_ms(&self) -> u64 {
        self.locked_ms.unwrap_or(HOLD_LIMIT_MS)
    }
}

/// A slot in use.
#[derive(Debug)]
pub(super) struct Lease {
    pub pool: PoolId,
    pub slot: SlotIndex,
    /// Payload bytes; 0 until it is published.
    pub length: u32,
    /// The producer that may write it, until it publishes it.
    pub grant: Option<HolderIndex>,
    /// One per reader: a handful.
    pub holds: Vec<Hold>,
}

/// Why one more count was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CountFull;

impl Lease {
    pub fn granted(pool: PoolId, slot: SlotIndex, producer: HolderIndex) -> Self {
        Self {
            pool,
            slot,
            length: 0,
            grant: Some(producer),
            holds: Vec::new(),
        }
    }

    pub fn as_ref(&self, lease: LeaseId) -> LeaseRef {
        LeaseRef {
            lease,
            pool: self.pool,
            slot: self.slot,
            length: self.length,
        }
    }

    pub fn hold_of(&mut self, holder: HolderIndex) -> Option<&mut Hold> {
        self.holds.iter_mut().find(|hold| hold.holder == holder)
    }

    pub fn is_held_by(&self, holder: HolderIndex) -> bool {
        self.grant == Some(holder) || self.holds.iter().any(|hold| hold.holder == holder)
    }

    pub fn is_unused(&self) -> bool {
        self.grant.is_none() && self.holds.is_empty()
    }

    pub fn can_add(&self, holder: HolderIndex) -> Result<(), CountFull> {
        let count = self
            .holds
            .iter()
            .find(|hold| hold.holder == holder)
            .map_or(0, |hold| hold.count);
        if count < MAX_COUNT {
            Ok(())
        } else {
            Err(CountFull)
        }
    }

    /// One more count; the caller has asked [`Self::can_add`].
    pub fn add(&mut self, holder: HolderIndex) {
        match self.hold_of(holder) {
            Some(hold) => hold.count = hold.count.saturating_add(1),
            None => self.holds.push(Hold {
                holder,
                count: 1,
                since_ms: None,
                locked_ms: None,
                told: Told::Nothing,
            }),
        }
    }

    /// Gives back one count, or else the grant. Returns whether the holder has anything left on it.
    pub fn drop_one(&mut self, holder: HolderIndex) -> Option<Left> {
        if let Some(at) = self.holds.iter().position(|hold| hold.holder == holder) {
            self.holds[at].count -= 1;
            if self.holds[at].count == 0 {
                self.holds.swap_remove(at);
            }
        } else if self.grant == Some(holder) {
            self.grant = None;
        } else {
            return None;
        }
        Some(if self.is_held_by(holder) {
            Left::Some
        } else {
            Left::None
        })
    }

    /// Gives back all counts of a holder. Its grants went with its pools.
    pub fn drop_holds(&mut self, holder: HolderIndex) {
        self.holds.retain(|hold| hold.holder != holder);
    }
}

/// What a holder has left on a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Some,
    None,
}
