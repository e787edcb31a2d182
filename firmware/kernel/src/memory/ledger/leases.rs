//! What holders do with leases: the hot path.

use super::super::holders::HolderIndex;
use super::super::lease::Left;
use super::super::{Holder, MemoryError};
use super::Ledger;
use dkvm_wire::{LeaseId, LeaseRef};

/// Longest hold that can be asked for: one hour.
const MAX_LOCK_MS: u32 = 3_600_000;

impl Ledger {
    /// An event with this lease goes to `readers`: each gets one count. The publisher holds the lease as its grant, which
    /// ends, or as a reader, which it stays. With no readers the slot is free again at once.
    pub fn publish(
        &mut self,
        holder: &Holder,
        lease: &LeaseRef,
        readers: &[Holder],
    ) -> Result<(), MemoryError> {
        let publisher = self.held(holder, lease.lease)?;
        self.check_published(lease, publisher)?;
        let readers: Vec<HolderIndex> = readers
            .iter()
            .map(|r| self.holders.find_or_add(r))
            .collect();
        self.check_room(lease.lease, &readers)?;
        for reader in readers {
            self.add_count(lease.lease, reader);
        }
        if let Some(entry) = self
            .leases
            .get_mut(&lease.lease)
            .filter(|l| l.grant == Some(publisher))
        {
            entry.length = lease.length;
            self.end_grant(lease.lease, publisher);
        }
        self.settle(lease.lease);
        Ok(())
    }

    /// What the event says of the lease must be so: readers go by it.
    fn check_published(&self, said: &LeaseRef, publisher: HolderIndex) -> Result<(), MemoryError> {
        let Some(lease) = self.leases.get(&said.lease) else {
            return Err(MemoryError::Mismatch(said.lease));
        };
        let length_known = lease.grant != Some(publisher);
        let same = lease.pool == said.pool && lease.slot == said.slot;
        if !same || (length_known && lease.length != said.length) {
            return Err(MemoryError::Mismatch(said.lease));
        }
        let size = self
            .pools
            .get(&lease.pool)
            .map_or(0, |pool| pool.geometry.slot_size());
        if u64::from(said.length) > size {
            return Err(MemoryError::TooLong {
                lease: said.lease,
                length: said.length,
                size,
            });
        }
        Ok(())
    }

    fn check_room(&self, lease: LeaseId, readers: &[HolderIndex]) -> Result<(), MemoryError> {
        let entry = self.leases.get(&lease);
        let full = |reader| entry.is_some_and(|l| l.can_add(reader).is_err());
        if readers.iter().any(|reader| full(*reader)) {
            return Err(MemoryError::TooManyRetains(lease));
        }
        Ok(())
    }

    fn add_count(&mut self, lease: LeaseId, holder: HolderIndex) {
        if let Some(entry) = self.leases.get_mut(&lease) {
            entry.add(holder);
            self.holders.note(holder, lease);
        }
    }

    pub(super) fn held(&self, holder: &Holder, lease: LeaseId) -> Result<HolderIndex, MemoryError> {
        let index = self.holders.find(holder);
        let entry = self.leases.get(&lease);
        index
            .filter(|index| entry.is_some_and(|entry| entry.is_held_by(*index)))
            .ok_or_else(|| MemoryError::NotHeld {
                lease,
                holder: holder.clone(),
            })
    }

    /// One more count on a lease that the holder has.
    pub fn retain(&mut self, holder: &Holder, lease: LeaseId) -> Result<(), MemoryError> {
        let index = self.held(holder, lease)?;
        self.check_room(lease, &[index])?;
        self.add_count(lease, index);
        Ok(())
    }

    /// The holder means to keep this lease: its limit is `hold_ms` from the first check on.
    pub fn lock(
        &mut self,
        holder: &Holder,
        lease: LeaseId,
        hold_ms: u32,
    ) -> Result<(), MemoryError> {
        let index = self.held(holder, lease)?;
        if hold_ms > MAX_LOCK_MS {
            return Err(MemoryError::HoldTooLong(hold_ms));
        }
        // A producer's grant has no limit that could be moved.
        if let Some(hold) = self
            .leases
            .get_mut(&lease)
            .and_then(|entry| entry.hold_of(index))
        {
            hold.locked_ms = Some(u64::from(hold_ms));
        }
        Ok(())
    }

    /// Gives back one count.
    pub fn release(&mut self, holder: &Holder, lease: LeaseId) -> Result<(), MemoryError> {
        let index = self.held(holder, lease)?;
        let Some(entry) = self.leases.get_mut(&lease) else {
            return Ok(());
        };
        let had_grant = entry.grant == Some(index);
        let left = entry.drop_one(index);
        let grant_ended = had_grant && entry.grant.is_none();
        let pool = entry.pool;
        if left == Some(Left::None) {
            self.holders.forget(index, lease);
        }
        if let Some(pool) = self.pools.get_mut(&pool).filter(|_| grant_ended) {
            pool.grant_ended();
        }
        self.settle(lease);
        Ok(())
    }
}
