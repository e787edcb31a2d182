use super::{Device, Node};
use crate::config::DeviceConfig;
use crate::link::{kernel_event, DeviceId, Item};
use crate::process::{self, Share};
use crate::supervise::{step, Action, Event, Signal, Stage};
use dkvm_wire::service::{methods, Level};
use dkvm_wire::{encode_body, topics, Goodbye, Message};
use std::collections::VecDeque;

/// Most devices that a node keeps, those included that were removed and have not ended yet.
const SLOTS: usize = 2 * crate::config::MAX_DEVICES;

impl Node {
    /// Takes a device up; `false` when there is no place.
    pub(super) fn add_device(&mut self, config: DeviceConfig) -> bool {
        let free = self
            .devices
            .iter()
            .position(|device| device.removed && !device.state.has_process());
        let id = DeviceId(free.unwrap_or(self.devices.len()));
        if id.0 >= SLOTS {
            return false;
        }
        let seed = random_seed();
        let desired = self.desired(&config);
        let device = Device::new(id, config, desired, seed);
        match free {
            // The generation goes on, so that nothing of the old one can be taken for the new one's.
            Some(at) => {
                let generation = self.devices[at].generation;
                self.devices[at] = Device {
                    generation,
                    ..device
                };
            }
            None => self.devices.push(device),
        }
        self.tables_stale = true;
        true
    }

    /// Gives an event to a device's state machine and does what it says.
    pub(super) fn drive(&mut self, id: DeviceId, event: Event) {
        let mut waiting = VecDeque::from([event]);
        while let Some(event) = waiting.pop_front() {
            let now = self.now();
            let Some(device) = self.devices.get_mut(id.0) else {
                return;
            };
            let terms = device.terms();
            let (state, actions) = step(device.state.clone(), event, now, terms);
            device.state = state;
            for action in actions {
                waiting.extend(self.act(id, action));
            }
        }
    }

    fn act(&mut self, id: DeviceId, action: Action) -> Option<Event> {
        match action {
            Action::Spawn => return Some(self.launch(id)),
            Action::Ping => self.ping(id),
            Action::Goodbye { deadline_ms } => self.say_goodbye(id, deadline_ms),
            Action::CloseInput => self.close_input(id),
            Action::Signal(signal) => self.signal(id, signal),
            Action::Buried { cause } => self.bury(id, cause),
            Action::Warn(text) => self.log_of(id, Level::Warn, text),
            Action::Changed => self.changed(id),
        }
        None
    }

    fn ping(&mut self, id: DeviceId) {
        let now = self.now();
        let Some(device) = self.devices.get_mut(id.0) else {
            return;
        };
        let Some(link) = device.link.as_mut() else {
            return;
        };
        let request = link.next_request();
        device.ping = Some(request);
        device.share = device
            .pid
            .and_then(|pid| Share::of(pid, now))
            .unwrap_or_else(|| Share::none(now));
        device.given_back_ms = 0;
        let peer = device.peer();
        let body = encode_body(&dkvm_wire::service::Nothing {});
        let ping = Message::Request {
            id: request,
            method: methods::PING,
            body: &body,
            source: None,
        };
        self.send(peer, Item::control(crate::link::frame(&ping)));
    }

    fn say_goodbye(&mut self, id: DeviceId, deadline_ms: u32) {
        let reason = if self.ending.is_some() {
            "the kernel ends"
        } else {
            "it was told to stop or restart"
        };
        let goodbye = Goodbye {
            reason: reason.to_owned(),
            deadline_ms,
        };
        if let Some(peer) = self.device(id).map(Device::peer) {
            self.send(peer, Item::control(kernel_event(topics::GOODBYE, &goodbye)));
        }
    }

    fn close_input(&mut self, id: DeviceId) {
        if let Some(link) = self
            .devices
            .get_mut(id.0)
            .and_then(|device| device.link.as_mut())
        {
            link.close_output();
        }
    }

    fn signal(&mut self, id: DeviceId, signal: Signal) {
        if let Some(pid) = self.device(id).and_then(|device| device.pid) {
            process::signal_group(pid, signal);
        }
    }

    /// Its state is another: tables, listeners and the log follow.
    fn changed(&mut self, id: DeviceId) {
        self.tables_stale = true;
        let Some(device) = self.devices.get_mut(id.0) else {
            return;
        };
        if let Stage::Running {
            since, degraded, ..
        } = &device.state.stage
        {
            let session = device.session.as_mut();
            let again =
                session.is_some_and(|session| std::mem::replace(&mut session.told_ready, true));
            let text = match degraded {
                Some(why) => format!("is ready, but not fully: {why}"),
                None if again => "is fully usable again".to_owned(),
                None => format!("is ready after {} ms", since.since(device.state.started)),
            };
            device.was_ready = true;
            device.complaint = None;
            self.log_of(id, Level::Info, text);
        }
        self.publish_state(id);
    }
}

fn random_seed() -> u32 {
    getrandom::u32().unwrap_or(std::process::id())
}
