//! What the kernel says before this device can use it: it says each state and each demand once.

use dkvm_sdk::Incoming;
use std::collections::BTreeMap;

/// States of devices here, and routes that name devices of other nodes.
const MOST: usize = 512;

/// The latest of each.
#[derive(Debug, Default)]
pub struct Prelude(BTreeMap<(String, String), Incoming>);

impl Prelude {
    /// Keeps what will be of use.
    pub fn take(&mut self, incoming: Incoming) {
        let key = match &incoming {
            // What is for devices of other nodes is history by then.
            Incoming::Event {
                topic,
                source,
                to,
                leases,
                ..
            } if to.is_empty() && leases.is_empty() => (topic.clone(), source.name.clone()),
            Incoming::Demand {
                topic,
                from: Some(from),
                ..
            } => (topic.clone(), from.clone()),
            _ => return,
        };
        if self.0.len() < MOST || self.0.contains_key(&key) {
            self.0.insert(key, incoming);
        }
    }

    /// All that is kept.
    pub fn into_all(self) -> impl Iterator<Item = Incoming> {
        self.0.into_values()
    }
}
