//! A consumer's side of a pool: views of published leases.

use crate::header::SlotHeader;
use crate::map::{Access, Map};
use crate::open::{open, OpenError};
use crate::Geometry;
use dkvm_wire::{LeaseId, LeaseRef, PoolId};
use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// Why a lease cannot be viewed. The event that brought it is to be dropped, the lease released all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum ViewError {
    #[error("lease {0:?} is of another pool")]
    OtherPool(LeaseRef),
    #[error("lease {0:?} leads outside of its pool")]
    Outside(LeaseRef),
    #[error("the slot of lease {0:?} holds something else by now")]
    Stale(LeaseRef),
}

/// A pool mapped for reading.
#[derive(Debug, Clone)]
pub struct ReaderPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: PoolId,
    geometry: Geometry,
    map: Map,
    file: File,
}

impl ReaderPool {
    /// Opens and maps a pool. A symbolic link, a file that is no pool, or one shorter than its header says is refused.
    pub fn open(dir: &Path, pool: PoolId) -> Result<Self, OpenError> {
        let opened = open(dir, pool, Access::Read)?;
        let shared = Shared {
            pool,
            geometry: opened.geometry,
            map: opened.map,
            file: opened.file,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Its geometry.
    pub fn geometry(&self) -> Geometry {
        self.shared.geometry
    }

    /// Whether the kernel has removed the file: nothing new will ever be in it.
    pub fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.shared.file).map_or(true, |stat| stat.st_nlink == 0)
    }

    /// The payload of a lease. The caller holds the lease for as long as it uses the view.
    pub fn view(&self, lease: &LeaseRef) -> Result<View, ViewError> {
        let shared = &self.shared;
        if lease.pool != shared.pool {
            return Err(ViewError::OtherPool(*lease));
        }
        let place = shared.place(lease).ok_or(ViewError::Outside(*lease))?;
        let view = View {
            shared: shared.clone(),
            lease: lease.lease,
            place,
        };
        if !view.is_current() {
            return Err(ViewError::Stale(*lease));
        }
        Ok(view)
    }
}

/// A payload in the mapping, checked once.
#[derive(Debug, Clone, Copy)]
struct Place {
    header: usize,
    payload: usize,
    length: usize,
}

impl Shared {
    fn place(&self, lease: &LeaseRef) -> Option<Place> {
        if u64::from(lease.length) > self.geometry.slot_size() {
            return None;
        }
        let header = self.geometry.slot_header(lease.slot)?;
        let payload = self.geometry.payload(lease.slot)?;
        let length = usize::try_from(lease.length).ok()?;
        self.map.range(payload, length)?;
        Some(Place {
            header,
            payload,
            length,
        })
    }
}

/// The payload of one lease; derefs to its bytes. Read the aliasing rule in the crate's head before
/// trusting a byte twice.
#[derive(Debug)]
pub struct View {
    shared: Arc<Shared>,
    lease: LeaseId,
    place: Place,
}

impl View {
    /// Whether the slot still holds this lease's payload. A reader that may have been too slow asks after its work.
    pub fn is_current(&self) -> bool {
        let expected = SlotHeader {
            lease: self.lease,
            length: self.place.length as u64,
        };
        SlotHeader::read(&self.shared.map, self.place.header) == Some(expected)
    }

    /// The lease.
    pub fn lease(&self) -> LeaseId {
        self.lease
    }

    /// Copies the payload out, in place of what `out` held: from then on nobody can change it.
    pub fn copy_into(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(self);
    }
}

impl Deref for View {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let Place {
            payload, length, ..
        } = self.place;
        let Some(start) = self.shared.map.range(payload, length) else {
            return &[];
        };
        // SAFETY: `length` bytes from `start` lie in the mapping (checked by `range`), which `self.shared` keeps alive and
        // which the file was long enough for. Nobody writes them while the lease is held; see the aliasing rule.
        unsafe { std::slice::from_raw_parts(start, length) }
    }
}
