use super::Node;
use crate::link::DeviceId;
use crate::process::Share;
use crate::supervise::{Event, Millis};
use std::cell::RefCell;
use std::rc::Rc;
use tokio::time::timeout_at;

/// Between two looks at leases, late answers and the watchdog.
const CHORES_MS: u64 = 500;
/// Woken so much later than asked, the kernel itself was held up (a stopped machine, a busy host): devices are not to
/// blame for silence in that time.
const LAG_MS: u64 = 250;

/// Most that is given back of one deadline: one that floods the router starves by its own doing.
const GIVEN_BACK_MOST_MS: u64 = 6_000;

/// Calls the node when something is due, for ever.
pub(crate) async fn keep_time(node: Rc<RefCell<Node>>) {
    let (timer, clock) = (node.borrow().timer.clone(), node.borrow().clock);
    loop {
        let due = node.borrow_mut().on_time();
        // Either the time comes, or something is due earlier.
        let _ = timeout_at(clock.instant(due).into(), timer.notified()).await;
    }
}

impl Node {
    pub(super) fn chores(&mut self, now: Millis) {
        if now < self.chores_due {
            return;
        }
        self.chores_due = now + CHORES_MS;
        self.check_overdue();
        self.fail_late();
        self.watch_health(now);
        self.watch_trial(now);
        if now < self.sweep_until {
            self.end_orphans();
        }
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.pet();
        }
    }

    pub(super) fn forgive_lag(&mut self, now: Millis) {
        let lag = now.since(self.armed);
        if self.armed == Millis(0) || lag < LAG_MS {
            return;
        }
        for id in self.ids() {
            self.drive(id, Event::Lag(lag));
        }
        self.keeping.lag(lag);
    }

    /// A device that could run and was not let is silent through no fault of its own; killing it would make its successor as
    /// late. What it lacked is given back, up to a bound.
    pub(super) fn forgive_starving(&mut self, id: DeviceId, now: Millis) {
        let device = &mut self.devices[id.0];
        if !device.state.awaits_answer() {
            return;
        }
        let Some(share) = device.pid.and_then(|pid| Share::of(pid, now)) else {
            return;
        };
        let starved = share.starved_since(std::mem::replace(&mut device.share, share));
        let left = GIVEN_BACK_MOST_MS.saturating_sub(device.given_back_ms);
        let given = starved.min(left);
        if given >= LAG_MS {
            device.given_back_ms += given;
            self.drive(id, Event::Lag(given));
        }
    }

    /// Something was plugged in.
    pub(crate) fn hotplug(&mut self) {
        self.open_watchdog();
        for id in self.ids() {
            self.drive(id, Event::Hotplug);
        }
        self.settle();
    }
}

/// What `[kernel] realtime` asks for.
impl Node {
    pub(crate) fn go_realtime(&mut self) {
        if let Err(e) = crate::realtime::enter(crate::realtime::PRIORITY) {
            self.warn(format!(
                "the router has no real-time priority ({e}): keys may lag under load"
            ));
        }
        // Pages that were never touched need not be there: they would cost as much again.
        let flags = rustix::mm::MlockAllFlags::CURRENT
            | rustix::mm::MlockAllFlags::FUTURE
            | rustix::mm::MlockAllFlags::ONFAULT;
        if let Err(e) = rustix::mm::mlockall(flags) {
            self.warn(format!(
                "the router's memory is not locked ({e}): keys may lag when memory is short"
            ));
        }
    }
}
