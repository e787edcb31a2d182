//! What follows from an operation: leases and pools end, windows are filled, the dead are cleared away.

use super::super::holders::HolderIndex;
use super::super::lease::Lease;
use super::super::pool::Pool;
use super::super::Holder;
use super::Ledger;
use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};

impl Ledger {
    pub(super) fn grant(&mut self, lease: Lease, owner: HolderIndex) -> LeaseRef {
        self.last_lease += 1;
        let id = LeaseId(self.last_lease);
        let reference = lease.as_ref(id);
        self.leases.insert(id, lease);
        self.holders.note(owner, id);
        reference
    }

    pub(super) fn fill_window(&mut self, id: PoolId) -> Vec<LeaseRef> {
        let mut granted = Vec::new();
        while let Some((slot, owner)) = self.window_slot(id) {
            granted.push(self.grant(Lease::granted(id, slot, owner), owner));
        }
        granted
    }

    fn window_slot(&mut self, id: PoolId) -> Option<(SlotIndex, HolderIndex)> {
        let pool = self.pools.get_mut(&id)?;
        let owner = pool.owner?;
        Some((pool.take_for_window()?, owner))
    }

    /// Takes the producer's grant back; counts that it has on the same lease stay.
    pub(super) fn end_grant(&mut self, id: LeaseId, owner: HolderIndex) {
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
    pub(super) fn settle(&mut self, id: LeaseId) {
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

    pub(super) fn end_if_over(&mut self, id: PoolId) {
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
}
