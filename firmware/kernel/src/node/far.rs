//! Devices of other nodes, for which a gateway speaks.

use super::events::{shown, Came, Flow, Frames};
use super::Node;
use crate::link::DeviceId;
use crate::router::{is_routed_at_all, Addressed, Readers, Whose};
use dkvm_wire::service::{Level, SourceGone};
use dkvm_wire::{decode_body, topics, QueueClass, Source, SourceName};

/// The number of the first far source in queues; those of this node have their places in the list.
const FIRST_KEY: u64 = 1 << 32;

impl Node {
    /// An event of a device of another node, which a gateway has brought. It goes to devices of this node, and to no other node's.
    pub(super) fn route_far(
        &mut self,
        id: DeviceId,
        at: usize,
        source: Source<'_>,
        came: &Came<'_>,
    ) {
        let name = source.name;
        let Some((key, readers)) = self.far_readers_of(id, at, source) else {
            return self.end_leases(id, came.leases);
        };
        let Some(produced) = self.devices[id.0].session.as_ref().map(|s| &s.produced[at]) else {
            return;
        };
        let flow = Flow {
            source: key,
            topic: produced.topic.clone(),
            class: produced.class,
        };
        let addressed = if came.to.is_empty() {
            Addressed::all(&readers, None)
        } else {
            self.addressed(came, (&readers, None), None)
        };
        let keeps = flow.class == QueueClass::State && came.to.is_empty();
        if keeps || !came.leases.is_empty() || !addressed.is_nobody() {
            let frames = Frames::of(came, source, &addressed, keeps);
            if let Some(frame) = frames.here.as_ref().filter(|_| keeps) {
                self.keep_far(id, name, at, frame);
            }
            self.deliver(id, &flow, came.leases, &addressed, frames);
        }
        if let Some(idle) = addressed.idle {
            let gateway = self.devices[id.0].config.name.clone();
            let whose = Whose::Far {
                source: name,
                gateway: &gateway,
            };
            self.nobody(id, whose, &flow.topic, idle);
        }
    }

    /// The number of a far source and who reads a topic of it; `None` where nothing of it goes anywhere.
    fn far_readers_of(
        &mut self,
        id: DeviceId,
        at: usize,
        source: Source<'_>,
    ) -> Option<(u64, Readers)> {
        let session = self.devices[id.0].session.as_ref()?;
        let known = session.far.get(source.name);
        match known.map(|known| (known.generation, known.key, known.readers(at).cloned())) {
            Some((generation, key, Some(readers))) if generation == source.generation => {
                return Some((key, readers));
            }
            Some((generation, key, _)) if generation != source.generation => {
                self.end_far(id, source.name);
                // States of the new life take the place of the old one's in its readers' queues.
                self.begin_far(id, at, source, Some(key))?;
            }
            Some(_) => {}
            None => self.begin_far(id, at, source, None)?,
        }
        let readers = self.find_far_readers(id, at, source.name);
        let session = self.devices[id.0].session.as_mut()?;
        session.far.set_readers(source.name, at, readers.clone());
        Some((session.far.get(source.name)?.key, readers))
    }

    /// Takes a far source up, if there is somebody here who may read of it. A number that it had before stays its own.
    fn begin_far(
        &mut self,
        id: DeviceId,
        at: usize,
        source: Source<'_>,
        key: Option<u64>,
    ) -> Option<()> {
        let far = SourceName::try_from(source.name).ok();
        let Some(name) = far.filter(|name| name.node().is_some()) else {
            self.no_far_source(id, source.name);
            return None;
        };
        let device = &self.devices[id.0];
        let whose = Whose::Far {
            source: source.name,
            gateway: &device.config.name,
        };
        let topic = device.session.as_ref()?.produced[at].topic.clone();
        if !is_routed_at_all(&self.config.routes, whose, &topic) {
            return None;
        }
        let key = key.unwrap_or_else(|| self.next_far_key());
        let session = self.devices[id.0].session.as_mut()?;
        let added = session.far.add(name, source.generation, key);
        let shown = shown(source.name);
        added
            .map_err(|refused| {
                self.tell_once(id, |session| &mut session.told_full, || {
                    let why = refused.sentence();
                    format!("{why}: what {shown} sends is dropped, and more of the kind is not told")
                });
            })
            .ok()
    }

    fn next_far_key(&mut self) -> u64 {
        self.last_far = self.last_far.wrapping_add(1);
        FIRST_KEY + u64::from(self.last_far)
    }

    fn no_far_source(&mut self, id: DeviceId, name: &str) {
        self.tell_once(id, |session| &mut session.told_source, || {
            let shown = shown(name);
            format!("sent an event as of {shown:?}, which is no device of another node (node/device): it is dropped, and so are more of the kind")
        });
    }

    pub(super) fn find_far_readers(&self, id: DeviceId, at: usize, source: &str) -> Readers {
        let device = &self.devices[id.0];
        let Some(produced) = device.session.as_ref().map(|s| &s.produced[at]) else {
            return Readers::default();
        };
        let gateway = &device.config.name;
        let whose = Whose::Far { source, gateway };
        self.readers(id, whose, &produced.topic, produced.class)
    }

    fn keep_far(&mut self, id: DeviceId, name: &str, at: usize, frame: &crate::router::Retained) {
        let session = self.devices[id.0].session.as_mut();
        if session.is_some_and(|session| !session.far.keep(name, at, frame)) {
            self.tell_once(id, |session| &mut session.told_kept, || {
                let shown = shown(name);
                format!("brings more states of other nodes than are kept for readers that come later: {shown}'s is not, and more of the kind is not told")
            });
        }
    }

    /// `source.gone` of a gateway.
    pub(super) fn on_source_gone(&mut self, id: DeviceId, body: &[u8]) -> Result<(), String> {
        let gone: SourceGone = decode_body(topics::SOURCE_GONE, body).map_err(|e| e.to_string())?;
        if gone.source.node().is_none() {
            self.no_far_source(id, gone.source.as_str());
            return Ok(());
        }
        let session = self.devices[id.0].session.as_ref();
        let known = session.and_then(|session| session.far.get(gone.source.as_str()));
        if known.is_some_and(|known| known.generation == gone.generation) {
            self.end_far(id, gone.source.as_str());
        }
        Ok(())
    }

    /// A far source is gone, or another life of it has begun: nothing is kept of it, and who reads of it is told.
    fn end_far(&mut self, id: DeviceId, name: &str) {
        let session = self.devices[id.0].session.as_ref();
        let Some(source) = session.and_then(|session| session.far.get(name)) else {
            return;
        };
        let (name, generation, key) = (source.name.clone(), source.generation, source.key);
        let sinks: Vec<_> = source.reached().into_iter().collect();
        if let Some(session) = self.devices[id.0].session.as_mut() {
            session.far.remove(name.as_str());
        }
        self.tell_gone((name, generation), key, &sinks);
    }

    pub(super) fn far_names(&self, id: DeviceId) -> Vec<SourceName> {
        let session = self.devices[id.0].session.as_ref();
        session.map_or_else(Vec::new, |session| {
            session.far.iter().map(|one| one.name.clone()).collect()
        })
    }

    /// A gateway is gone, or is none any more: so is all that it spoke for.
    pub(super) fn end_all_far(&mut self, id: DeviceId) {
        let names = self.far_names(id);
        if !names.is_empty() {
            let count = names.len();
            let text = format!("spoke for {count} devices of other nodes: they are gone from here");
            self.log_of(id, Level::Info, text);
        }
        for name in names {
            self.end_far(id, name.as_str());
        }
    }
}
