use dkvm_wire::topics;

/// The kernel's own topics that a connection listens to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subscribed {
    pub(crate) state: bool,
    pub(crate) death: bool,
    pub(crate) log: bool,
    pub(crate) config: bool,
}

impl Subscribed {
    pub(crate) fn knows(topic: &str) -> bool {
        [
            topics::DEVICE_STATE,
            topics::DEVICE_DEATH,
            topics::LOG,
            topics::CONFIG_STATE,
        ]
        .contains(&topic)
    }

    pub(crate) fn add(&mut self, topic: &str) {
        match topic {
            topics::DEVICE_STATE => self.state = true,
            topics::DEVICE_DEATH => self.death = true,
            topics::LOG => self.log = true,
            topics::CONFIG_STATE => self.config = true,
            _ => {}
        }
    }
}
