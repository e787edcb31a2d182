//! # dkvm-shm
//!
//! Pools of frame slots in shared memory: the only place of dKVM that maps memory.
//!
//! Three sides meet in one file:
//!
//! * the kernel makes and removes it ([`PoolFile`]) and never maps it, so no fault of a device's memory is the kernel's;
//! * the producer maps it for writing ([`ProducerPool`]), one [`Slot`] per lease;
//! * consumers map it for reading ([`ReaderPool`], [`Readers`]), one [`View`] per lease.
//!
//! # The aliasing rule
//!
//! Memory that two processes share can change under a reader, and no type system of one process
//! rules that out. What rules it out is the lease: the kernel grants a slot to its producer only when no
//! reader holds a lease on it, so while a [`Slot`] lives nobody reads, and while a [`View`] lives nobody writes.
//! Within one process that is kept by construction (a slot is handed out once at a time; a mapping for writing
//! exists once per file). A producer that breaks the rule on purpose can change the bytes that a reader
//! looks at; so readers must treat a payload as foreign input that may differ between two reads:
//! never check a byte and then read it again in trust; [`View::copy_into`] first where that matters. Everything that
//! this crate itself decides by (geometry, offsets, lengths) is read once, checked, and kept outside the mapping.
//! Headers in the mapping are read and written with atomics only.
//!
//! A producer may also cut its own file short, which gives readers SIGBUS; the jail takes the right to truncate
//! from devices where Linux can (landlock), and else the supervisor restarts who died of it.

#![allow(unsafe_code)]

mod file;
mod geometry;
mod header;
mod map;
mod open;
mod producer;
mod reader;
mod readers;

pub use file::{CreateError, Owner, PoolFile};
pub use geometry::{Geometry, GeometryError};
pub use open::OpenError;
pub use producer::{ProducerPool, Slot, SlotError};
pub use reader::{ReaderPool, View, ViewError};
pub use readers::{ReadError, Readers, MAX_CACHED};

use dkvm_wire::PoolId;
use std::path::{Path, PathBuf};

/// Where a pool's file is in the directory that `welcome` names.
pub fn pool_path(dir: &Path, pool: PoolId) -> PathBuf {
    dir.join(format!("pool-{pool}"))
}
