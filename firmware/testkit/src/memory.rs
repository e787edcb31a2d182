//! A small ledger: real pools in real shared memory, enough rules to catch a device that breaks them.

use crate::Failure;
use dkvm_shm::{Geometry, PoolFile, ProducerPool, Readers};
use dkvm_wire::{
    service::{PoolInfo, PoolRequest},
    ErrorCode, LeaseId, LeaseRef, PoolId, SlotIndex, WireError,
};
use std::{
    collections::{HashMap, VecDeque},
    path::Path,
};
use tempfile::TempDir;

/// Where pools are in a real system too.
const SHM: &str = "/dev/shm";
/// Slots of a pool that the fake kernel itself writes frames into: more than a device under test may hold.
const OWN_SLOTS: u32 = 8;

/// Whose turn a lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// Granted: the device may write.
    Producer,
    /// Published by the device: the test reads.
    Test,
    /// Sent to the device as a reader.
    Reader,
}

#[derive(Debug)]
struct Pool {
    file: PoolFile,
    free: VecDeque<SlotIndex>,
    window: usize,
    granted: usize,
    /// Set for a pool that the fake kernel writes into.
    own: Option<ProducerPool>,
}

pub(crate) struct Memory {
    dir: TempDir,
    readers: Readers,
    pools: HashMap<PoolId, Pool>,
    leases: HashMap<LeaseId, (LeaseRef, Holder)>,
    last_pool: u32,
    last_lease: u64,
    released: Vec<LeaseId>,
}

impl Memory {
    pub(crate) fn new() -> Result<Self, Failure> {
        let dir = tempfile::Builder::new()
            // Not `dkvm-`: a kernel that starts on this machine clears those of dead kernels away.
            .prefix("testkit-")
            .tempdir_in(SHM)?;
        let readers = Readers::new(dir.path().to_owned());
        let (pools, leases) = (HashMap::new(), HashMap::new());
        Ok(Self {
            dir,
            readers,
            pools,
            leases,
            last_pool: 0,
            last_lease: 0,
            released: Vec::new(),
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `memory.pool`
    pub(crate) fn open(&mut self, request: &PoolRequest) -> Result<PoolInfo, WireError> {
        let geometry = Geometry::new(request.slot_size, request.slots)
            .map_err(|error| WireError::new(ErrorCode::BadRequest, error.to_string()))?;
        let pool = self
            .create(geometry, request.window as usize)
            .map_err(|error| WireError::new(ErrorCode::Exhausted, error.to_string()))?;
        let leases = self.top_up(pool);
        Ok(PoolInfo {
            pool,
            slot_size: geometry.slot_size(),
            slots: geometry.slots(),
            leases,
        })
    }

    fn create(
        &mut self,
        geometry: Geometry,
        window: usize,
    ) -> Result<PoolId, dkvm_shm::CreateError> {
        self.last_pool += 1;
        let id = PoolId(self.last_pool);
        let file = PoolFile::create(self.dir.path(), id, geometry, None)?;
        let free = (0..geometry.slots()).map(SlotIndex).collect();
        self.pools.insert(
            id,
            Pool {
                file,
                free,
                window,
                granted: 0,
                own: None,
            },
        );
        Ok(id)
    }

    /// `memory.close`. The file goes at once: no other process reads it here.
    pub(crate) fn close(&mut self, pool: PoolId) {
        self.pools.remove(&pool);
    }

    /// `memory.allocate`
    pub(crate) fn allocate(&mut self, pool: PoolId) -> Result<LeaseRef, WireError> {
        let full = || WireError::new(ErrorCode::Exhausted, format!("no free slot in pool {pool}"));
        self.grant(pool).ok_or_else(full)
    }

    /// Grants what is missing in a pool's window.
    fn top_up(&mut self, id: PoolId) -> Vec<LeaseRef> {
        let missing = self
            .pools
            .get(&id)
            .map_or(0, |pool| pool.window.saturating_sub(pool.granted));
        (0..missing).map_while(|_| self.grant(id)).collect()
    }

    fn grant(&mut self, id: PoolId) -> Option<LeaseRef> {
        let pool = self.pools.get_mut(&id)?;
        let slot = pool.free.pop_front()?;
        pool.granted += 1;
        self.last_lease += 1;
        let lease = LeaseRef {
            lease: LeaseId(self.last_lease),
            pool: id,
            slot,
            length: 0,
        };
        self.leases.insert(lease.lease, (lease, Holder::Producer));
        Some(lease)
    }

    /// The device published a lease: it must hold it. Gives the grants that follow.
    pub(crate) fn published(&mut self, lease: &LeaseRef) -> Result<Vec<LeaseRef>, Failure> {
        let strange = || {
            Failure::new(format!(
                "the device published {lease:?}, which it does not hold"
            ))
        };
        let (_, holder) = self.leases.get_mut(&lease.lease).ok_or_else(strange)?;
        match holder {
            Holder::Reader => return Ok(Vec::new()),
            Holder::Test => return Err(strange()),
            Holder::Producer => *holder = Holder::Test,
        }
        if let Some(pool) = self.pools.get_mut(&lease.pool) {
            pool.granted -= 1;
        }
        Ok(self.top_up(lease.pool))
    }

    /// The bytes of a lease that the device published.
    pub(crate) fn read(&mut self, lease: &LeaseRef) -> Result<Vec<u8>, Failure> {
        let view = self
            .readers
            .view(lease)
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(view.to_vec())
    }

    /// The test has read a lease. Gives the grants that follow.
    pub(crate) fn give_back(&mut self, lease: &LeaseRef) -> Vec<LeaseRef> {
        if self
            .leases
            .get(&lease.lease)
            .is_some_and(|(_, holder)| *holder == Holder::Test)
        {
            self.leases.remove(&lease.lease);
            self.free(lease);
        }
        self.top_up(lease.pool)
    }

    fn free(&mut self, lease: &LeaseRef) {
        if let Some(pool) = self.pools.get_mut(&lease.pool) {
            pool.free.push_back(lease.slot);
        }
    }

    /// `memory.release` by the device.
    pub(crate) fn release(&mut self, leases: &[LeaseId]) -> Result<(), Failure> {
        for id in leases {
            let Some((lease, Holder::Reader)) = self.leases.get(id).copied() else {
                return Err(Failure::new(format!(
                    "the device released lease {id}, which it does not hold as a reader"
                )));
            };
            self.leases.remove(id);
            self.free(&lease);
            self.released.push(*id);
        }
        Ok(())
    }

    pub(crate) fn is_released(&self, lease: LeaseId) -> bool {
        self.released.contains(&lease)
    }

    /// Leases that the device holds as a reader.
    pub(crate) fn lent(&self) -> usize {
        self.leases
            .values()
            .filter(|(_, holder)| *holder == Holder::Reader)
            .count()
    }

    /// A frame of the fake kernel's own, lent to the device.
    pub(crate) fn lend(&mut self, bytes: &[u8]) -> Result<LeaseRef, Failure> {
        let pool = self.own_pool(bytes.len())?;
        let full = || Failure::new("the device holds all frames that were lent to it");
        let entry = self.pools.get_mut(&pool).ok_or_else(full)?;
        let slot = entry.free.pop_front().ok_or_else(full)?;
        self.last_lease += 1;
        let grant = LeaseRef {
            lease: LeaseId(self.last_lease),
            pool,
            slot,
            length: 0,
        };
        let lease = entry.own.as_ref().ok_or_else(full)?;
        let mut slot = lease
            .slot(&grant)
            .map_err(|error| Failure::new(error.to_string()))?;
        slot.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        let lease = slot
            .finish(bytes.len())
            .map_err(|error| Failure::new(error.to_string()))?;
        self.leases.insert(lease.lease, (lease, Holder::Reader));
        Ok(lease)
    }

    fn own_pool(&mut self, length: usize) -> Result<PoolId, Failure> {
        let fits =
            |pool: &Pool| pool.own.is_some() && pool.file.geometry().slot_size() >= length as u64;
        if let Some((id, _)) = self.pools.iter().find(|(_, pool)| fits(pool)) {
            return Ok(*id);
        }
        let geometry = Geometry::new(length.max(1) as u64, OWN_SLOTS)
            .map_err(|error| Failure::new(error.to_string()))?;
        let id = self
            .create(geometry, 0)
            .map_err(|error| Failure::new(error.to_string()))?;
        let own = ProducerPool::open(self.dir.path(), id)
            .map_err(|error| Failure::new(error.to_string()))?;
        if let Some(pool) = self.pools.get_mut(&id) {
            pool.own = Some(own);
        }
        Ok(id)
    }

    /// Files in the pools' directory that the fake kernel did not make.
    pub(crate) fn strangers(&self) -> Result<Vec<String>, Failure> {
        let known: Vec<_> = self
            .pools
            .values()
            .map(|pool| pool.file.path().to_owned())
            .collect();
        let mut strangers = Vec::new();
        for entry in std::fs::read_dir(self.dir.path())? {
            let path = entry?.path();
            if !known.contains(&path) {
                strangers.push(path.to_string_lossy().into_owned());
            }
        }
        Ok(strangers)
    }
}
