//! Who reads what now, and what each side is told of it.

use super::device::Session;
use super::events::{number_of, shown};
use super::Node;
use crate::link::{frame, kernel_event, Class, DeviceId, Item};
use crate::router::{far_readers, is_routed, Bridge, Readers, Whose};
use crate::supervise::Stage;
use dkvm_wire::service::{Demand, Want};
use dkvm_wire::{decode, topics, Message, QueueClass, SourceName};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Demands of other nodes' topics that a gateway is told: each is a message that must not be lost, and all of them at once must
/// fit in its queue.
const MOST_DEMANDS: usize = 512;

/// A topic, and whose it is as the routes or a reader's `want` have it.
pub(super) type Demanded = (Rc<str>, String);

impl Node {
    pub(super) fn on_want(&mut self, id: DeviceId, want: &Want) {
        let from = want.from.as_deref().map(SourceName::try_from);
        if let Some(Err(error)) = from {
            let told: fn(&mut Session) -> &mut bool = |session| &mut session.told_source;
            return self.tell_once(id, told, || {
                format!("wants {} of nobody: {error}", shown(&want.topic))
            });
        }
        let Some(session) = self.devices[id.0].session.as_mut() else {
            return;
        };
        if !session.interest.say(want) {
            return;
        }
        self.tables_stale = true;
        if want.want {
            self.send_retained_of(id, Some(want));
        } else {
            self.forget_stream(id, want);
        }
    }

    fn forget_stream(&mut self, id: DeviceId, want: &Want) {
        let source = want.from.as_deref().map(|from| self.key_of(from));
        let device = &mut self.devices[id.0];
        let gone = device
            .link
            .as_mut()
            .map(|link| link.outbox.forget(&want.topic, source))
            .unwrap_or_default();
        let holder = device.holder();
        let _ = self.memory.release(&holder, &gone);
        self.tell_demand_anew(want);
    }

    /// One that wants it again in the same turn has lost what waited: the sender is told even if the count is what it was, so that it
    /// begins anew.
    fn tell_demand_anew(&mut self, want: &Want) {
        let from = want.from.as_deref();
        for device in &mut self.devices {
            let Some(session) = device.session.as_mut() else {
                continue;
            };
            let is_it = from.is_none_or(|from| device.config.name.as_str() == from);
            let own = session.produced.iter_mut().filter(|own| {
                is_it
                    && own.class == QueueClass::Stream
                    && *own.topic == *want.topic
                    && own.told > 0
            });
            own.for_each(|own| own.told = u32::MAX);
            let far = session.told_far.iter_mut();
            let far = far.filter(|((topic, _), _)| **topic == *want.topic);
            for ((_, of), told) in far {
                if from.is_none_or(|from| from == of) {
                    *told = u32::MAX;
                }
            }
        }
    }

    /// The number of a source in queues; one that nothing has is no source's.
    fn key_of(&self, name: &str) -> u64 {
        let mut sessions = self.devices.iter().filter_map(|d| d.session.as_ref());
        match self.find(name) {
            Some(id) => id.0 as u64,
            None => sessions
                .find_map(|session| session.far.get(name))
                .map_or(u64::MAX, |far| far.key),
        }
    }

    /// What was said before this reader came: the latest of each state topic that it gets.
    pub(super) fn send_retained(&mut self, reader: DeviceId) {
        self.send_retained_of(reader, None);
    }

    /// The same of what it wants now.
    fn send_retained_of(&mut self, reader: DeviceId, wanted: Option<&Want>) {
        let mut items = Vec::new();
        for source in self.ids().filter(|source| *source != reader) {
            self.retained_of(source, reader, wanted, &mut items);
            let far = self.retained_of_far(source, reader, wanted);
            for (name, at, item) in far {
                if let Some(session) = self.devices[source.0].session.as_mut() {
                    session.far.reaches(name.as_str(), at, reader);
                }
                items.push(item);
            }
        }
        let to = &mut self.devices[reader.0];
        to.counts.events_in += items.len() as u64;
        let peer = to.peer();
        for item in items {
            self.send(peer, item);
        }
    }

    fn retained_of(
        &self,
        source: DeviceId,
        reader: DeviceId,
        wanted: Option<&Want>,
        items: &mut Vec<Item>,
    ) {
        let device = &self.devices[source.0];
        let whose = Whose::Own(&device.config.name);
        let session = device.session.as_ref();
        for produced in session.map_or(&[][..], |session| &session.produced) {
            let Some(frame) = produced.retained.as_ref() else {
                continue;
            };
            if !is_meant(wanted, whose, &produced.topic) {
                continue;
            }
            let state = |frame, to| state(frame, (source.0 as u64, to), &produced.topic);
            if self.reads(reader, whose, &produced.topic, produced.class) {
                items.push(state(frame.clone(), 0));
            }
            let bridge = self.bridge(source, &produced.topic, produced.class);
            if let Some(bridge) = bridge.filter(|bridge| bridge.gateway == reader) {
                let names: Vec<&str> = bridge.names.iter().map(|far| far.as_str()).collect();
                items.extend(for_far(frame, &names).map(|frame| state(frame, number_of(&names))));
            }
        }
    }

    fn retained_of_far(
        &self,
        gateway: DeviceId,
        reader: DeviceId,
        wanted: Option<&Want>,
    ) -> Vec<(SourceName, usize, Item)> {
        let mut items = Vec::new();
        let device = &self.devices[gateway.0];
        let third = self.devices[reader.0].config.gateway;
        let Some(session) = device.session.as_ref().filter(|_| !third) else {
            return items;
        };
        for far in session.far.iter() {
            let whose = Whose::Far {
                source: far.name.as_str(),
                gateway: &device.config.name,
            };
            for (at, frame) in far.retained() {
                let topic = &session.produced[at].topic;
                let meant = is_meant(wanted, whose, topic);
                if meant && self.reads(reader, whose, topic, QueueClass::State) {
                    let item = state(frame.clone(), (far.key, 0), topic);
                    items.push((far.name.clone(), at, item));
                }
            }
        }
        items
    }

    /// Whether a device gets a topic now.
    fn reads(&self, reader: DeviceId, whose: Whose<'_>, topic: &str, class: QueueClass) -> bool {
        let name = &self.devices[reader.0].config.name;
        self.takes(reader, whose, topic, class)
            && is_routed(&self.config.routes, whose, topic, name)
    }

    /// Whether it would take it.
    fn takes(&self, reader: DeviceId, whose: Whose<'_>, topic: &str, class: QueueClass) -> bool {
        let session = self.devices[reader.0].session.as_ref();
        let wants = session.is_some_and(|s| s.interest.takes(topic, class, whose.name()));
        wants && self.is_able(reader, class)
    }

    /// State goes to a device that still prepares; the rest waits until it is ready, for before that nobody would read it.
    fn is_able(&self, reader: DeviceId, class: QueueClass) -> bool {
        match self.devices[reader.0].state.stage {
            Stage::Running { .. } => true,
            Stage::Preparing { .. } => class == QueueClass::State,
            _ => false,
        }
    }

    /// Who reads what is computed when something changed, so that an event only walks a list.
    pub(super) fn rebuild_tables(&mut self) {
        let gateway =
            |id: &DeviceId| self.devices[id.0].config.gateway && !self.devices[id.0].removed;
        self.gateway = self.ids().find(gateway);
        for source in self.ids() {
            self.rebuild_own(source);
            self.rebuild_far(source);
            self.tell_demand(source);
        }
    }

    fn rebuild_own(&mut self, source: DeviceId) {
        let name = self.devices[source.0].config.name.clone();
        for (at, (topic, class)) in self.topics_of(source).into_iter().enumerate() {
            let readers = self.readers(source, Whose::Own(&name), &topic, class);
            let bridge = self.bridge(source, &topic, class).map(Rc::new);
            if let Some(session) = self.devices[source.0].session.as_mut() {
                session.produced[at].readers = readers;
                session.produced[at].bridge = bridge;
            }
        }
    }

    fn rebuild_far(&mut self, source: DeviceId) {
        if !self.devices[source.0].config.gateway {
            self.end_all_far(source);
        }
        if let Some(session) = self.devices[source.0].session.as_mut() {
            session.far.forget_readers();
        }
    }

    pub(super) fn topics_of(&self, source: DeviceId) -> Vec<(Rc<str>, QueueClass)> {
        let session = self.devices[source.0].session.as_ref();
        let produced = session.map_or(&[][..], |session| &session.produced);
        produced
            .iter()
            .map(|p| (p.topic.clone(), p.class))
            .collect()
    }

    /// What a device of another node sent goes to no gateway, not even to one that has become it just now.
    pub(super) fn readers(
        &self,
        source: DeviceId,
        whose: Whose<'_>,
        topic: &str,
        class: QueueClass,
    ) -> Readers {
        let far = matches!(whose, Whose::Far { .. });
        let is_third = |reader: DeviceId| far && self.devices[reader.0].config.gateway;
        self.ids()
            .filter(|reader| *reader != source && !is_third(*reader))
            .filter(|reader| self.reads(*reader, whose, topic, class))
            .collect()
    }

    /// Over which gateway a topic of a device here goes to other nodes, and to whom there. A gateway that reads it itself has it for
    /// all of them already.
    fn bridge(&self, source: DeviceId, topic: &str, class: QueueClass) -> Option<Bridge> {
        let name = &self.devices[source.0].config.name;
        let gateway = self.gateway.filter(|gateway| *gateway != source)?;
        let (whose, routes) = (Whose::Own(name), &self.config.routes);
        let itself = is_routed(routes, whose, topic, &self.devices[gateway.0].config.name);
        let takes = !itself && self.takes(gateway, whose, topic, class);
        let names = takes.then(|| far_readers(routes, name, topic));
        let names = names.filter(|names| !names.is_empty())?;
        Some(Bridge { gateway, names })
    }

    fn tell_demand(&mut self, source: DeviceId) {
        let mut far = self.far_demand(source);
        self.bound_demand(source, &mut far);
        let Some(session) = self.devices[source.0].session.as_mut() else {
            return;
        };
        let mut changes = Vec::new();
        let streams = session.produced.iter_mut();
        for produced in streams.filter(|produced| produced.class == QueueClass::Stream) {
            let readers = produced.demand();
            if std::mem::replace(&mut produced.told, readers) != readers {
                changes.push(demand(&produced.topic, readers, None));
            }
        }
        let told = std::mem::replace(&mut session.told_far, far);
        changes.extend(changed(&told, &session.told_far));
        let peer = self.devices[source.0].peer();
        for demand in changes {
            self.send(peer, Item::control(kernel_event(topics::DEMAND, &demand)));
        }
    }

    /// Of which topics of other nodes' devices a gateway is to ask for, each with its number of readers here.
    fn far_demand(&self, gateway: DeviceId) -> BTreeMap<Demanded, u32> {
        let mut wanted = BTreeSet::new();
        if self.devices[gateway.0].config.gateway {
            for (topic, class) in self.topics_of(gateway) {
                self.far_readers_of_topic(gateway, &topic, class, &mut wanted);
            }
        }
        let mut counted = BTreeMap::new();
        for (topic, from, _) in wanted {
            *counted.entry((topic, from)).or_insert(0) += 1;
        }
        counted
    }

    /// What is over the limit is not asked for, which is told: whoever misses it would look for it anywhere else.
    fn bound_demand(&mut self, gateway: DeviceId, far: &mut BTreeMap<Demanded, u32>) {
        let Some(first) = far.keys().nth(MOST_DEMANDS).cloned() else {
            return;
        };
        let left = far.split_off(&first).len();
        self.tell_once(gateway, |session| &mut session.told_demands, || {
            let (topic, from) = first;
            format!("is to ask other nodes for more than {MOST_DEMANDS} topics: {left} are not asked for, the first is {topic} of {from}, and more of the kind is not told. Write fewer routes from single nodes: one from */DEVICE is one for all of them")
        });
    }

    fn far_readers_of_topic(
        &self,
        gateway: DeviceId,
        topic: &Rc<str>,
        class: QueueClass,
        wanted: &mut BTreeSet<(Rc<str>, String, DeviceId)>,
    ) {
        let routes = self.config.routes.iter();
        for route in routes.filter(|route| route.topic.matches(topic)) {
            let Some(far) = route.from.far() else {
                continue;
            };
            for reader in self.ids() {
                let device = &self.devices[reader.0];
                let routed = route.to.iter().any(|end| end.is(&device.config.name));
                let Some(session) = device.session.as_ref().filter(|_| routed) else {
                    continue;
                };
                if reader == gateway || !self.is_able(reader, class) {
                    continue;
                }
                let one = !far.is_any() && session.interest.takes(topic, class, far.as_str());
                let any = far.is_any() && session.interest.takes_all(topic, class);
                if one || any {
                    wanted.insert((topic.clone(), far.to_string(), reader));
                }
                let singled = session.interest.singled_out(topic, far);
                wanted.extend(singled.map(|from| (topic.clone(), from.to_owned(), reader)));
            }
        }
    }
}

/// Whether it is what a reader wants now, or all is.
fn is_meant(wanted: Option<&Want>, whose: Whose<'_>, topic: &str) -> bool {
    wanted.is_none_or(|want| {
        let from = want.from.as_deref();
        want.topic == topic && from.is_none_or(|from| from == whose.name())
    })
}

pub(super) fn state(frame: Rc<[u8]>, (source, to): (u64, u64), topic: &Rc<str>) -> Item {
    Item {
        frame,
        class: Class::Event(QueueClass::State),
        source,
        to,
        topic: topic.clone(),
        leases: Vec::new(),
    }
}

/// The same event, for devices of other nodes.
pub(super) fn for_far(kept: &[u8], names: &[&str]) -> Option<Rc<[u8]>> {
    let mut frames = dkvm_wire::FrameDecoder::new(kept.len());
    frames.push(kept);
    let mut message = decode(frames.next_frame().ok()??).ok()?;
    if let Message::Event { to, .. } = &mut message {
        *to = names.to_vec();
    }
    Some(frame(&message))
}

fn demand(topic: &str, readers: u32, from: Option<&str>) -> Demand {
    Demand {
        topic: topic.to_owned(),
        readers,
        from: from.map(str::to_owned),
    }
}

/// What a gateway is to be told: what is other than it was, and what is nobody's any more.
fn changed<'d>(
    told: &'d BTreeMap<Demanded, u32>,
    now: &'d BTreeMap<Demanded, u32>,
) -> impl Iterator<Item = Demand> + use<'d> {
    let gone = told.keys().filter(|key| !now.contains_key(*key));
    let gone = gone.map(|(topic, from)| demand(topic, 0, Some(from)));
    let new = now
        .iter()
        .filter(|(key, readers)| told.get(*key) != Some(*readers));
    gone.chain(new.map(|((topic, from), readers)| demand(topic, *readers, Some(from))))
}
