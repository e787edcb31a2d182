use super::services::{answer, args, Answer};
use super::Node;
use crate::link::{kernel_event, DeviceId, Item, Peer};
use crate::memory::{OverdueAction, PoolOwner};
use crate::supervise::Event;
use dkvm_wire::service::{
    methods, Grant, LeaseArg, Level, LockArg, Nothing, PoolRef, PoolRequest, Release,
};
use dkvm_wire::{topics, ErrorCode, LeaseId, WireError};
use std::collections::BTreeMap;

impl Node {
    /// The memory manager's methods.
    pub(super) fn serve_memory(&mut self, peer: Peer, method: &str, body: &[u8]) -> Answer {
        if method == methods::MEMORY_STATS {
            return answer(&self.memory.stats());
        }
        if !method.starts_with("memory.") {
            let text =
                format!("the kernel has no method {method:?}: see docs/wire-protocol.md, Services");
            return Err(WireError::new(ErrorCode::UnknownMethod, text).about(method));
        }
        let Peer::Device(id, _) = peer else {
            return Err(
                WireError::new(ErrorCode::Forbidden, "only devices hold shared memory")
                    .about(method),
            );
        };
        self.serve_lease(id, method, body)
    }

    fn serve_lease(&mut self, id: DeviceId, method: &str, body: &[u8]) -> Answer {
        let holder = self.devices[id.0].holder();
        match method {
            methods::MEMORY_POOL => self.open_pool(id, &args(method, body)?),
            methods::MEMORY_CLOSE => {
                let PoolRef { pool } = args(method, body)?;
                self.memory
                    .close_pool(&holder, pool)
                    .and_then(|()| answer(&Nothing {}))
            }
            methods::MEMORY_ALLOCATE => {
                let PoolRef { pool } = args(method, body)?;
                self.memory.allocate(&holder, pool).and_then(|lease| {
                    answer(&Grant {
                        leases: vec![lease],
                    })
                })
            }
            methods::MEMORY_RETAIN => {
                let LeaseArg { lease } = args(method, body)?;
                self.memory
                    .retain(&holder, lease)
                    .and_then(|()| answer(&Nothing {}))
            }
            methods::MEMORY_LOCK => {
                let LockArg { lease, hold_ms } = args(method, body)?;
                self.memory.lock(&holder, lease, hold_ms)?;
                self.put_down(id, &[lease]);
                answer(&Nothing {})
            }
            methods::MEMORY_RELEASE => {
                let Release { leases } = args(method, body)?;
                self.memory.release(&holder, &leases)?;
                self.put_down(id, &leases);
                answer(&Nothing {})
            }
            _ => {
                let text = format!(
                    "the kernel has no method {method:?}: see docs/wire-protocol.md, Memory"
                );
                Err(WireError::new(ErrorCode::UnknownMethod, text).about(method))
            }
        }
    }

    fn open_pool(&mut self, id: DeviceId, request: &PoolRequest) -> Answer {
        let device = &self.devices[id.0];
        let owner = PoolOwner {
            file: self.pool_owner(&device.config),
            budget: device.config.memory,
        };
        let holder = device.holder();
        answer(&self.memory.open_pool(&holder, request, owner)?)
    }

    /// The event `memory.release`.
    pub(super) fn on_release(&mut self, id: DeviceId, leases: &[LeaseId]) {
        let holder = self.devices[id.0].holder();
        if let Err(error) = self.memory.release(&holder, leases) {
            self.log_of(id, Level::Debug, error.message);
        }
        self.put_down(id, leases);
    }

    /// A reader's hands are free for the next frame.
    fn put_down(&mut self, id: DeviceId, leases: &[LeaseId]) {
        let device = &mut self.devices[id.0];
        let peer = device.peer();
        let Some(link) = device.link.as_mut() else {
            return;
        };
        let mut goes_on = false;
        for lease in leases {
            goes_on |= link.outbox.put_down(*lease);
        }
        if goes_on {
            self.dirty.push(peer);
        }
    }

    /// Tops the windows of producers up.
    pub(super) fn send_grants(&mut self) {
        for (holder, leases) in self.memory.take_grants() {
            let Some(id) = self.find(holder.device.as_str()) else {
                continue;
            };
            let peer = Peer::Device(id, holder.generation);
            self.send(
                peer,
                Item::control(kernel_event(topics::GRANT, &Grant { leases })),
            );
        }
    }

    /// Leases that are held too long.
    pub(super) fn check_overdue(&mut self) {
        let now = self.now();
        let mut slow: BTreeMap<DeviceId, (usize, u64)> = BTreeMap::new();
        for overdue in self.memory.overdue(now.0) {
            let Some(id) = self.find(overdue.holder.device.as_str()) else {
                continue;
            };
            if self.devices[id.0].generation != overdue.holder.generation {
                continue;
            }
            if overdue.action == OverdueAction::Restart {
                let (lease, ms) = (overdue.lease, overdue.held_ms);
                let sentence =
                    format!("has held lease {lease} for {ms} ms: it has lost it, or hangs");
                self.drive(id, Event::Violation(sentence));
            } else {
                let (count, longest) = slow.entry(id).or_default();
                *count += 1;
                *longest = overdue.held_ms.max(*longest);
            }
        }
        for (id, (count, ms)) in slow {
            self.log_of(
                id,
                Level::Warn,
                format!("has held {count} frames for {ms} ms: it is slow, and frames may run out"),
            );
        }
    }
}
