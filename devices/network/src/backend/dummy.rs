//! One wired interface, `dummy0`, that remembers what it is told.

use super::Change;
use crate::core::seen::Seen;
use dkvm_wire::vocab::network::LinkKind;
use std::sync::Arc;
use tokio::sync::Notify;

/// The interface.
pub struct Dummy {
    seen: Seen,
    changed: Arc<Notify>,
}

impl Dummy {
    /// Switched off, with a cable in it.
    pub fn new(changed: Arc<Notify>) -> Self {
        let seen = Seen {
            name: "dummy0".to_owned(),
            index: 1,
            kind: LinkKind::Wired,
            up: false,
            carrier: true,
            carrier_changes: 1,
            mac: [2, 0, 0, 0, 0, 1],
            addresses: Vec::new(),
            gateways: Vec::new(),
        };
        Self { seen, changed }
    }

    /// As it is.
    pub fn look(&self) -> Vec<Seen> {
        vec![self.seen.clone()]
    }

    /// Remembers it.
    pub fn change(&mut self, change: Change) {
        let seen = &mut self.seen;
        match change {
            Change::Up => seen.up = true,
            Change::Down => seen.up = false,
            Change::Forward(_) => {}
            Change::Add(cidr) => seen.addresses.push(cidr),
            Change::Remove(cidr) => seen.addresses.retain(|one| *one != cidr),
            Change::Route(gateway, _) => seen.gateways.push(gateway),
            Change::Unroute(gateway) => seen.gateways.retain(|one| *one != gateway),
        }
        self.changed.notify_one();
    }
}
