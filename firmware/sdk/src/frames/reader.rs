use crate::{Lease, Link, Sender};
use dkvm_shm::{Readers, View};
use std::{
    ops::Deref,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use thiserror::Error;

/// Why a lease cannot be looked at. The frame is to be dropped; nothing else is wrong.
#[derive(Debug, Error)]
#[error("a frame cannot be read: {0}")]
pub struct ViewError(#[from] dkvm_shm::ReadError);

/// Looks at frames that came with events. Maps each pool once.
#[derive(Debug)]
pub struct FrameReader {
    pools: Mutex<Readers>,
}

impl FrameReader {
    /// A reader of the pools of this device's kernel.
    pub fn new(link: &Link) -> Self {
        Self::by(&link.sender())
    }

    /// The same where only a sender is at hand.
    pub fn by(sender: &Sender) -> Self {
        Self {
            pools: Mutex::new(Readers::new(PathBuf::from(&sender.welcome().pools))),
        }
    }

    /// The frame of a lease. The view shares the lease, so the lease goes back when both are dropped.
    pub fn view(&self, lease: &Lease) -> Result<FrameView, ViewError> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let view = pools.view(&lease.reference())?;
        Ok(FrameView {
            view,
            lease: lease.clone(),
        })
    }
}

/// The bytes of one frame. They are foreign input, and a misbehaving producer may change them between two reads.
#[derive(Debug)]
pub struct FrameView {
    view: View,
    lease: Lease,
}

impl FrameView {
    /// Its lease, to pass the frame on with [`Sender::emit_with`].
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Whether the slot still holds this frame; ask after the work when it took long.
    pub fn is_current(&self) -> bool {
        self.view.is_current()
    }
}

impl Deref for FrameView {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.view
    }
}
