//! Why the memory manager refuses.

use super::Holder;
use dkvm_shm::{CreateError, GeometryError};
use dkvm_wire::{ErrorCode, LeaseId, PoolId, WireError};
use thiserror::Error;

const MIB: u64 = 1024 * 1024;

/// Why the memory manager refuses. Nothing has changed when one of these is returned.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum MemoryError {
    #[error("lease {lease} is not held by {holder}")]
    NotHeld { lease: LeaseId, holder: Holder },
    #[error("lease {0} is of another slot or pool, or has another length, than the event says")]
    Mismatch(LeaseId),
    #[error("{length} bytes were published in lease {lease}, and its slot has {size}")]
    TooLong {
        lease: LeaseId,
        length: u32,
        size: u64,
    },
    #[error("pool {pool} is not an open pool of {holder}")]
    NoPool { pool: PoolId, holder: Holder },
    #[error(
        "no slot of pool {0} is free: its readers are slow; drop a frame, or ask for more `slots`"
    )]
    NoFreeSlot(PoolId),
    #[error("lease {0} was retained too often by one device: more than {max} times", max = super::lease::MAX_COUNT)]
    TooManyRetains(LeaseId),
    #[error("a lease cannot be held for {0} ms: lock it for at most 3600000 ms")]
    HoldTooLong(u32),
    #[error("a window of {0} slots cannot be: ask for 1 to 4, and fewer than `slots`")]
    Window(u32),
    #[error("{0} has {max} pools already, old ones that readers still use included", max = super::ledger::MAX_POOLS)]
    TooManyPools(Holder),
    #[error(
        "a pool of {} MiB does not fit: {} of {} MiB are used by all devices; raise `budget` in [memory], or lower `slots`",
        asked.div_ceil(MIB), used.div_ceil(MIB), budget / MIB
    )]
    OverBudget { asked: u64, used: u64, budget: u64 },
    #[error(
        "a pool of {} MiB does not fit: {holder} uses {} of its {} MiB; raise `memory` of the device, or lower `slots`",
        asked.div_ceil(MIB), used.div_ceil(MIB), budget / MIB
    )]
    OverDeviceBudget {
        holder: Holder,
        asked: u64,
        used: u64,
        budget: u64,
    },
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    #[error(transparent)]
    File(#[from] CreateError),
}

impl MemoryError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotHeld { .. } | Self::NoPool { .. } => ErrorCode::NotFound,
            Self::Mismatch(_) | Self::TooLong { .. } | Self::HoldTooLong(_) | Self::Window(_) => {
                ErrorCode::BadRequest
            }
            Self::Geometry(_) => ErrorCode::BadRequest,
            Self::NoFreeSlot(_) | Self::TooManyRetains(_) | Self::TooManyPools(_) => {
                ErrorCode::Exhausted
            }
            Self::OverBudget { .. } | Self::OverDeviceBudget { .. } => ErrorCode::Exhausted,
            Self::File(CreateError::Full { .. }) => ErrorCode::Exhausted,
            Self::File(_) => ErrorCode::Internal,
        }
    }
}

impl From<MemoryError> for WireError {
    fn from(error: MemoryError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
