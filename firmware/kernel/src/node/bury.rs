use super::Node;
use crate::clock::unix_ms;
use crate::link::{kernel_event, Class, DeviceId, Item, Peer};
use crate::process;
use crate::router::{Bridge, Produced, Readers};
use crate::supervise::{Event, Exit, Signal};
use dkvm_wire::service::{DeathRecord, Level, SourceGone};
use dkvm_wire::{topics, Generation, QueueClass, SourceName};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::rc::Rc;

/// So long after a death, orphans are looked for.
const SWEEP_MS: u64 = 2_000;
/// A record's last line when the device wrote nothing.
const NO_LINES: &str = "(it wrote nothing to its log)";

impl Node {
    /// Linux says that a child has ended.
    pub(crate) fn reap(&mut self) {
        for id in self.ids() {
            let Some(pid) = self.devices[id.0]
                .pid
                .filter(|pid| process::has_ended(*pid))
            else {
                continue;
            };
            // One by one first, to tell how many; then what they start meanwhile. Before the device's number is free
            // again: nobody of its group may outlive it.
            self.end_orphans();
            process::signal_group(pid, Signal::Kill);
            if let Some(exit) = process::collect(pid) {
                self.on_exit(id, exit);
            }
        }
        let slipped = process::collect_strangers(&self.pids());
        for (pid, exit) in slipped {
            if let Some(id) = self.ids().find(|id| self.devices[id.0].pid == Some(pid)) {
                process::signal_group(pid, Signal::Kill);
                self.on_exit(id, exit);
            }
        }
        self.settle();
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.devices
            .iter()
            .filter_map(|device| device.pid)
            .collect()
    }

    fn on_exit(&mut self, id: DeviceId, exit: Exit) {
        self.drain(id);
        // A rule broken in its last words is the better cause.
        self.judge_offenders();
        self.devices[id.0].pid = None;
        self.drive(id, Event::Exited(exit));
        self.end_orphans();
        // Orphans may have children of their own, which become ours only when those have died.
        self.sweep_until = self.now() + SWEEP_MS;
    }

    /// What dead devices left behind, in groups and sessions of their own.
    pub(super) fn end_orphans(&mut self) {
        let mut left: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for owner in process::kill_orphans(&self.pids()) {
            *left.entry(owner).or_default() += 1;
        }
        for (owner, count) in left {
            let what = if count == 1 { "process" } else { "processes" };
            let text = format!("left {count} {what} behind: killed");
            match owner.and_then(|name| self.find(&name)) {
                Some(id) => self.log_of(id, Level::Warn, text),
                None => self.warn(format!("a device that ended {text}")),
            }
        }
    }

    /// After a death, in this order: its connection is closed, so that nothing of the old generation counts any
    /// more; leases; what it held in others; requests to it; the record. State and restart follow.
    pub(super) fn bury(&mut self, id: DeviceId, cause: Option<String>) {
        self.end_all_far(id);
        let sessions = self.devices.iter_mut().filter_map(|d| d.session.as_mut());
        sessions.for_each(|session| session.far.forget(None, id));
        let device = &mut self.devices[id.0];
        let peer = device.peer();
        device.counts.dropped = device.dropped();
        device.link = None;
        device.errors = None;
        device.ping = None;
        let session = device.session.take();
        let lines = mem::take(&mut device.last_lines);
        self.memory.reclaim(&self.devices[id.0].holder());
        let sinks = session
            .map(|session| sinks(&session.produced))
            .unwrap_or_default();
        let device = &self.devices[id.0];
        let gone = (device.config.name.clone().into(), device.generation);
        self.tell_gone(gone, id.0 as u64, &sinks);
        self.fail_pending(id);
        self.pending.forget(peer);
        self.tables_stale = true;
        if let Some(cause) = cause {
            self.note_death(id, cause, lines.into());
        } else {
            self.log_of(id, Level::Info, "has ended");
        }
    }

    /// In the queue of the inputs, so that it cannot pass by what it is to undo. Who has not been welcomed yet has got nothing of it.
    pub(super) fn tell_gone(
        &mut self,
        (source, generation): (SourceName, Generation),
        key: u64,
        sinks: &[DeviceId],
    ) {
        let frame = kernel_event(topics::SOURCE_GONE, &SourceGone { source, generation });
        for sink in sinks {
            if self.devices[sink.0].session.is_none() {
                continue;
            }
            let item = Item {
                frame: frame.clone(),
                class: Class::Event(QueueClass::Input),
                source: key,
                to: 0,
                topic: Rc::from(topics::SOURCE_GONE),
                leases: Vec::new(),
            };
            let peer = self.devices[sink.0].peer();
            self.send(peer, item);
        }
    }

    fn note_death(&mut self, id: DeviceId, cause: String, lines: Vec<String>) {
        let now = self.now();
        let device = &self.devices[id.0];
        let lived_ms = now.since(device.state.started);
        let log = if lines.is_empty() {
            vec![NO_LINES.to_owned()]
        } else {
            lines
        };
        let record = DeathRecord {
            name: device.config.name.clone(),
            generation: device.generation,
            at_unix_ms: unix_ms(),
            at_uptime_ms: now.0,
            lived_ms,
            cause: cause.clone(),
            log,
        };
        self.log_of(
            id,
            Level::Warn,
            format!(
                "died after {}.{:03} s: {cause}",
                lived_ms / 1000,
                lived_ms % 1000
            ),
        );
        self.record_death(record);
    }

    /// Whoever broke a rule in this turn.
    pub(super) fn judge_offenders(&mut self) {
        for (peer, sentence) in mem::take(&mut self.offenders) {
            match peer {
                Peer::Client(id) => self.drop_client(id),
                Peer::Device(id, generation) if self.devices[id.0].generation == generation => {
                    self.drive(id, Event::Violation(sentence));
                }
                Peer::Device(..) => {}
            }
        }
    }
}

fn sinks(produced: &[Produced]) -> Vec<DeviceId> {
    sinks_of(produced.iter().map(|p| (&p.readers, p.bridge.as_ref())))
}

/// All that read of it, whatever it is: who may hold keys of it, who shows its state, and what leads to those at other nodes.
pub(super) fn sinks_of<'p>(
    read: impl Iterator<Item = (&'p Readers, Option<&'p Rc<Bridge>>)>,
) -> Vec<DeviceId> {
    let mut sinks = BTreeSet::new();
    for (readers, bridge) in read {
        sinks.extend(readers.iter().copied());
        sinks.extend(bridge.map(|bridge| bridge.gateway));
    }
    sinks.into_iter().collect()
}
