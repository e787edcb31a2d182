use super::device::Session;
use super::Node;
use crate::config::DeviceConfig;
use crate::link::{frame, Class, DeviceId, Item, Peer};
use crate::memory::Holder;
use crate::router::{far_readers, is_routed, Addressed, Whose, MOST_NAMED};
use dkvm_wire::service::{Level, Release, Want};
use dkvm_wire::{decode_body, topics, LeaseRef, Message, QueueClass, Source};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::mem;
use std::rc::Rc;

/// An event as a device sent it.
pub(super) struct Came<'e> {
    pub(super) topic: &'e str,
    pub(super) body: &'e [u8],
    pub(super) leases: &'e [LeaseRef],
    pub(super) source: Option<Source<'e>>,
    pub(super) to: &'e [&'e str],
}

/// What readers tell one stream of events from another by.
pub(super) struct Flow {
    /// A number per source.
    pub(super) source: u64,
    pub(super) topic: Rc<str>,
    pub(super) class: QueueClass,
}

/// An event as bytes, for those of its readers that there are.
pub(super) struct Frames {
    /// For readers of this node, and to be kept.
    pub(super) here: Option<Rc<[u8]>>,
    /// For the gateway.
    pub(super) far: Option<Rc<[u8]>>,
}

impl Frames {
    pub(super) fn of(
        came: &Came<'_>,
        source: Source<'_>,
        addressed: &Addressed<'_>,
        keeps: bool,
    ) -> Self {
        let encode = |to: &[&str]| {
            frame(&Message::Event {
                topic: came.topic,
                body: came.body,
                leases: came.leases.to_vec(),
                source: Some(source),
                to: to.to_vec(),
            })
        };
        let here = keeps || !addressed.readers.is_empty();
        Self {
            here: here.then(|| encode(&[])),
            far: addressed.far.as_ref().map(|(_, names)| encode(names)),
        }
    }
}

impl Node {
    /// An event from a peer. The error is a sentence: it broke the protocol.
    pub(super) fn on_event(&mut self, peer: Peer, came: &Came<'_>) -> Result<(), String> {
        let Peer::Device(id, _) = peer else {
            return Ok(());
        };
        let gateway = self.devices[id.0].config.gateway;
        match came.topic {
            // What another node's device says is no word of the gateway's own.
            _ if gateway && came.source.is_some() => self.route(id, came),
            topics::READY => self.on_ready(id, came.body),
            topics::RELEASE => {
                let release: Release =
                    decode_body(came.topic, came.body).map_err(|e| e.to_string())?;
                self.on_release(id, &release.leases);
                Ok(())
            }
            topics::WANT => {
                let want: Want = decode_body(came.topic, came.body).map_err(|e| e.to_string())?;
                self.on_want(id, &want);
                Ok(())
            }
            topics::SOURCE_GONE if gateway => self.on_source_gone(id, came.body),
            _ => self.route(id, came),
        }
    }

    fn route(&mut self, id: DeviceId, came: &Came<'_>) -> Result<(), String> {
        let device = &mut self.devices[id.0];
        let Some(session) = device.session.as_ref() else {
            return Ok(());
        };
        let mut produced = session.produced.iter();
        let Some(at) = produced.position(|produced| &*produced.topic == came.topic) else {
            self.undeclared(id, came.topic);
            self.end_leases(id, came.leases);
            return Ok(());
        };
        device.counts.events_out += 1;
        device.counts.frames_out += u64::from(!came.leases.is_empty());
        check(came, session.produced[at].class)?;
        match came.source.filter(|_| device.config.gateway) {
            Some(source) => self.route_far(id, at, source, came),
            None => self.route_own(id, at, came),
        }
        Ok(())
    }

    fn route_own(&mut self, id: DeviceId, at: usize, came: &Came<'_>) {
        let device = &self.devices[id.0];
        let Some(produced) = device.session.as_ref().map(|s| &s.produced[at]) else {
            return;
        };
        let flow = Flow {
            source: id.0 as u64,
            topic: produced.topic.clone(),
            class: produced.class,
        };
        let (readers, bridge) = (produced.readers.clone(), produced.bridge.clone());
        let addressed = if came.to.is_empty() {
            Addressed::all(&readers, bridge.as_ref())
        } else {
            self.addressed(came, (&readers, bridge.as_ref()), self.gateway)
        };
        let keeps = flow.class == QueueClass::State && came.to.is_empty();
        if keeps || !came.leases.is_empty() || !addressed.is_nobody() {
            let source = Source {
                name: device.config.name.as_str(),
                generation: device.generation,
            };
            let frames = Frames::of(came, source, &addressed, keeps);
            if let Some(session) = self.devices[id.0].session.as_mut().filter(|_| keeps) {
                session.produced[at].retained.clone_from(&frames.here);
            }
            self.deliver(id, &flow, came.leases, &addressed, frames);
        }
        if let Some(idle) = addressed.idle {
            let name = self.devices[id.0].config.name.clone();
            self.nobody(id, Whose::Own(&name), &flow.topic, idle);
        }
    }

    /// Those of its readers that an event names.
    pub(super) fn addressed<'e>(
        &self,
        came: &Came<'e>,
        readers: (&crate::router::Readers, Option<&Rc<crate::router::Bridge>>),
        gateway: Option<DeviceId>,
    ) -> Addressed<'e> {
        let name = |id: DeviceId| self.devices[id.0].config.name.as_str();
        Addressed::named(came.to, readers, gateway, name)
    }

    pub(super) fn deliver(
        &mut self,
        by: DeviceId,
        flow: &Flow,
        leases: &[LeaseRef],
        addressed: &Addressed<'_>,
        frames: Frames,
    ) {
        // Too long for one message, it reaches nobody.
        let is_whole = |frame: &Option<Rc<[u8]>>| frame.as_ref().is_none_or(|f| !f.is_empty());
        if !is_whole(&frames.here) || !is_whole(&frames.far) {
            return self.end_leases(by, leases);
        }
        if !leases.is_empty() && !self.lend(by, leases, addressed) {
            return;
        }
        let item = |frame, to| Item {
            frame,
            class: Class::Event(flow.class),
            source: flow.source,
            to,
            topic: flow.topic.clone(),
            leases: leases.iter().map(|lease| lease.lease).collect(),
        };
        if let Some(frame) = frames.here.filter(|_| !addressed.readers.is_empty()) {
            let item = item(frame, 0);
            for reader in addressed.readers.iter() {
                self.hand(*reader, item.clone());
            }
        }
        if let (Some(frame), Some((gateway, names))) = (frames.far, &addressed.far) {
            self.hand(*gateway, item(frame, number_of(names)));
        }
    }

    pub(super) fn hand(&mut self, reader: DeviceId, item: Item) {
        let reader = &mut self.devices[reader.0];
        reader.counts.events_in += 1;
        let peer = reader.peer();
        self.send(peer, item);
    }

    /// The leases of an event that goes to nobody are its sender's no more.
    pub(super) fn end_leases(&mut self, id: DeviceId, leases: &[LeaseRef]) {
        if !leases.is_empty() {
            self.lend(id, leases, &Addressed::nobody());
        }
    }

    /// Retains the leases of an event for its readers; `false`: the sender does not hold them, so it is dropped.
    fn lend(&mut self, id: DeviceId, leases: &[LeaseRef], addressed: &Addressed<'_>) -> bool {
        let holder = self.devices[id.0].holder();
        let gateway = addressed.far.as_ref().map(|(gateway, _)| gateway);
        let readers = addressed.readers.iter().chain(gateway);
        let readers: Vec<Holder> = readers
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
        self.tell_once(
            id,
            |session| &mut session.told_lease,
            || format!("sent an event whose lease is not its own ({why}): it is dropped, and so are more of the kind"),
        );
    }

    fn undeclared(&mut self, id: DeviceId, topic: &str) {
        self.tell_once(id, |session| &mut session.told_undeclared, || {
            let shown = shown(topic);
            format!("sends the topic {shown:?}, which its hello does not list in `produces`: dropped")
        });
    }

    /// Somebody was named who gets nothing of it now; told where the routes are why.
    pub(super) fn nobody(&mut self, id: DeviceId, whose: Whose<'_>, topic: &str, named: &str) {
        let session = self.devices[id.0].session.as_ref();
        let told = session.is_none_or(|session| session.told_nobody);
        if told || self.is_led_to(whose, topic, named) {
            return;
        }
        self.tell_once(id, |session| &mut session.told_nobody, || {
            let named = shown(named);
            format!("sent {topic} to {named:?}, to which no route leads: that one does not get it, and more of the kind is not told")
        });
    }

    fn is_led_to(&self, whose: Whose<'_>, topic: &str, named: &str) -> bool {
        let routes = &self.config.routes;
        let devices = self.config.devices.iter();
        let behind = |to: &DeviceConfig| to.gateway && named.contains('/');
        let mut readers = devices.filter(|to| to.name.as_str() == named || behind(to));
        let routed = readers.any(|to| is_routed(routes, whose, topic, &to.name));
        match whose {
            Whose::Own(name) => {
                let mut far = far_readers(routes, name, topic).into_iter();
                routed || far.any(|far| far.covers(named) || far.as_str() == named)
            }
            Whose::Far { .. } => routed,
        }
    }

    pub(super) fn tell_once(
        &mut self,
        id: DeviceId,
        which: fn(&mut Session) -> &mut bool,
        text: impl FnOnce() -> String,
    ) {
        let session = self.devices[id.0].session.as_mut();
        let told = session.map(|session| mem::replace(which(session), true));
        if told == Some(false) {
            self.log_of(id, Level::Warn, text());
        }
    }
}

/// What no event may be. The error is a sentence.
fn check(came: &Came<'_>, class: QueueClass) -> Result<(), String> {
    let topic = came.topic;
    if !came.leases.is_empty() && class != QueueClass::Stream {
        return Err(format!(
            "sent leases with the topic {topic:?}: they travel on stream topics only"
        ));
    }
    if came.to.len() > MOST_NAMED {
        let count = came.to.len();
        return Err(format!("sent {topic:?} to {count} readers by name: at most {MOST_NAMED} are possible; leave `to` out for all of them"));
    }
    Ok(())
}

/// Names of devices are no longer; what else a device sends is not for the log.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

/// So that what waits for the gateway is not replaced by what is for others.
pub(super) fn number_of<T: AsRef<str>>(names: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    names
        .iter()
        .for_each(|name| name.as_ref().hash(&mut hasher));
    hasher.finish() | 1
}
