//! The ledger with its files.

use super::error::MemoryError;
use super::{Holder, Ledger, Overdue};
use dkvm_shm::{Owner, PoolFile};
use dkvm_wire::service::{MemoryStats, PoolInfo, PoolRequest};
use dkvm_wire::{LeaseId, LeaseRef, PoolId, WireError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the configuration says of a device that opens a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolOwner {
    /// Whose the file will be: the device's uid and the group of all devices. `None`: the kernel's own user, where the
    /// kernel is not root and devices run as the same user.
    pub file: Option<Owner>,
    /// Bytes of pools that the device may have.
    pub budget: u64,
}

/// Pools and leases, and the files of the pools. All of them go when it is dropped.
#[derive(Debug)]
pub struct MemoryManager {
    dir: PathBuf,
    ledger: Ledger,
    files: HashMap<PoolId, PoolFile>,
}

impl MemoryManager {
    /// `dir` is this kernel's own directory in shared memory (see [`super::ShmDir`]); `budget` is in bytes, for all devices.
    pub fn new(dir: PathBuf, budget: u64) -> Self {
        Self {
            dir,
            ledger: Ledger::new(budget),
            files: HashMap::new(),
        }
    }

    /// The directory, as `welcome` tells it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `memory.pool`: makes a pool's file and grants its first window.
    pub fn open_pool(
        &mut self,
        holder: &Holder,
        request: &PoolRequest,
        owner: PoolOwner,
    ) -> Result<PoolInfo, WireError> {
        let admitted = self.ledger.admit(holder, request, owner.budget)?;
        let file = PoolFile::create(&self.dir, admitted.pool, admitted.geometry, owner.file)
            .map_err(MemoryError::File)?;
        self.files.insert(admitted.pool, file);
        let leases = self.ledger.open_pool(holder, &admitted);
        Ok(PoolInfo {
            pool: admitted.pool,
            slot_size: admitted.geometry.slot_size(),
            slots: admitted.geometry.slots(),
            leases,
        })
    }

    /// `memory.close`: no more grants; the file goes with its last lease.
    pub fn close_pool(&mut self, holder: &Holder, pool: PoolId) -> Result<(), WireError> {
        self.ledger.close_pool(holder, pool)?;
        self.remove_ended();
        Ok(())
    }

    /// `memory.allocate`: one grant beyond the window.
    pub fn allocate(&mut self, holder: &Holder, pool: PoolId) -> Result<LeaseRef, WireError> {
        Ok(self.ledger.allocate(holder, pool)?)
    }

    /// An event of `holder` with this lease goes to `readers`. Call once per lease of the envelope, before the event is
    /// queued; on an error drop the event. What a queue then drops is to be released for its reader.
    pub fn publish(
        &mut self,
        holder: &Holder,
        lease: &LeaseRef,
        readers: &[Holder],
    ) -> Result<(), WireError> {
        self.ledger.publish(holder, lease, readers)?;
        self.remove_ended();
        Ok(())
    }

    /// `memory.retain`.
    pub fn retain(&mut self, holder: &Holder, lease: LeaseId) -> Result<(), WireError> {
        Ok(self.ledger.retain(holder, lease)?)
    }

    /// `memory.lock`.
    pub fn lock(&mut self, holder: &Holder, lease: LeaseId, hold_ms: u32) -> Result<(), WireError> {
        Ok(self.ledger.lock(holder, lease, hold_ms)?)
    }

    /// `memory.release`: one count of each. All are tried; the error is the first one's.
    pub fn release(&mut self, holder: &Holder, leases: &[LeaseId]) -> Result<(), WireError> {
        let mut first = Ok(());
        for lease in leases {
            let released = self.ledger.release(holder, *lease);
            first = first.and(released);
        }
        self.remove_ended();
        Ok(first?)
    }

    /// A life of a device is over: all that it held is free. Returns how many leases that were.
    pub fn reclaim(&mut self, holder: &Holder) -> usize {
        let count = self.ledger.reclaim(holder);
        self.remove_ended();
        count
    }

    /// Leases that were granted to keep windows full, since the last call: to be sent as `memory.grant`. Call after
    /// everything that may free a slot (publish, release, reclaim); empty most of the time.
    pub fn take_grants(&mut self) -> Vec<(Holder, Vec<LeaseRef>)> {
        self.ledger.take_grants()
    }

    /// Leases held too long; `now_ms` is any clock that only grows. To be called about twice a second: a hold's time
    /// begins with the first call that sees it.
    pub fn overdue(&mut self, now_ms: u64) -> Vec<Overdue> {
        self.ledger.overdue(now_ms)
    }

    /// `memory.stats`.
    pub fn stats(&self) -> MemoryStats {
        self.ledger.stats()
    }

    /// Leases that a holder has, grants included.
    pub fn leases_of(&self, holder: &Holder) -> u32 {
        u32::try_from(self.ledger.leases_of(holder)).unwrap_or(u32::MAX)
    }

    fn remove_ended(&mut self) {
        for pool in self.ledger.take_ended() {
            self.files.remove(&pool);
        }
    }
}
