use super::Node;
use crate::link::DeviceId;
use crate::supervise::Event;
use dkvm_wire::service::{Desired, RestartHow};

/// The kernel is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// And the machine with it.
    restart: Option<RestartHow>,
}

impl Node {
    /// Ends all devices: first those that nobody comes after.
    pub(crate) fn end(&mut self, why: &str) {
        self.end_as(why, None);
        self.settle();
    }

    /// The same at the end of this turn, after what is answered in it; and then the machine restarts.
    pub(super) fn end_machine(&mut self, why: &str, how: RestartHow) {
        self.end_as(why, Some(how));
    }

    fn end_as(&mut self, why: &str, restart: Option<RestartHow>) {
        if self.ending.is_none() {
            self.info(format!("ends: {why}"));
            self.ending = Some(Ending { restart });
        }
    }

    /// What the machine is to do when all devices have ended.
    pub(crate) fn restart(&self) -> Option<RestartHow> {
        self.ending.and_then(|ending| ending.restart)
    }

    /// Told to end all that no living device depends on any more; `done` when there is none left.
    pub(super) fn go_on_ending(&mut self) {
        if self.ending.is_none() {
            return;
        }
        for id in self.ids() {
            if self.devices[id.0].state.desired != Desired::Down && !self.is_needed(id) {
                self.drive(id, Event::Desire(Desired::Down));
            }
        }
        if self
            .devices
            .iter()
            .all(|device| !device.state.has_process())
        {
            self.flush();
            self.done.notify_one();
        }
    }

    fn is_needed(&self, id: DeviceId) -> bool {
        let name = &self.devices[id.0].config.name;
        let mut living = self
            .devices
            .iter()
            .filter(|device| device.state.has_process());
        living.any(|device| device.config.after.contains(name))
    }
}
