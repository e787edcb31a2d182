//! The node and its machine: what it was started from, whether it is well, its restart, its watchdog.

use super::services::{answer, args, Answer};
use super::{Device, Node};
use crate::config::DeviceConfig;
use crate::health::{unjudged, Minute, Running, JUDGE};
use crate::log::{Job, Settles};
use crate::machine::Machine;
use crate::mode::Mode;
use crate::supervise::Millis;
use crate::watchdog::Watchdog;
use dkvm_wire::service::{methods, BootInfo, Desired, KernelInfo, Nothing, Restart, RestartHow};
use dkvm_wire::{ErrorCode, WireError};
use std::io::ErrorKind;
use std::rc::Rc;

/// What a node knows of its machine.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) info: BootInfo,
    pub(crate) mode: Mode,
    pub(crate) machine: Rc<dyn Machine>,
    /// What is to be said about the choice of the configuration.
    pub(crate) config_notice: Option<String>,
    pub(crate) minute: Minute,
}

impl Node {
    pub(super) fn kernel_info(&self) -> KernelInfo {
        KernelInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: self.name.clone(),
            uptime_ms: self.now().0,
            boot: self.boot.clone(),
            image: self.host.info.image.clone(),
            notices: self.notices(),
            safe_mode: matches!(self.host.mode, Mode::Safe(_)),
        }
    }

    fn notices(&self) -> Vec<String> {
        let own = [self.host.mode.notice(), self.host.config_notice.clone()];
        let found = self.host.info.notices.iter().cloned();
        own.into_iter().flatten().chain(found).collect()
    }

    /// Into the log, once; and where there is nothing to run, out of here.
    pub(super) fn begin_as_told(&mut self) {
        for notice in self.notices() {
            self.warn(notice);
        }
        if let Mode::Leave(how, why) = self.host.mode.clone() {
            let whither = match how {
                RestartHow::Trial => "the machine tries the other slot",
                _ => "the machine goes back to the slot it came from",
            };
            self.end_machine(&format!("{why}: {whither}"), how);
        }
    }

    /// What a device should be at first.
    pub(super) fn desired(&self, config: &DeviceConfig) -> Desired {
        let runs = match self.host.mode {
            Mode::Normal => true,
            Mode::Safe(_) => config.safe,
            Mode::Leave(..) => false,
        };
        if runs && config.enabled {
            Desired::Up
        } else {
            Desired::Held
        }
    }

    /// `system.restart`. A restart that somebody asks for is no bad boot.
    pub(super) fn restart_for(&mut self, body: &[u8]) -> Answer {
        let wanted: Restart = args(methods::SYSTEM_RESTART, body)?;
        if let Some(why) = self.refusal(wanted.how) {
            return Err(WireError::new(ErrorCode::Conflict, why));
        }
        self.note_healthy();
        self.end_machine(&wanted.reason, wanted.how);
        answer(&Nothing {})
    }

    fn refusal(&self, how: RestartHow) -> Option<String> {
        if self.ending.is_some() {
            return Some("the kernel ends already".to_owned());
        }
        if how == RestartHow::Trial && self.host.info.image.is_none() {
            return Some("this machine does not run from a card with two slots".to_owned());
        }
        self.host.machine.refusal()
    }

    /// A node whose router turns and that can be reached is well, whatever its other devices lack: a restart would not help those.
    pub(super) fn watch_health(&mut self, now: Millis) {
        let safe = |d: &&Device| !d.removed && d.config.safe && d.state.desired == Desired::Up;
        let mut safe = self.devices.iter().filter(safe);
        let well = || safe.all(|d| d.is_ready() || d.state.waits_for_hardware());
        if self.host.minute.passes(well, now) && !self.note_healthy() {
            self.host.minute.again();
        }
    }

    /// A new image in which nobody comes up to judge it is not stayed in.
    pub(super) fn watch_trial(&mut self, now: Millis) {
        let running = Running::of(self.host.info.image.as_ref());
        let judge = || {
            self.find(JUDGE)
                .is_some_and(|id| self.devices[id.0].was_ready)
        };
        if self.ending.is_none() && unjudged(running, judge, now) {
            let why = format!("the device `{JUDGE}`, which judges this trial, has not come up");
            self.end_machine(&why, RestartHow::Restart);
        }
    }

    /// Whether it will be written: not where more is to be written already than is kept.
    fn note_healthy(&mut self) -> bool {
        let settles = match Running::of(self.host.info.image.as_ref()) {
            Running::Trial => Settles::Nothing,
            Running::Committed | Running::NoCard => Settles::Slot,
        };
        let state_dir = self.config.kernel.state_dir.clone();
        self.output.send(Job::Healthy(state_dir, settles))
    }
}

/// The watchdog.
impl Node {
    /// A driver may come as a module, when something is plugged in: then it is tried again.
    pub(super) fn open_watchdog(&mut self) {
        let Some(path) = self.config.kernel.watchdog.clone() else {
            return;
        };
        if self.watchdog.is_some() {
            return;
        }
        let shown = path.display();
        match Watchdog::open(&path) {
            Ok((watchdog, told)) => {
                self.watchdog = Some(watchdog);
                self.info(format!("{shown} {told}"));
            }
            Err(e) if std::mem::replace(&mut self.told_watchdog, true) => drop(e),
            Err(e) if e.kind() == ErrorKind::NotFound => self.info(format!(
                "there is no {shown} yet: nothing restarts this machine should the kernel hang"
            )),
            Err(e) => self.warn(format!("cannot open {shown}: {e}; nothing restarts this machine should the kernel hang. Free it, or remove `watchdog` from [kernel]")),
        }
    }

    /// At an orderly end of the kernel. When the machine ends with it, a watchdog that goes on sees it through.
    pub(crate) fn disarm_watchdog(&mut self) {
        if self.restart() == Some(RestartHow::PowerOff) || self.restart().is_none() {
            if let Some(watchdog) = self.watchdog.take() {
                watchdog.disarm();
            }
        }
    }
}
