//! Pools: whether they fit, their opening and closing.

use super::super::holders::HolderIndex;
use super::super::lease::Lease;
use super::super::pool::{Pool, MAX_WINDOW};
use super::super::{Holder, MemoryError};
use super::{Ledger, MAX_POOLS};
use dkvm_shm::Geometry;
use dkvm_wire::service::PoolRequest;
use dkvm_wire::{LeaseId, LeaseRef, PoolId};

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

    pub(super) fn close(&mut self, owner: HolderIndex, id: PoolId) {
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

    pub(super) fn owned(&self, holder: &Holder, pool: PoolId) -> Result<HolderIndex, MemoryError> {
        let owner = self.pools.get(&pool).and_then(|pool| pool.owner);
        let found = owner.filter(|owner| self.holders.find(holder) == Some(*owner));
        found.ok_or_else(|| MemoryError::NoPool {
            pool,
            holder: holder.clone(),
        })
    }
}
