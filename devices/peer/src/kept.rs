//! What this device has kept from its earlier lives.

use crate::{card, identity::Identity, store::Store};
use std::path::Path;

/// All of it.
#[derive(Debug)]
pub struct Kept {
    /// Who this node is.
    pub identity: Identity,
    /// Who is paired with it.
    pub store: Store,
    /// What a person has to know.
    pub told: Vec<String>,
}

impl Kept {
    /// Reads it, or makes it where there is nothing; the sentence is why there can be no link. It takes as long as the card does.
    pub fn read(named_by_card: &Path) -> Result<Self, String> {
        let folder = dkvm_sdk::state_dir();
        let identity = Identity::obtain(folder.as_deref()).map_err(|error| error.to_string())?;
        let mut told: Vec<String> = identity.unkept.iter().cloned().collect();
        let (mut store, damaged) = Store::load(folder.as_deref());
        told.extend(damaged);
        // A card that cannot be read takes nothing from the nodes that it named.
        if let Some(mut keys) = card::read(named_by_card) {
            keys.retain(|key| *key != identity.fingerprint);
            told.extend(store.hold_back(&keys));
            if let Err(error) = store.follow_card(&keys) {
                dkvm_sdk::warn!("what the card says of other nodes: {error}");
            }
        }
        Ok(Self {
            identity,
            store,
            told,
        })
    }
}
