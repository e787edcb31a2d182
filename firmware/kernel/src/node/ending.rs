use super::Node;
use crate::link::DeviceId;
use crate::supervise::Event;
use dkvm_wire::service::Desired;

/// The kernel is ending.
#[derive(Debug)]
pub(super) struct Ending;

impl Node {
    /// Ends all devices: first those that nobody comes after.
    pub(crate) fn end(&mut self, why: &str) {
        if self.ending.is_none() {
            self.info(format!("ends: {why}"));
            self.ending = Some(Ending);
            self.settle();
        }
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
