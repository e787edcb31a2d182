use crate::ids::{LeaseId, PoolId, SlotIndex};
use serde::{Deserialize, Serialize};

/// A lease as it travels in an envelope: the compact array `[lease, pool, slot, length]`.
/// `length` is the number of payload bytes that the producer wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseRef {
    /// The lease.
    pub lease: LeaseId,
    /// The pool that the slot is in.
    pub pool: PoolId,
    /// The slot.
    pub slot: SlotIndex,
    /// Payload bytes in the slot.
    pub length: u32,
}
