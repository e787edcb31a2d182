//! Between devices of this node and of others: what the kernel hands over goes to the links, and what is read of others is
//! asked of them. What comes over a link does not come by here: [`crate::lanes::intake`].

use super::{
    film::{self, Film},
    peer::Peer,
    Desk,
};
use crate::{
    core::link::LinkId,
    fingerprint::Fingerprint,
    lanes::{
        event::Event,
        intake::{refusal, Terms},
        keys::Keys,
        table::{self, Rights, Topic, Way},
        watches::{self, Demands},
        Lanes,
    },
    message::{presentable_sentence, Control, Lane, Watched},
    store,
};
use dkvm_sdk::{Body, FrameReader, Lease, Sender, Source};
use dkvm_wire::{topics, vocab::video::LinkLoad, Generation, QueueClass};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Devices of this node times the states of each that cross.
const SHOWN_MOST: usize = 64;
/// A sentence of another node is shown so often at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// What this node knows of its own devices and of what they read.
pub struct Own {
    pub(super) demands: Demands,
    /// The latest of each state, and of each thumbnail, for who asks for it later.
    shown: BTreeMap<Watched, (Generation, Body)>,
    /// Streams of which some node reads some.
    wanted: BTreeSet<&'static str>,
    pub(super) film: Film,
    keys: Keys,
}

impl Own {
    /// Nothing is known.
    pub fn new(sender: &Sender) -> Self {
        let keys = Keys::new(sender.clone());
        Self {
            demands: Demands::default(),
            shown: BTreeMap::new(),
            wanted: BTreeSet::new(),
            film: Film::new(FrameReader::by(sender), keys.clone()),
            keys,
        }
    }

    /// Whether some node reads the stream.
    pub fn is_wanted(&self, topic: &str) -> bool {
        self.wanted.contains(topic)
    }
}

/// Whether an event was for other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossed {
    /// It was dealt with.
    Yes,
    /// It is this device's own affair.
    No,
}

/// An event of a device of this node.
#[derive(Debug)]
pub struct FromDevice {
    /// About what.
    pub topic: String,
    /// What.
    pub body: Body,
    /// Who says it.
    pub source: Source,
    /// For whom.
    pub to: Vec<String>,
    /// What came along.
    pub leases: Vec<Lease>,
}

impl Desk {
    /// A device of this node says something.
    pub fn carry(&mut self, said: FromDevice) -> Crossed {
        let Some(topic) = table::topic(&said.topic) else {
            return Crossed::No;
        };
        // What came from one node never goes to another.
        if !said.source.name.contains('/') {
            match topic.way {
                Way::Work => self.work(topic, &said),
                Way::Show if topic.lane == Lane::Picture => self.show_picture(topic, &said),
                Way::Show => self.show(topic, said),
            }
        }
        Crossed::Yes
    }

    /// To those nodes whose devices it is for.
    fn work(&mut self, topic: &Topic, said: &FromDevice) {
        for known in self.store.list() {
            let Some(peer) = self.peers.get_mut(&known.fingerprint) else {
                continue;
            };
            for to in watches::readers_at(&known.node, &said.to) {
                work_at(peer, topic, &event(said, &to));
            }
        }
    }

    /// To those nodes that read it, of which it may name some.
    fn show(&mut self, topic: &Topic, said: FromDevice) {
        for known in self.store.list() {
            let peer = self.peers.get_mut(&known.fingerprint);
            let Some(lanes) = peer.and_then(Peer::lanes) else {
                continue;
            };
            if !lanes.is_read(topic.name, &said.source.name) || !is_for(topic, lanes) {
                continue;
            }
            if said.to.is_empty() {
                lanes.send(topic, &event(&said, &[]));
            }
            for to in watches::readers_at(&known.node, &said.to) {
                lanes.send(topic, &event(&said, &to));
            }
        }
        if topic.lane == Lane::State && said.to.is_empty() {
            self.remember(said);
        }
    }

    fn remember(&mut self, said: FromDevice) {
        let key = Watched {
            topic: said.topic,
            from: said.source.name,
        };
        let shown = &mut self.own.shown;
        if shown.len() < SHOWN_MOST || shown.contains_key(&key) {
            shown.insert(key, (said.source.generation, said.body));
        }
    }

    /// The kernel says how many read a topic of another node's device.
    pub fn demand(&mut self, topic: &str, from: &str, readers: u32) {
        self.own.demands.say(topic, from, readers);
        for known in self.store.list() {
            let Some(peer) = self.peers.get_mut(&known.fingerprint) else {
                continue;
            };
            ask(&self.own.demands, &known.node, peer);
            // JPEGs come again by themselves.
            if readers > 0 && matches!(topic, topics::VIDEO_H264 | topics::VIDEO_THUMB) {
                ask_for_key(topic, &known.node, from, peer);
            }
        }
    }

    /// A device of this node is gone.
    pub fn device_gone(&mut self, device: &str, generation: Generation) {
        self.own.shown.retain(|key, _| key.from != device);
        self.own.film.device_gone(device);
        for peer in self.peers.values_mut() {
            let Some(wire) = peer.wire() else { continue };
            let from = device.to_owned();
            // Where it is not said, what it held is released when its lease lapses.
            let _ = wire
                .mouth
                .notes
                .try_send(Control::Gone { from, generation });
        }
    }

    /// From now on this connection carries.
    pub(super) fn open_lanes(&mut self, key: Fingerprint, id: LinkId, known: &store::Peer) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        peer.end_lanes();
        let there = peer.granted();
        let Some(wire) = peer.wires.get_mut(&id) else {
            return;
        };
        let terms = Terms {
            node: known.node.clone(),
            rights: Rights {
                here: known.grants.clone(),
                there,
            },
            asked: wire.mouth.asks.subscribe(),
            notes: wire.mouth.notes.clone(),
            counters: self.node.counters.clone(),
            sender: self.sender.clone(),
            keys: self.own.keys.clone(),
            numbers: self.numbers.clone(),
        };
        wire.lanes = Some(Lanes::open(&wire.connection, terms));
        let asked = wire.asked.take();
        ask(&self.own.demands, &known.node, peer);
        if let Some(asked) = asked {
            self.watched(key, id, asked);
        }
    }

    /// What the other node says on its control stream.
    pub(super) fn said(&mut self, key: Fingerprint, id: LinkId, said: Control) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        match said {
            Control::Watch { topics } => self.watched(key, id, topics),
            Control::Gone { from, generation } => {
                let lanes = peer.wires.get(&id).and_then(|wire| wire.lanes.as_ref());
                if let Some(lanes) = lanes {
                    // A kernel that is gone needs no word.
                    let _ = lanes.intake.gone(&from, generation);
                }
            }
            Control::Refused { told } => self.refused(key, id, &told),
            Control::Pace {
                from,
                slowest,
                fastest,
            } => self.told_of_pace(key, id, from, LinkLoad { slowest, fastest }),
            Control::KeyFrame { from } => {
                let lanes = peer.wires.get_mut(&id).and_then(|wire| wire.lanes.as_mut());
                if let Some(lanes) = lanes {
                    self.own.film.anew(&from, lanes);
                    let topic = topics::VIDEO_THUMB.to_owned();
                    if lanes.is_read(&topic, &from) {
                        show_latest(lanes, &Watched { topic, from }, &self.own.shown);
                    }
                }
            }
            Control::Hello(_) | Control::Ping { .. } | Control::Pong { .. } | Control::Unknown => {}
        }
    }

    /// The other's own words, and as such they are shown.
    fn refused(&mut self, key: Fingerprint, id: LinkId, told: &str) {
        let now = self.now();
        let (Some(known), Some(peer)) = (self.store.of(&key), self.peers.get_mut(&key)) else {
            return;
        };
        let Some(wire) = peer.wires.get_mut(&id) else {
            return;
        };
        if wire.told.is_some_and(|at| now < at + TOLD_EVERY) {
            return;
        }
        wire.told = Some(now);
        let told = format!("it says: {}", presentable_sentence(told));
        if peer.refused.as_ref() != Some(&told) {
            dkvm_sdk::warn!("{}: {told}", known.node);
            peer.refused = Some(told);
        }
    }

    /// All that the other's devices read of those here.
    fn watched(&mut self, key: Fingerprint, id: LinkId, asked: Vec<Watched>) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let Some(wire) = peer.wires.get_mut(&id) else {
            return;
        };
        let Some(lanes) = wire.lanes.as_mut() else {
            wire.asked = Some(asked);
            return;
        };
        let (given, refused) = watches::judge(asked, lanes.rights());
        for one in &refused {
            self.node.counters.right();
            if let Some(topic) = table::topic(&one.topic) {
                lanes.intake.refuse("shows no", topic);
            }
        }
        let before = std::mem::replace(&mut lanes.given, given.clone());
        let fresh: Vec<_> = given.difference(&before).cloned().collect();
        for one in before.difference(&given) {
            film::end(one, lanes);
        }
        for one in &fresh {
            show_latest(lanes, one, &self.own.shown);
        }
        self.follow_wants();
        if let Some(lanes) = self.peers.get_mut(&key).and_then(Peer::lanes) {
            fresh.iter().for_each(|one| self.own.film.begin(one, lanes));
        }
    }

    /// Streams are made while some node reads them, and no longer. Of which device is not told the kernel: a node may name any,
    /// and the kernel remembers only so many.
    pub(super) fn follow_wants(&mut self) {
        let mut wanted = BTreeSet::new();
        for peer in self.peers.values_mut() {
            let given = peer.lanes().map(|lanes| &lanes.given);
            wanted.extend(given.into_iter().flatten().filter_map(stream));
        }
        let before = std::mem::replace(&mut self.own.wanted, wanted.clone());
        for topic in wanted.difference(&before) {
            // A kernel that is gone is told of by its link.
            let _ = self.sender.want(topic);
        }
        for topic in before.difference(&wanted) {
            let _ = self.sender.unwant(topic);
            // What is made only while somebody looks is history from now on.
            self.own.shown.retain(|key, _| key.topic != *topic);
            self.own.film.end(topic);
        }
    }
}

fn stream(one: &Watched) -> Option<&'static str> {
    let topic = table::topic(&one.topic)?;
    (topic.class == QueueClass::Stream).then_some(topic.name)
}

/// Acknowledgements are for those who send input.
fn is_for(topic: &Topic, lanes: &Lanes) -> bool {
    topic.name != topics::INPUT_ACK || lanes.intake.has_typed()
}

pub(super) fn event<'a>(said: &'a FromDevice, to: &'a [String]) -> Event<'a> {
    Event {
        from: &said.source.name,
        generation: said.source.generation,
        to: to.iter().map(String::as_str).collect(),
        topic: &said.topic,
        body: &said.body,
    }
}

fn work_at(peer: &mut Peer, topic: &Topic, event: &Event<'_>) {
    let Some(lanes) = peer.lanes() else {
        return;
    };
    if lanes.may_send(topic) {
        lanes.send(topic, event);
    } else if peer.refused.is_none() {
        peer.refused = Some(refusal("takes no", topic));
    }
}

fn ask(demands: &Demands, node: &str, peer: &mut Peer) {
    let granted = peer.granted();
    let Some(wire) = peer.wire() else {
        return;
    };
    let asks = demands.of(node, &granted);
    wire.mouth.asks.send_if_modified(|asked| {
        let other = *asked != asks;
        *asked = asks;
        other
    });
}

/// Who begins to read needs one, and who reads already cannot be told from it here.
fn ask_for_key(topic: &str, node: &str, from: &str, peer: &mut Peer) {
    let device = match from.split_once('/') {
        Some((whose, device)) if whose == node || whose == "*" => device,
        _ => return,
    };
    let is_it = |one: &Watched| one.topic == topic && one.from == device;
    let Some(wire) = peer.wire() else {
        return;
    };
    if wire.mouth.asks.borrow().iter().any(is_it) {
        let from = device.to_owned();
        // Who sees nothing asks again.
        let _ = wire.mouth.notes.try_send(Control::KeyFrame { from });
    }
}

fn show_latest(lanes: &mut Lanes, fresh: &Watched, shown: &BTreeMap<Watched, (Generation, Body)>) {
    let (Some(topic), Some((generation, body))) = (table::topic(&fresh.topic), shown.get(fresh))
    else {
        return;
    };
    let event = Event {
        from: &fresh.from,
        generation: *generation,
        to: Vec::new(),
        topic: &fresh.topic,
        body,
    };
    lanes.send(topic, &event);
}
