use crate::{CallError, Link, SendError, Sender};
use dkvm_shm::{ProducerPool, SlotError};
use dkvm_wire::{
    encode_body,
    service::{methods, PoolInfo, PoolRef, PoolRequest},
    LeaseRef, Message, PoolId, RequestId,
};
use serde::Serialize;
use std::{path::Path, sync::Arc};
use thiserror::Error;

/// Id of a request whose answer nobody waits for.
const UNHEARD: RequestId = RequestId(0);

/// Why a pool cannot be had or used.
#[derive(Debug, Error)]
pub enum PoolError {
    /// The kernel gave none.
    #[error(transparent)]
    Ask(#[from] CallError),
    /// Its file cannot be mapped.
    #[error("pool {pool} in {dir} cannot be used: {source}")]
    Map {
        /// Which.
        pool: PoolId,
        /// The directory of the pools.
        dir: String,
        /// Why.
        source: dkvm_shm::OpenError,
    },
    /// More bytes than a slot holds were said to be in it.
    #[error("the frame cannot be published: {source}")]
    TooLong {
        /// How many.
        source: SlotError,
    },
    /// The event was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// A pool that this device produces frames in. Dropping it closes the pool; what readers still hold lives on.
pub struct FramePool {
    shared: Arc<PoolShared>,
}

struct PoolShared {
    memory: ProducerPool,
    sender: Sender,
    id: PoolId,
    slot_size: usize,
}

impl FramePool {
    /// Asks the kernel for a pool and maps it.
    pub async fn open(link: &Link, request: PoolRequest) -> Result<Self, PoolError> {
        Self::open_by(&link.sender(), request).await
    }

    /// The same where only a sender is at hand.
    pub async fn open_by(sender: &Sender, request: PoolRequest) -> Result<Self, PoolError> {
        let info: PoolInfo = sender.call(methods::MEMORY_POOL, &request).await?;
        let dir = &sender.welcome().pools;
        let memory =
            ProducerPool::open(Path::new(dir), info.pool).map_err(|source| PoolError::Map {
                pool: info.pool,
                dir: dir.clone(),
                source,
            })?;
        sender.0.grants.open(info.pool, &info.leases);
        let slot_size = usize::try_from(memory.geometry().slot_size()).unwrap_or(usize::MAX);
        let shared = PoolShared {
            memory,
            sender: sender.clone(),
            id: info.pool,
            slot_size,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A slot to write the next frame into. `None`: readers hold them all, so drop this frame and count it.
    pub fn take(&self) -> Option<Slot> {
        let grants = &self.shared.sender.0.grants;
        while let Some(lease) = grants.take(self.shared.id) {
            match self.shared.memory.slot(&lease) {
                Ok(slot) => {
                    return Some(Slot {
                        slot: Some(slot),
                        lease,
                        pool: self.shared.clone(),
                    })
                }
                Err(error) => crate::warn!("a granted slot cannot be used: {error}"),
            }
        }
        None
    }

    /// Publishes `length` bytes of a slot as an event with one lease, which is the readers' from now on.
    pub fn publish<B>(
        &self,
        topic: &str,
        info: &B,
        mut slot: Slot,
        length: usize,
    ) -> Result<(), PoolError>
    where
        B: Serialize + ?Sized,
    {
        let lease = slot.finish(length)?;
        Ok(self.shared.sender.emit_with(topic, info, &[lease])?)
    }

    /// `length` bytes of a slot are written: its lease, for a gateway to [`Sender::forward`]. One that is never sent stays out of
    /// use as long as the pool lives.
    pub fn seal(&self, mut slot: Slot, length: usize) -> Result<LeaseRef, PoolError> {
        slot.finish(length)
    }

    /// Slots that can be taken now.
    pub fn available(&self) -> usize {
        self.shared.sender.0.grants.count(self.shared.id)
    }

    /// Bytes that a slot holds.
    pub fn slot_size(&self) -> usize {
        self.shared.slot_size
    }

    /// Its id.
    pub fn id(&self) -> PoolId {
        self.shared.id
    }
}

impl Drop for PoolShared {
    fn drop(&mut self) {
        self.sender.0.grants.close(self.id);
        // The kernel takes the unwritten grants back by itself; a kernel that is gone has no pools.
        let body = encode_body(&PoolRef { pool: self.id });
        let close = Message::Request {
            id: UNHEARD,
            method: methods::MEMORY_CLOSE,
            body: &body,
            source: None,
        };
        let _ = self.sender.0.writer.send(methods::MEMORY_CLOSE, &close);
    }
}

/// A slot to write into. Dropping it unpublished keeps it for the next [`FramePool::take`].
pub struct Slot {
    slot: Option<dkvm_shm::Slot>,
    lease: LeaseRef,
    pool: Arc<PoolShared>,
}

impl Slot {
    /// The slot's memory, page-aligned; it holds what was written into it before.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.slot
            .as_mut()
            .map_or(&mut [], dkvm_shm::Slot::bytes_mut)
    }

    /// The memory's address, for a driver that writes into it itself (V4L2 USERPTR): page-aligned,
    /// [`Slot::capacity`] bytes, valid while this slot lives.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.slot
            .as_mut()
            .map_or(std::ptr::dangling_mut(), dkvm_shm::Slot::as_mut_ptr)
    }

    /// Bytes that fit.
    pub fn capacity(&self) -> usize {
        self.pool.slot_size
    }

    /// Its lease; the length is 0 until it is published.
    pub fn lease(&self) -> LeaseRef {
        self.lease
    }

    fn finish(&mut self, length: usize) -> Result<LeaseRef, PoolError> {
        if length > self.pool.slot_size {
            let source = SlotError::TooLong {
                length,
                size: self.pool.slot_size,
            };
            return Err(PoolError::TooLong { source });
        }
        let slot = self.slot.take().ok_or(SlotError::InUse(self.lease));
        slot.and_then(|slot| slot.finish(length))
            .map_err(|source| PoolError::TooLong { source })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.slot.take().is_some() {
            self.pool.sender.0.grants.put_back(self.lease);
        }
    }
}
