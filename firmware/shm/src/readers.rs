//! The pools that a consumer has mapped.

use crate::{OpenError, ReaderPool, View, ViewError};
use dkvm_wire::{LeaseRef, PoolId};
use std::path::PathBuf;
use thiserror::Error;

/// Pools kept mapped: a reader of a few producers, each in a change of its mode. The one longest unused goes first.
pub const MAX_CACHED: usize = 8;

/// Opens each pool once. Mappings of pools that the kernel has removed are let go when another is opened.
#[derive(Debug)]
pub struct Readers {
    dir: PathBuf,
    /// The latest used is last.
    pools: Vec<(PoolId, ReaderPool)>,
}

/// Why a lease from an event cannot be read.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum ReadError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    View(#[from] ViewError),
}

impl Readers {
    /// `dir` is the directory that `welcome` names.
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            pools: Vec::new(),
        }
    }

    /// The payload of a lease that came with an event.
    pub fn view(&mut self, lease: &LeaseRef) -> Result<View, ReadError> {
        Ok(self.pool(lease.pool)?.view(lease)?)
    }

    /// Lets go of pools that the kernel has removed.
    pub fn prune(&mut self) {
        self.pools.retain(|(_, pool)| !pool.is_gone());
    }

    /// Pools mapped now.
    pub fn mapped(&self) -> usize {
        self.pools.len()
    }

    fn pool(&mut self, id: PoolId) -> Result<&ReaderPool, OpenError> {
        let entry = match self.pools.iter().rposition(|(known, _)| *known == id) {
            Some(at) => self.pools.remove(at),
            None => (id, self.open(id)?),
        };
        let at = self.pools.len();
        self.pools.push(entry);
        Ok(&self.pools[at].1)
    }

    fn open(&mut self, id: PoolId) -> Result<ReaderPool, OpenError> {
        self.prune();
        if self.pools.len() >= MAX_CACHED {
            self.pools.remove(0);
        }
        ReaderPool::open(&self.dir, id)
    }
}
