//! Frames in shared memory, on top of `dkvm-shm`: leases in, leases out.

mod grants;
mod pool;
mod reader;

pub(crate) use grants::Grants;
pub use pool::{FramePool, PoolError, Slot};
pub use reader::{FrameReader, FrameView, ViewError};
