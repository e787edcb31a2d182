//! What other routes mean at once: to who read, and to who reads now.

use super::bury::sinks_of;
use super::events::number_of;
use super::readers::{for_far, state};
use super::Node;
use crate::link::DeviceId;
use crate::router::{far_readers, is_routed, is_routed_at_all, Bridge, Produced, Readers, Whose};
use dkvm_wire::SourceName;
use std::rc::Rc;

/// Who read a topic.
type Read = (Readers, Option<Rc<Bridge>>);

/// Who read what, each topic of each device, before the routes became others.
pub(super) struct Before(Vec<Vec<Read>>);

impl Node {
    pub(super) fn read_before(&self) -> Before {
        let read = |produced: &Produced| (produced.readers.clone(), produced.bridge.clone());
        let each = self.devices.iter().map(|device| {
            let session = device.session.as_ref();
            session.map_or_else(Vec::new, |s| s.produced.iter().map(read).collect())
        });
        Before(each.collect())
    }

    /// From whom no route leads to a reader any more is gone for that reader. Whom a new one leads to gets the states that it finds.
    pub(super) fn on_rerouted(&mut self, before: &Before) {
        self.rebuild_tables();
        for (source, read) in self.ids().zip(&before.0) {
            self.lose_own(source, read);
            self.show_own(source, read);
        }
        for gateway in self.ids() {
            for name in self.far_names(gateway) {
                self.lose_far(gateway, &name);
                self.show_far(gateway, &name);
            }
        }
    }

    fn lose_own(&mut self, source: DeviceId, read: &[Read]) {
        let device = &self.devices[source.0];
        let whose = Whose::Own(&device.config.name);
        let lost = sinks_of(
            read.iter()
                .map(|(readers, bridge)| (readers, bridge.as_ref())),
        );
        let lost: Vec<_> = lost
            .into_iter()
            .filter(|reader| !self.is_led_from(source, whose, *reader))
            .collect();
        let gone = (device.config.name.clone().into(), device.generation);
        self.tell_gone(gone, source.0 as u64, &lost);
    }

    /// Whether any topic that a device sends goes by a route to a reader, or over it to other nodes.
    fn is_led_from(&self, by: DeviceId, whose: Whose<'_>, reader: DeviceId) -> bool {
        let name = &self.devices[reader.0].config.name;
        let routes = &self.config.routes;
        let topics = self.topics_of(by);
        topics.iter().any(|(topic, _)| {
            let far = match whose {
                Whose::Own(own) if self.gateway == Some(reader) => far_readers(routes, own, topic),
                _ => Vec::new(),
            };
            is_routed(routes, whose, topic, name) || !far.is_empty()
        })
    }

    fn show_own(&mut self, source: DeviceId, read: &[Read]) {
        let session = self.devices[source.0].session.as_ref();
        let mut found = Vec::new();
        for (produced, (readers, bridge)) in session.iter().flat_map(|s| &s.produced).zip(read) {
            let Some(frame) = produced.retained.as_ref() else {
                continue;
            };
            let item = |frame, to| state(frame, (source.0 as u64, to), &produced.topic);
            let new = produced.readers.iter().filter(|id| !readers.contains(id));
            found.extend(new.map(|reader| (*reader, item(frame.clone(), 0))));
            let far = produced.bridge.as_ref().filter(|far| is_news(far, bridge));
            if let Some(far) = far {
                let names: Vec<&str> = far.names.iter().map(|name| name.as_str()).collect();
                let frame = for_far(frame, &names);
                found.extend(frame.map(|frame| (far.gateway, item(frame, number_of(&names)))));
            }
        }
        for (reader, item) in found {
            self.hand(reader, item);
        }
    }

    /// One of which nothing goes anywhere takes no place either.
    fn lose_far(&mut self, gateway: DeviceId, name: &SourceName) {
        let device = &self.devices[gateway.0];
        let Some(far) = device
            .session
            .as_ref()
            .and_then(|s| s.far.get(name.as_str()))
        else {
            return;
        };
        let whose = Whose::Far {
            source: name.as_str(),
            gateway: &device.config.name,
        };
        let (generation, key) = (far.generation, far.key);
        let reached = far.reached().into_iter();
        let lost: Vec<_> = reached
            .filter(|reader| !self.is_led_from(gateway, whose, *reader))
            .collect();
        let topics = self.topics_of(gateway);
        let mut topics = topics.iter().map(|(topic, _)| topic);
        let stays = topics.any(|topic| is_routed_at_all(&self.config.routes, whose, topic));
        if let Some(session) = self.devices[gateway.0].session.as_mut() {
            lost.iter()
                .for_each(|reader| session.far.forget(Some(name.as_str()), *reader));
            if !stays {
                session.far.remove(name.as_str());
            }
        }
        self.tell_gone((name.clone(), generation), key, &lost);
    }

    fn show_far(&mut self, gateway: DeviceId, name: &SourceName) {
        let session = self.devices[gateway.0].session.as_ref();
        let Some((session, far)) = session.and_then(|s| Some((s, s.far.get(name.as_str())?)))
        else {
            return;
        };
        let mut found = Vec::new();
        for (at, frame) in far.retained() {
            let item = state(frame.clone(), (far.key, 0), &session.produced[at].topic);
            let readers = self.find_far_readers(gateway, at, name.as_str());
            let new = readers.iter().filter(|id| !far.has_reached(at, **id));
            found.extend(new.map(|reader| (*reader, at, item.clone())));
        }
        for (reader, at, item) in found {
            if let Some(session) = self.devices[gateway.0].session.as_mut() {
                session.far.reaches(name.as_str(), at, reader);
            }
            self.hand(reader, item);
        }
    }
}

/// Whether a state goes to others by it than it did.
fn is_news(now: &Bridge, before: &Option<Rc<Bridge>>) -> bool {
    let same = |before: &Rc<Bridge>| before.gateway == now.gateway && before.names == now.names;
    !before.as_ref().is_some_and(same)
}
