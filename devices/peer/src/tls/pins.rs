//! Whose keys are paired, as handshakes look it up.

use crate::fingerprint::Fingerprint;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

/// The keys of the paired nodes; clones are the same set.
#[derive(Debug, Clone, Default)]
pub struct Pins(Arc<RwLock<BTreeSet<Fingerprint>>>);

impl Pins {
    /// Whether it is paired, now.
    pub fn has(&self, key: &Fingerprint) -> bool {
        let pins = self.0.read().unwrap_or_else(PoisonError::into_inner);
        pins.contains(key)
    }

    /// These from now on.
    pub fn set(&self, keys: impl IntoIterator<Item = Fingerprint>) {
        let mut pins = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *pins = keys.into_iter().collect();
    }
}
