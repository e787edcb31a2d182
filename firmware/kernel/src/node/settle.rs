use super::Node;
use crate::link::DeviceId;
use crate::supervise::{Event, Millis, Stage};

/// What one thing sets off is done in as many rounds at most; the rest follows in the next turn.
const ROUNDS: usize = 8;

/// Devices on their first way to hello at a time, in the order of the configuration. On a slow board a dozen programs
/// that start at once keep each other from the hello in time, and their kills and new starts make it worse.
const FIRST_STARTS: usize = 3;

impl Node {
    /// The end of each turn: what it has set off is carried through, and all that was said is written.
    pub(super) fn settle(&mut self) {
        self.watch_change();
        for _ in 0..ROUNDS {
            self.judge_offenders();
            self.start_waiting();
            self.go_on_ending();
            if std::mem::take(&mut self.tables_stale) {
                self.rebuild_tables();
            }
            self.send_grants();
            if self.offenders.is_empty() && !self.tables_stale {
                break;
            }
        }
        self.flush();
        self.arm_timer();
    }

    /// Starts devices whose turn it is.
    fn start_waiting(&mut self) {
        for id in self.ids() {
            if self.devices[id.0].state.stage == Stage::Waiting && self.is_unblocked(id) {
                self.drive(id, Event::Unblocked);
            }
        }
    }

    /// `after` orders the first start. Once a device was ready, its death holds up nobody: each comes back alone.
    fn is_unblocked(&self, id: DeviceId) -> bool {
        let device = &self.devices[id.0];
        let mut others = device
            .config
            .after
            .iter()
            .filter_map(|name| self.find(name.as_str()));
        self.ending.is_none()
            && others.all(|other| self.devices[other.0].was_ready)
            && (device.was_ready || self.first_starts() < FIRST_STARTS)
    }

    fn first_starts(&self) -> usize {
        let starting = |device: &&super::Device| {
            !device.was_ready && matches!(device.state.stage, Stage::Starting { .. })
        };
        self.devices.iter().filter(starting).count()
    }

    /// When something is due next.
    fn next_due(&self) -> Millis {
        let dues = self.devices.iter().filter_map(|device| device.state.due());
        dues.chain(self.keeping.due())
            .fold(self.chores_due, Ord::min)
    }

    fn arm_timer(&mut self) {
        let due = self.next_due();
        if due < self.armed {
            self.armed = due;
            self.timer.notify_one();
        }
    }

    /// What is due by the clock; returns when to come again.
    pub(super) fn on_time(&mut self) -> Millis {
        let now = self.now();
        self.forgive_lag(now);
        for id in self.ids() {
            let due = |node: &Self| node.devices[id.0].state.due().is_some_and(|due| due <= now);
            if due(self) {
                self.forgive_starving(id, now);
            }
            if due(self) {
                self.drive(id, Event::Tick);
            }
        }
        self.chores(now);
        self.settle();
        self.armed = self.next_due();
        self.armed
    }
}
