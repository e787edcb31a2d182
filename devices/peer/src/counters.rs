//! Who was turned away since the start.

use dkvm_wire::vocab::peer::Refused;
use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};
use tokio::sync::Notify;

/// Counts; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    strangers: AtomicU32,
    versions: AtomicU32,
    garbage: AtomicU32,
    rights: AtomicU32,
    changed: Notify,
}

impl Counters {
    /// A key that is not paired.
    pub fn stranger(&self) {
        self.count(&self.0.strangers);
    }

    /// A version that is not spoken here.
    pub fn version(&self) {
        self.count(&self.0.versions);
    }

    /// What was no handshake, or took too long to become one.
    pub fn garbage(&self) {
        self.count(&self.0.garbage);
    }

    /// A right that the peer has not.
    pub fn right(&self) {
        self.count(&self.0.rights);
    }

    fn count(&self, which: &AtomicU32) {
        which.fetch_add(1, Ordering::Relaxed);
        self.0.changed.notify_one();
    }

    /// When one has changed since it was asked last.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// As they are told.
    pub fn told(&self) -> Refused {
        let of = |count: &AtomicU32| count.load(Ordering::Relaxed);
        Refused {
            strangers: of(&self.0.strangers),
            versions: of(&self.0.versions),
            garbage: of(&self.0.garbage),
            rights: of(&self.0.rights),
        }
    }
}
