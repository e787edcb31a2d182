//! The ledger: every lease of every pool, and who holds it. No I/O, no clock.
//!
//! Every operation of the hot path is O(1) in the number of leases and devices (O(readers) of one lease).

use super::holders::{HolderIndex, Holders};
use super::lease::{Lease, Left};
use super::overdue::{self, Overdue};
use super::pool::{Pool, MAX_WINDOW};
use super::{Holder, MemoryError};
use dkvm_shm::Geometry;
use dkvm_wire::service::{MemoryStats, PoolRequest};
use dkvm_wire::{LeaseId, LeaseRef, PoolId};
use std::collections::HashMap;

/// Pools of one device at a time, old ones that still drain included: a mode that changes faster than
/// readers follow must not pile up files.
pub(super) const MAX_POOLS: usize = 8;
/// Longest hold that can be asked for: one hour.
const MAX_LOCK_MS: u32 = 3_600_000;

/// Who holds which slot.
#[derive(Debug)]
pub struct Ledger {
    budget: u64,
    bytes: u64,
    last_pool: u32,
    last_lease: u64,
    pools: HashMap<PoolId, Pool>,
    leases: HashMap<LeaseId, Lease>,
    holders: Holders,
    /// Granted by a top-up, not yet fetched by `take_grants`.
    topped_up: Vec<LeaseId>,
    ended: Vec<PoolId>,
}

/// A pool that fits: what [`Ledger::open_pool`] takes after the file was made.
#[derive(Debug)]
pub struct Admitted {
    /// The id that its file is to have.
    pub pool: PoolId,
    /// Its geometry.
    pub geometry: Geometry,
    window: u32,
}

impl Ledger {
    /// A ledger that lets all pools together have `budget` bytes.
    pub fn new(budget: u64) -> Self {
        Self {
            budget,
            bytes: 0,
            last_pool: 0,
            last_lease: 0,
            pools: HashMap::new(),
            leases: HashMap::new(),
            holders: Holders::default(),
            topped_up: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Whether a pool fits, and the id it will have. Ids are used up even if the file then cannot be made.
    pub fn admit(
        &mut self,
        holder: &Holder,
        request: &PoolRequest,
        device_budget: u64,
    ) -> Result<Admitted, MemoryError> {
        let geometry = Geometry::new(request.slot_size, request.slots)?;
        if !(1..=MAX_WINDOW).contains(&request.window) || request.window >= request.slots {
            return Err(MemoryError::Window(request.window));
        }
        self.check_budgets(holder, geometry.file_len(), device_budget)?;
        self.last_pool += 1;
        Ok(Admitted {
            pool: PoolId(self.last_pool),
            geometry,
            window: request.window,
        })
    }

    fn check_budgets(
        &self,
        holder: &Holder,
        asked: u64,
        device_budget: u64,
    ) -> Result<(), MemoryError> {
        let (pools, used) = self.pools_of(holder);
        if pools >= MAX_POOLS {
            return Err(MemoryError::TooManyPools(holder.clone()));
        }
        if used.saturating_add(asked) > device_budget {
            let holder = holder.clone();
            return Err(MemoryError::OverDeviceBudget {
                holder,
                asked,
                used,
                budget: device_budget,
            });
        }
        if self.bytes.saturating_add(asked) > self.budget {
            return Err(MemoryError::OverBudget {
                asked,
                used: self.bytes,
                budget: self.budget,
            });
        }
        Ok(())
    }

    /// Pools that a holder opened and that are not over, and their bytes.
    fn pools_of(&self, holder: &Holder) -> (usize, u64) {
        let Some(index) = self.holders.find(holder) else {
            return (0, 0);
        };
        let sizes = self
            .pools
            .values()
            .filter(|pool| pool.opener == Some(index));
        sizes.fold((0, 0), |(count, sum), pool| {
            (count + 1, sum + pool.geometry.file_len())
        })
    }

    /// Opens an admitted pool and grants its first window.
    pub fn open_pool(&mut self, holder: &Holder, admitted: &Admitted) -> Vec<LeaseRef> {
        let owner = self.holders.find_or_add(holder);
        let pool = Pool::new(admitted.geometry, admitted.window, owner);
        self.bytes = self.bytes.saturating_add(admitted.geometry.file_len());
        self.pools.insert(admitted.pool, pool);
        self.fill_window(admitted.pool)
    }

    /// No more grants from this pool; those that are out are taken back. It ends with its last lease.
    pub fn close_pool(&mut self, holder: &Holder, pool: PoolId) -> Result<(), MemoryError> {
        let owner = self.owned(holder, pool)?;
        self.close(owner, pool);
        Ok(())
    }

    fn close(&mut self, owner: HolderIndex, id: PoolId) {
        if let Some(pool) = self.pools.get_mut(&id) {
            pool.owner = None;
        }
        let granted = |lease: &LeaseId| {
            self.leases
                .get(lease)
                .is_some_and(|l| l.pool == id && l.grant == Some(owner))
        };
        let grants: Vec<LeaseId> = self
            .holders
            .leases(owner)
            .into_iter()
            .filter(granted)
            .collect();
        for lease in grants {
            self.end_grant(lease, owner);
            self.settle(lease);
        }
        self.end_if_over(id);
    }

    /// One more grant, beyond the window.
    pub fn allocate(&mut self, holder: &Holder, pool: PoolId) -> Result<LeaseRef, MemoryError> {
        let owner = self.owned(holder, pool)?;
        let slot = self
            .pools
            .get_mut(&pool)
            .and_then(Pool::take)
            .ok_or(MemoryError::NoFreeSlot(pool))?;
        Ok(self.grant(Lease::granted(pool, slot, owner), owner))
    }

    fn owned(&self, holder: &Holder, pool: PoolId) -> Result<HolderIndex, MemoryError> {
        let owner = self.pools.get(&pool).and_then(|pool| pool.owner);
        let found = owner.filter(|owner| self.holders.find(holder) == Some(*owner));
        found.ok_or_else(|| MemoryError::NoPool {
            pool,
            holder: holder.clone(),
        })
    }

    fn grant(&mut self, lease: Lease, owner: HolderIndex) -> LeaseRef {
        self.last_lease += 1;
        let id = LeaseId(self.last_lease);
        let reference = lease.as_ref(id);
        self.leases.insert(id, lease);
        self.holders.note(owner, id);
        reference
    }

    fn fill_window(&mut self, id: PoolId) -> Vec<LeaseRef> {
        let mut granted = Vec::new();
        while let Some((slot, owner)) = self.window_slot(id) {
            granted.push(self.grant(Lease::granted(id, slot, owner), owner));
        }
        granted
    }

    fn window_slot(&mut self, id: PoolId) -> Option<(dkvm_wire::SlotIndex, HolderIndex)> {
        let pool = self.pools.get_mut(&id)?;
        let owner = pool.owner?;
        Some((pool.take_for_window()?, owner))
    }

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

    fn held(&self, holder: &Holder, lease: LeaseId) -> Result<HolderIndex, MemoryError> {
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

    /// Takes the producer's grant back; counts that it has on the same lease stay.
    fn end_grant(&mut self, id: LeaseId, owner: HolderIndex) {
        let Some(lease) = self.leases.get_mut(&id) else {
            return;
        };
        lease.grant = None;
        if !lease.is_held_by(owner) {
            self.holders.forget(owner, id);
        }
        if let Some(pool) = self.pools.get_mut(&lease.pool) {
            pool.grant_ended();
        }
    }

    /// Ends a lease that nobody holds, and tops the window of its pool up.
    fn settle(&mut self, id: LeaseId) {
        let Some(lease) = self.leases.get(&id) else {
            return;
        };
        let (pool_id, slot, unused) = (lease.pool, lease.slot, lease.is_unused());
        if unused {
            self.leases.remove(&id);
            if let Some(pool) = self.pools.get_mut(&pool_id) {
                pool.put_back(slot);
            }
            self.end_if_over(pool_id);
        }
        let granted = self.fill_window(pool_id);
        self.topped_up
            .extend(granted.iter().map(|lease| lease.lease));
    }

    fn end_if_over(&mut self, id: PoolId) {
        if self.pools.get(&id).is_some_and(Pool::is_over) {
            if let Some(pool) = self.pools.remove(&id) {
                self.bytes = self.bytes.saturating_sub(pool.geometry.file_len());
                self.ended.push(id);
            }
        }
    }

    /// A holder is gone: its counts are dropped, its grants taken back, its pools closed.
    /// Returns how many leases it had.
    pub fn reclaim(&mut self, holder: &Holder) -> usize {
        let Some(index) = self.holders.find(holder) else {
            return 0;
        };
        let before = self.holders.count(holder);
        for id in self.pools_owned(index) {
            self.close(index, id);
        }
        for id in self.holders.leases(index) {
            if let Some(lease) = self.leases.get_mut(&id) {
                lease.drop_holds(index);
            }
            self.settle(id);
        }
        self.disown(index);
        self.holders.remove(index);
        before
    }

    fn pools_owned(&self, owner: HolderIndex) -> Vec<PoolId> {
        let owned = self
            .pools
            .iter()
            .filter(|(_, pool)| pool.owner == Some(owner));
        owned.map(|(id, _)| *id).collect()
    }

    /// The index of a holder that goes may become another's.
    fn disown(&mut self, index: HolderIndex) {
        for pool in self.pools.values_mut() {
            pool.opener = pool.opener.filter(|opener| *opener != index);
        }
    }

    /// Leases that were granted since the last call, to be sent as `memory.grant`.
    pub fn take_grants(&mut self) -> Vec<(Holder, Vec<LeaseRef>)> {
        let mut grants: Vec<(Holder, Vec<LeaseRef>)> = Vec::new();
        for id in std::mem::take(&mut self.topped_up) {
            // A grant may have ended before it was sent, with its holder or its pool.
            let Some((lease, owner)) = self.leases.get(&id).and_then(|l| Some((l, l.grant?)))
            else {
                continue;
            };
            let Some(holder) = self.holders.name(owner) else {
                continue;
            };
            match grants.iter_mut().find(|(known, _)| known == holder) {
                Some((_, leases)) => leases.push(lease.as_ref(id)),
                None => grants.push((holder.clone(), vec![lease.as_ref(id)])),
            }
        }
        grants
    }

    /// Pools that ended since the last call: their files are to go.
    pub fn take_ended(&mut self) -> Vec<PoolId> {
        std::mem::take(&mut self.ended)
    }

    /// Leases that readers have held for long. To be called about twice a second.
    pub fn overdue(&mut self, now_ms: u64) -> Vec<Overdue> {
        let mut found = Vec::new();
        for (id, lease) in &mut self.leases {
            for hold in &mut lease.holds {
                found.extend(overdue::check(hold, *id, &self.holders, now_ms));
            }
        }
        found
    }

    /// Leases that a holder has, grants included.
    pub fn leases_of(&self, holder: &Holder) -> usize {
        self.holders.count(holder)
    }

    /// All in numbers.
    pub fn stats(&self) -> MemoryStats {
        MemoryStats {
            bytes: self.bytes,
            budget: self.budget,
            pools: count(self.pools.len()),
            leases: count(self.leases.len()),
            granted: self
                .pools
                .values()
                .map(Pool::granted)
                .fold(0, u32::saturating_add),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
