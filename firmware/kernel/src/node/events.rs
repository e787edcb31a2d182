use super::Node;
use crate::link::{frame, Class, DeviceId, Item, Peer};
use crate::memory::Holder;
use crate::router::is_routed;
use crate::supervise::Stage;
use dkvm_wire::service::{Demand, Level, Release, Want};
use dkvm_wire::{decode_body, topics, LeaseRef, Message, QueueClass, Source};
use std::mem;
use std::rc::Rc;

impl Node {
    /// An event from a peer. The error is a sentence: it broke the protocol.
    pub(super) fn on_event(
        &mut self,
        peer: Peer,
        topic: &str,
        body: &[u8],
        leases: &[LeaseRef],
    ) -> Result<(), String> {
        let Peer::Device(id, _) = peer else {
            return Ok(());
        };
        match topic {
            topics::READY => self.on_ready(id, body),
            topics::RELEASE => {
                let release: Release = decode_body(topic, body).map_err(|e| e.to_string())?;
                self.on_release(id, &release.leases);
                Ok(())
            }
            topics::WANT => {
                let want: Want = decode_body(topic, body).map_err(|e| e.to_string())?;
                self.on_want(id, &want);
                Ok(())
            }
            _ => self.route(id, topic, body, leases),
        }
    }

    fn route(
        &mut self,
        id: DeviceId,
        topic: &str,
        body: &[u8],
        leases: &[LeaseRef],
    ) -> Result<(), String> {
        let device = &mut self.devices[id.0];
        let Some(session) = device.session.as_mut() else {
            return Ok(());
        };
        let Some(at) = session
            .produced
            .iter()
            .position(|produced| &*produced.topic == topic)
        else {
            self.undeclared(id, topic);
            return Ok(());
        };
        device.counts.events_out += 1;
        device.counts.frames_out += u64::from(!leases.is_empty());
        let produced = &mut session.produced[at];
        if !leases.is_empty() && produced.class != QueueClass::Stream {
            return Err(format!(
                "sent leases with the topic {topic:?}: they travel on stream topics only"
            ));
        }
        let readers = mem::take(&mut produced.readers);
        let class = produced.class;
        if !leases.is_empty() || !readers.is_empty() || class == QueueClass::State {
            self.deliver(id, at, body, leases, &readers);
        }
        if let Some(session) = self.devices[id.0].session.as_mut() {
            session.produced[at].readers = readers;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        id: DeviceId,
        at: usize,
        body: &[u8],
        leases: &[LeaseRef],
        readers: &[DeviceId],
    ) {
        if !leases.is_empty() && !self.lend(id, leases, readers) {
            return;
        }
        let device = &mut self.devices[id.0];
        let Some(session) = device.session.as_mut() else {
            return;
        };
        let produced = &mut session.produced[at];
        let source = Some(Source {
            name: device.config.name.as_str(),
            generation: device.generation,
        });
        let event = Message::Event {
            topic: &produced.topic,
            body,
            leases: leases.to_vec(),
            source,
        };
        let item = Item {
            frame: frame(&event),
            class: Class::Event(produced.class),
            source: id.0,
            topic: produced.topic.clone(),
            leases: leases.iter().map(|lease| lease.lease).collect(),
        };
        if produced.class == QueueClass::State {
            produced.retained = Some(item.frame.clone());
        }
        for reader in readers {
            let reader = &mut self.devices[reader.0];
            reader.counts.events_in += 1;
            let peer = reader.peer();
            self.send(peer, item.clone());
        }
    }

    /// Retains the leases of an event for its readers; `false`: the sender does not hold them, so it is dropped.
    fn lend(&mut self, id: DeviceId, leases: &[LeaseRef], readers: &[DeviceId]) -> bool {
        let holder = self.devices[id.0].holder();
        let readers: Vec<Holder> = readers
            .iter()
            .map(|reader| self.devices[reader.0].holder())
            .collect();
        for (n, lease) in leases.iter().enumerate() {
            if let Err(error) = self.memory.publish(&holder, lease, &readers) {
                let lent: Vec<_> = leases[..n].iter().map(|lease| lease.lease).collect();
                for reader in &readers {
                    // Just retained for it above.
                    let _ = self.memory.release(reader, &lent);
                }
                self.bad_lease(id, &error.message);
                return false;
            }
        }
        true
    }

    fn bad_lease(&mut self, id: DeviceId, why: &str) {
        let told = self.devices[id.0]
            .session
            .as_mut()
            .map(|session| mem::replace(&mut session.told_lease, true));
        if told == Some(false) {
            self.log_of(id, Level::Warn, format!("sent an event whose lease is not its own ({why}): it is dropped, and so are more of the kind"));
        }
    }

    fn undeclared(&mut self, id: DeviceId, topic: &str) {
        let told = self.devices[id.0]
            .session
            .as_mut()
            .map(|session| mem::replace(&mut session.told_undeclared, true));
        if told == Some(false) {
            let shown: String = topic.chars().take(64).collect();
            self.log_of(id, Level::Warn, format!("sends the topic {shown:?}, which its hello does not list in `produces`: dropped"));
        }
    }

    fn on_want(&mut self, id: DeviceId, want: &Want) {
        let Some(session) = self.devices[id.0].session.as_mut() else {
            return;
        };
        if !session.interest.say(&want.topic, want.want) {
            return;
        }
        self.tables_stale = true;
        if want.want {
            self.send_retained_of(id, &want.topic);
        } else {
            self.forget_stream(id, &want.topic);
        }
    }

    fn forget_stream(&mut self, id: DeviceId, topic: &str) {
        let device = &mut self.devices[id.0];
        let gone = device
            .link
            .as_mut()
            .map(|link| link.outbox.forget(topic))
            .unwrap_or_default();
        let holder = device.holder();
        let _ = self.memory.release(&holder, &gone);
    }

    /// What was said before this reader came: the latest of each state topic that it gets.
    pub(super) fn send_retained(&mut self, reader: DeviceId) {
        self.send_retained_of(reader, "");
    }

    /// The same for one topic; `""` for all.
    fn send_retained_of(&mut self, reader: DeviceId, topic: &str) {
        let mut items = Vec::new();
        for source in self.ids().filter(|source| *source != reader) {
            let Some(session) = &self.devices[source.0].session else {
                continue;
            };
            for produced in session
                .produced
                .iter()
                .filter(|p| topic.is_empty() || &*p.topic == topic)
            {
                if let Some(frame) = produced
                    .retained
                    .as_ref()
                    .filter(|_| self.reads(reader, source, &produced.topic, produced.class))
                {
                    items.push(Item {
                        frame: frame.clone(),
                        class: Class::Event(QueueClass::State),
                        source: source.0,
                        topic: produced.topic.clone(),
                        leases: Vec::new(),
                    });
                }
            }
        }
        let to = &mut self.devices[reader.0];
        to.counts.events_in += items.len() as u64;
        let peer = to.peer();
        for item in items {
            self.send(peer, item);
        }
    }

    /// Whether one device gets a topic of another now. State goes to a device that still prepares; the rest
    /// waits until it is ready, for before that nobody would read it.
    fn reads(&self, reader: DeviceId, source: DeviceId, topic: &str, class: QueueClass) -> bool {
        let (to, from) = (&self.devices[reader.0], &self.devices[source.0]);
        let phase_fits = match to.state.stage {
            Stage::Running { .. } => true,
            Stage::Preparing { .. } => class == QueueClass::State,
            _ => false,
        };
        let wants = to
            .session
            .as_ref()
            .is_some_and(|session| session.interest.takes(topic, class));
        phase_fits
            && wants
            && is_routed(
                &self.config.routes,
                &from.config.name,
                topic,
                &to.config.name,
            )
    }

    /// Who reads what is computed when something changed, so that an event only walks a list.
    pub(super) fn rebuild_tables(&mut self) {
        for source in self.ids() {
            let topics = self.topics_of(source);
            let readers: Vec<Vec<DeviceId>> = topics
                .iter()
                .map(|(topic, class)| self.readers(source, topic, *class))
                .collect();
            if let Some(session) = self.devices[source.0].session.as_mut() {
                for (produced, readers) in session.produced.iter_mut().zip(readers) {
                    produced.readers = readers;
                }
            }
            self.tell_demand(source);
        }
    }

    fn topics_of(&self, source: DeviceId) -> Vec<(Rc<str>, QueueClass)> {
        let session = self.devices[source.0].session.as_ref();
        session
            .map(|s| {
                s.produced
                    .iter()
                    .map(|p| (p.topic.clone(), p.class))
                    .collect()
            })
            .unwrap_or_default()
    }

    fn readers(&self, source: DeviceId, topic: &str, class: QueueClass) -> Vec<DeviceId> {
        self.ids()
            .filter(|reader| *reader != source && self.reads(*reader, source, topic, class))
            .collect()
    }

    fn tell_demand(&mut self, source: DeviceId) {
        let Some(session) = self.devices[source.0].session.as_mut() else {
            return;
        };
        let mut changes = Vec::new();
        for produced in session
            .produced
            .iter_mut()
            .filter(|produced| produced.class == QueueClass::Stream)
        {
            let readers = u32::try_from(produced.readers.len()).unwrap_or(u32::MAX);
            if mem::replace(&mut produced.told, readers) != readers {
                changes.push(Demand {
                    topic: produced.topic.to_string(),
                    readers,
                });
            }
        }
        let peer = self.devices[source.0].peer();
        for demand in changes {
            self.send(
                peer,
                Item::control(crate::link::kernel_event(topics::DEMAND, &demand)),
            );
        }
    }
}
