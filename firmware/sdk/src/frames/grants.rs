use dkvm_wire::{LeaseRef, PoolId};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Leases to write into, by pool: filled by the intake the moment the kernel grants, emptied by
/// [`FramePool::take`](crate::FramePool::take), so that the hot path has no round trip.
#[derive(Default)]
pub(crate) struct Grants {
    free: Mutex<HashMap<PoolId, VecDeque<LeaseRef>>>,
}

impl Grants {
    /// Begins to keep a pool's grants.
    pub(crate) fn open(&self, pool: PoolId, window: &[LeaseRef]) {
        self.lock().entry(pool).or_default().extend(window);
    }

    /// New grants. Those of a pool that is closed here are the kernel's again already.
    pub(crate) fn add(&self, leases: &[LeaseRef]) {
        let mut free = self.lock();
        for lease in leases {
            if let Some(queue) = free.get_mut(&lease.pool) {
                queue.push_back(*lease);
            }
        }
    }

    pub(crate) fn take(&self, pool: PoolId) -> Option<LeaseRef> {
        self.lock().get_mut(&pool)?.pop_front()
    }

    /// Back from a slot that was not published: the next to be taken.
    pub(crate) fn put_back(&self, lease: LeaseRef) {
        if let Some(queue) = self.lock().get_mut(&lease.pool) {
            queue.push_front(lease);
        }
    }

    pub(crate) fn count(&self, pool: PoolId) -> usize {
        self.lock().get(&pool).map_or(0, VecDeque::len)
    }

    pub(crate) fn close(&self, pool: PoolId) {
        self.lock().remove(&pool);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PoolId, VecDeque<LeaseRef>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{LeaseId, SlotIndex};

    fn lease(id: u64, pool: u32) -> LeaseRef {
        LeaseRef {
            lease: LeaseId(id),
            pool: PoolId(pool),
            slot: SlotIndex(0),
            length: 0,
        }
    }

    #[test]
    fn grants_come_out_in_order_and_an_unused_one_first() {
        let grants = Grants::default();
        grants.open(PoolId(1), &[lease(1, 1)]);
        grants.add(&[lease(2, 1)]);
        let first = grants.take(PoolId(1)).unwrap();
        grants.put_back(first);
        assert_eq!(grants.take(PoolId(1)), Some(lease(1, 1)));
        assert_eq!(grants.take(PoolId(1)), Some(lease(2, 1)));
        assert_eq!(grants.take(PoolId(1)), None);
    }

    #[test]
    fn a_closed_pool_keeps_nothing() {
        let grants = Grants::default();
        grants.open(PoolId(1), &[lease(1, 1)]);
        grants.close(PoolId(1));
        grants.add(&[lease(2, 1)]);
        grants.put_back(lease(1, 1));
        assert_eq!(grants.count(PoolId(1)), 0);
    }
}
