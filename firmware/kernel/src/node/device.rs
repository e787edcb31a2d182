use super::readers::Demanded;
use crate::config::DeviceConfig;
use crate::death;
use crate::link::{DeviceId, Link, Output, Peer};
use crate::log::Assembler;
use crate::memory::Holder;
use crate::process::Share;
use crate::router::{FarSources, Interest, Produced};
use crate::supervise::{State, Terms};
use dkvm_wire::service::{Desired, DeviceInfo};
use dkvm_wire::{Generation, RequestId};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use tokio::task::AbortHandle;

/// A device as the node keeps it, over all its lives.
pub(crate) struct Device {
    pub(super) id: DeviceId,
    pub(super) config: DeviceConfig,
    pub(super) state: State,
    pub(super) generation: Generation,
    pub(super) pid: Option<u32>,
    pub(super) link: Option<Link>,
    pub(super) errors: Option<Errors>,
    /// What its hello said; `None` until then.
    pub(super) session: Option<Session>,
    pub(super) ping: Option<RequestId>,
    /// What it had of the processor when it was last given time to answer.
    pub(super) share: Share,
    /// What of that time was given back to it already.
    pub(super) given_back_ms: u64,
    pub(super) last_lines: VecDeque<String>,
    pub(super) counts: Counts,
    /// Was ready once: devices after it need not wait any more.
    pub(super) was_ready: bool,
    /// Its newest error line since it was last ready: better than an exit code at saying what is wrong.
    pub(super) complaint: Option<String>,
    /// No longer in the configuration.
    pub(super) removed: bool,
}

/// Its stderr.
pub(super) struct Errors {
    pub(super) from: Rc<Output>,
    pub(super) lines: Assembler,
    pub(super) task: AbortHandle,
}

impl Drop for Errors {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What holds from hello to the end of this life.
pub(super) struct Session {
    pub(super) interest: Interest,
    pub(super) produced: Vec<Produced>,
    /// For whom at other nodes it speaks: a gateway alone.
    pub(super) far: FarSources,
    /// The demand of other nodes' topics that it was told last: a gateway alone.
    pub(super) told_far: BTreeMap<Demanded, u32>,
    /// Topics that it sends without having said so: told once.
    pub(super) told_undeclared: bool,
    pub(super) told_lease: bool,
    /// It named somebody who reads nothing of it.
    pub(super) told_nobody: bool,
    /// It spoke for somebody that is no device of another node, or for too many, or brought too much.
    pub(super) told_source: bool,
    pub(super) told_full: bool,
    pub(super) told_kept: bool,
    /// It was to ask for too much.
    pub(super) told_demands: bool,
    /// It was ready before in this life: what it says now is news of its health.
    pub(super) told_ready: bool,
}

impl Session {
    pub(super) fn new(interest: Interest, produced: Vec<Produced>) -> Self {
        Self {
            interest,
            produced,
            far: FarSources::default(),
            told_far: BTreeMap::new(),
            told_undeclared: false,
            told_lease: false,
            told_nobody: false,
            told_source: false,
            told_full: false,
            told_kept: false,
            told_demands: false,
            told_ready: false,
        }
    }
}

/// Since the kernel's start.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) events_out: u64,
    pub(super) events_in: u64,
    pub(super) frames_out: u64,
    pub(super) dropped: u64,
}

impl Device {
    pub(super) fn new(id: DeviceId, config: DeviceConfig, desired: Desired, seed: u32) -> Self {
        Self {
            id,
            state: State::new(desired, seed),
            config,
            generation: Generation(0),
            pid: None,
            link: None,
            errors: None,
            session: None,
            ping: None,
            share: Share::default(),
            given_back_ms: 0,
            last_lines: VecDeque::new(),
            counts: Counts::default(),
            was_ready: false,
            complaint: None,
            removed: false,
        }
    }

    pub(super) fn peer(&self) -> Peer {
        Peer::Device(self.id, self.generation)
    }

    pub(super) fn holder(&self) -> Holder {
        Holder {
            device: self.config.name.clone(),
            generation: self.generation,
        }
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            heartbeat_ms: u64::from(self.config.heartbeat_ms),
            ready_ms: u64::from(self.config.ready_ms),
            rearm: self.config.rearm,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state.stage, crate::supervise::Stage::Running { .. })
    }

    pub(super) fn keep_line(&mut self, text: String) {
        if self.last_lines.len() == death::LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(text);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.counts.dropped
            + self
                .link
                .as_ref()
                .map_or(0, |link| link.outbox.dropped_ever)
    }

    pub(super) fn detail(&self) -> Option<String> {
        let told = self.state.explain()?;
        match &self.complaint {
            Some(complaint) if !self.is_ready() => Some(format!("{complaint} ({told})")),
            _ => Some(told),
        }
    }

    /// As the wire tells it, but for what only the node knows.
    pub(super) fn info(&self, now: crate::supervise::Millis, leases: u32) -> DeviceInfo {
        DeviceInfo {
            name: self.config.name.clone(),
            desired: self.state.desired,
            phase: self.state.phase(),
            detail: self.detail(),
            generation: self.generation,
            pid: self.pid,
            uptime_ms: if self.is_ready() {
                self.state.ready_since().map_or(0, |since| now.since(since))
            } else {
                0
            },
            deaths: self.state.record.deaths,
            events_out: self.counts.events_out,
            events_in: self.counts.events_in,
            frames_out: self.counts.frames_out,
            dropped: self.dropped(),
            rss: self.pid.map_or(0, resident_bytes),
            leases,
        }
    }
}

/// From `statm`; 0 when it cannot be read.
fn resident_bytes(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    pages * rustix::param::page_size() as u64
}
