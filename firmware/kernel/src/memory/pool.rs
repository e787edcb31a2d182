//! One pool: which of its slots are free, and how many its producer has ahead.

use super::holders::HolderIndex;
use dkvm_shm::Geometry;
use dkvm_wire::SlotIndex;
use std::collections::VecDeque;

/// Largest window: enough for a driver that wants three buffers queued and one that is being filled.
pub(super) const MAX_WINDOW: u32 = 4;

#[derive(Debug)]
pub(super) struct Pool {
    pub geometry: Geometry,
    pub window: u32,
    /// `None` once it is closed: nothing is granted any more.
    pub owner: Option<HolderIndex>,
    /// Whose budget it counts on, while that holder lives.
    pub opener: Option<HolderIndex>,
    /// First in, first out: a slot rests as long as can be, for readers that are late.
    free: VecDeque<SlotIndex>,
    granted: u32,
}

impl Pool {
    pub fn new(geometry: Geometry, window: u32, owner: HolderIndex) -> Self {
        let free = (0..geometry.slots()).map(SlotIndex).collect();
        Self {
            geometry,
            window,
            owner: Some(owner),
            opener: Some(owner),
            free,
            granted: 0,
        }
    }

    /// Takes a slot for a grant.
    pub fn take(&mut self) -> Option<SlotIndex> {
        let slot = self.free.pop_front()?;
        self.granted += 1;
        Some(slot)
    }

    /// Takes a slot for the window, if it is not full.
    pub fn take_for_window(&mut self) -> Option<SlotIndex> {
        if self.granted < self.window {
            self.take()
        } else {
            None
        }
    }

    /// A grant was published or given back.
    pub fn grant_ended(&mut self) {
        self.granted = self.granted.saturating_sub(1);
    }

    /// A lease has ended.
    pub fn put_back(&mut self, slot: SlotIndex) {
        self.free.push_back(slot);
    }

    pub fn granted(&self) -> u32 {
        self.granted
    }

    /// Whether it is closed and nobody uses it.
    pub fn is_over(&self) -> bool {
        self.owner.is_none() && self.free.len() as u64 == u64::from(self.geometry.slots())
    }
}
