//! What a damaged file does not tell any more.

use super::MOST;
use crate::fingerprint::Fingerprint;
use serde_json::Value;

/// Of whom it is not known any more what a person has said.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// It may be anybody.
    pub(super) all: bool,
    keys: Vec<Fingerprint>,
}

impl Lost {
    /// An entry that cannot be read.
    pub(super) fn take(&mut self, entry: &Value) {
        let key = entry.get("fingerprint").cloned();
        match key.and_then(|key| serde_json::from_value(key).ok()) {
            Some(key) if self.keys.len() < MOST => self.keys.push(key),
            // It may have been anybody's.
            _ => self.all = true,
        }
    }

    /// Whether something may have been said of it that is lost.
    pub(super) fn has(&self, key: &Fingerprint) -> bool {
        self.all || self.keys.contains(key)
    }
}

/// The entries of the file, and of those that were forgotten.
pub(super) fn understood(text: &str) -> Result<(Vec<Value>, Vec<Value>), String> {
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let list = |name: &str| match file.get(name) {
        Some(Value::Array(list)) => Ok(list.clone()),
        _ => Err(format!("it has no list `{name}`")),
    };
    let forgotten = match file.get("forgotten") {
        Some(_) => list("forgotten")?,
        None => Vec::new(),
    };
    Ok((list("peers")?, forgotten))
}
