use super::Node;
use crate::link::{Item, Overflow, Peer};

impl Node {
    /// Queues a message. It goes out at the end of the turn.
    pub(super) fn send(&mut self, peer: Peer, item: Item) {
        let Some(link) = self.link(peer) else {
            self.give_back(peer, &item.leases);
            return;
        };
        // Much in one turn is no proof that nobody reads.
        if link.outbox.is_full_for(&item) {
            link.flush();
        }
        let leases = item.leases.clone();
        match link.outbox.push(item) {
            Ok(gone) => self.give_back(peer, &gone),
            Err(overflow) => {
                self.give_back(peer, &leases);
                self.offenders.push((peer, sentence(overflow).to_owned()));
            }
        }
        if self.dirty.last() != Some(&peer) {
            self.dirty.push(peer);
        }
    }

    /// Leases that were retained for a reader and never reach it.
    fn give_back(&mut self, peer: Peer, leases: &[dkvm_wire::LeaseId]) {
        let Peer::Device(id, generation) = peer else {
            return;
        };
        if leases.is_empty() {
            return;
        }
        let holder = crate::memory::Holder {
            device: self.devices[id.0].config.name.clone(),
            generation,
        };
        // Held by nobody but this reader's queue; a death meanwhile has reclaimed them.
        let _ = self.memory.release(&holder, leases);
    }

    /// Writes what connections take now.
    pub(super) fn flush(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for peer in dirty.drain(..) {
            if let Some(link) = self.link(peer) {
                link.flush();
            }
        }
        self.dirty = dirty;
    }
}

fn sentence(overflow: Overflow) -> &'static str {
    match overflow {
        Overflow::Messages => "does not read: 1024 messages wait for it that must not be lost",
        Overflow::Bytes => "does not read: 4 MiB of messages wait for it",
    }
}
