use dkvm_wire::service::{
    ConfigEntry, ConfigOutcome, MAX_CONFIG_HISTORY, MAX_CONFIG_HISTORY_BYTES,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One of the history, with its text; so it is in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) told: ConfigEntry,
    pub(super) text: String,
}

impl Entry {
    pub(super) fn is_on_trial(&self) -> bool {
        self.told.outcome == ConfigOutcome::Trial
    }

    /// Whether it was ever in force for good.
    pub(super) fn held(&self) -> bool {
        matches!(
            self.told.outcome,
            ConfigOutcome::Kept | ConfigOutcome::Found
        )
    }
}

/// SHA-256, hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    use std::fmt::Write;
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold(String::new(), |mut all, byte| {
        // Writing to a String does not fail.
        let _ = write!(all, "{byte:02x}");
        all
    })
}

/// How many of the oldest are too many.
pub(super) fn excess(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&Entry| {
        bytes += entry.text.len();
        bytes <= MAX_CONFIG_HISTORY_BYTES
    };
    let kept = entries.iter().rev().take(MAX_CONFIG_HISTORY);
    entries.len() - kept.take_while(fits).count()
}
