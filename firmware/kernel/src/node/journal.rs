use super::Node;
use crate::link::{kernel_event, Class, DeviceId, Item, Peer, Subscribed};
use crate::log::{self, Job, Parsed};
use dkvm_wire::service::{DeathRecord, Level, LogLine};
use dkvm_wire::{topics, Generation, QueueClass};
use std::rc::Rc;

/// The kernel's own number as a source, for its queues.
const KERNEL: u64 = u64::MAX;

impl Node {
    pub(super) fn info(&mut self, text: impl Into<String>) {
        self.log_kernel(Level::Info, text.into());
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.log_kernel(Level::Warn, text.into());
    }

    fn log_kernel(&mut self, level: Level, text: String) {
        let at_uptime_ms = self.now().0;
        self.record(LogLine {
            at_uptime_ms,
            device: "kernel".to_owned(),
            generation: Generation(0),
            level,
            text,
        });
    }

    /// What the kernel says of a device.
    pub(super) fn log_of(&mut self, id: DeviceId, level: Level, text: impl Into<String>) {
        let at_uptime_ms = self.now().0;
        let Some(device) = self.device(id) else {
            return;
        };
        let (device, generation) = (device.config.name.to_string(), device.generation);
        self.record(LogLine {
            at_uptime_ms,
            device,
            generation,
            level,
            text: text.into(),
        });
    }

    /// What a device says on its stderr.
    pub(super) fn line_of(&mut self, id: DeviceId, line: Parsed) {
        if let Some(device) = self.devices.get_mut(id.0) {
            device.keep_line(line.text.clone());
            if line.level == Level::Error {
                device.complaint = Some(line.text.clone());
            }
        }
        self.log_of(id, line.level, line.text);
    }

    fn record(&mut self, line: LogLine) {
        self.output.send(Job::Line(log::show(&line)));
        let readers = self.subscribers(|subscribed| subscribed.log);
        if !readers.is_empty() {
            self.publish(&readers, topics::LOG, QueueClass::Log, KERNEL, &line);
        }
        self.log.push(line);
    }

    pub(super) fn record_death(&mut self, record: DeathRecord) {
        let readers = self.subscribers(|subscribed| subscribed.death);
        if !readers.is_empty() {
            self.publish(
                &readers,
                topics::DEVICE_DEATH,
                QueueClass::Log,
                KERNEL,
                &record,
            );
        }
        if self.deaths.is_news(&record) {
            self.output.send(Job::Death(Box::new(record.clone())));
        }
        self.deaths.push(record);
    }

    /// Tells those who listen how a device is.
    pub(super) fn publish_state(&mut self, id: DeviceId) {
        let readers = self.subscribers(|subscribed| subscribed.state);
        if !readers.is_empty() {
            self.send_state(&readers, id);
        }
    }

    /// The state of all devices, to one that has just begun to listen.
    pub(super) fn send_states(&mut self, peer: Peer) {
        for id in self.ids() {
            if !self.devices[id.0].removed {
                self.send_state(&[peer], id);
            }
        }
    }

    fn send_state(&mut self, readers: &[Peer], id: DeviceId) {
        if let Some(info) = self.info_of(id) {
            self.publish(
                readers,
                topics::DEVICE_STATE,
                QueueClass::State,
                id.0 as u64,
                &info,
            );
        }
    }

    /// Which configuration is in force, and what is on trial.
    pub(super) fn send_config_state(&mut self, readers: &[Peer]) {
        let state = self.config_state();
        self.publish(
            readers,
            topics::CONFIG_STATE,
            QueueClass::State,
            KERNEL,
            &state,
        );
    }

    pub(super) fn publish_config(&mut self) {
        let readers = self.subscribers(|subscribed| subscribed.config);
        if !readers.is_empty() {
            self.send_config_state(&readers);
        }
    }

    fn publish<T: serde::Serialize>(
        &mut self,
        readers: &[Peer],
        topic: &str,
        class: QueueClass,
        source: u64,
        body: &T,
    ) {
        let frame = kernel_event(topic, body);
        let item = Item {
            frame,
            class: Class::Event(class),
            source,
            to: 0,
            topic: Rc::from(topic),
            leases: Vec::new(),
        };
        for reader in readers {
            self.send(*reader, item.clone());
        }
    }

    fn subscribers(&self, which: impl Fn(&Subscribed) -> bool) -> Vec<Peer> {
        let devices = self.devices.iter().filter(|device| {
            device
                .link
                .as_ref()
                .is_some_and(|link| which(&link.subscribed))
        });
        let clients = self
            .clients
            .iter()
            .filter(|(_, client)| which(&client.link.subscribed));
        devices
            .map(super::Device::peer)
            .chain(clients.map(|(id, _)| Peer::Client(*id)))
            .collect()
    }
}
