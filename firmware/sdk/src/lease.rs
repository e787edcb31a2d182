use crate::Sender;
use dkvm_wire::{LeaseId, LeaseRef, PoolId};
use std::{fmt, sync::Arc};

/// A lease that this device holds as a reader. Clones share it; the last one dropped gives it back.
#[derive(Clone)]
pub struct Lease(Arc<Held>);

struct Held {
    reference: LeaseRef,
    sender: Sender,
}

impl Lease {
    pub(crate) fn new(reference: LeaseRef, sender: Sender) -> Self {
        Self(Arc::new(Held { reference, sender }))
    }

    /// As it travels in an envelope: what [`Sender::emit_with`] takes to pass the frame on.
    pub fn reference(&self) -> LeaseRef {
        self.0.reference
    }

    /// Its id.
    pub fn id(&self) -> LeaseId {
        self.0.reference.lease
    }

    /// The pool that its slot is in.
    pub fn pool(&self) -> PoolId {
        self.0.reference.pool
    }

    /// Payload bytes.
    pub fn length(&self) -> usize {
        self.0.reference.length as usize
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A kernel that is gone holds no ledger.
        let _ = self.sender.release(&[self.reference.lease]);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.0.reference).finish()
    }
}
