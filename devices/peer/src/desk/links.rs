//! Links to paired nodes: what the tasks tell of them, and what the decision makes of it.

use super::{
    keeper::Job,
    pace,
    peer::{Peer, Wire, CONNECTIONS_MOST},
    Desk,
};
use crate::{
    close::{self, Close},
    control,
    core::{
        address::{is_lasting, plain},
        handshakes::Proof,
        lead,
        link::{Action, Addresses, Event, Fault, LinkId, Opener, Weight},
    },
    dial,
    fingerprint::Fingerprint,
    message::{presentable, Hello},
    news::News,
    session::{far, near},
    task::Task,
    tls::LINK,
};
use quinn::Connection;
use std::{net::SocketAddr, time::Duration};

impl Desk {
    /// The peers are those of the store: new ones are looked for, others let go.
    pub(super) fn follow_store(&mut self) {
        let kept: Vec<Fingerprint> = self
            .store
            .list()
            .iter()
            .map(|peer| peer.fingerprint)
            .collect();
        self.node.pins.set(kept.iter().copied());
        let gone: Vec<Fingerprint> = self
            .peers
            .keys()
            .filter(|key| !kept.contains(key))
            .copied()
            .collect();
        for key in gone {
            if let Some(mut peer) = self.peers.remove(&key) {
                peer.end_lanes();
                peer.cut(
                    Close::Revoked,
                    "this node is not paired with that one any more",
                );
            }
        }
        let here = self.node.identity.fingerprint;
        for key in kept {
            self.peers
                .entry(key)
                .or_insert_with(|| Peer::new(&here, &key));
            self.open_door(key);
        }
        self.follow_wants();
        self.look_for_all();
    }

    /// The socket has the node's name.
    fn open_door(&mut self, key: Fingerprint) {
        let (Some(folder), Some(known)) = (&self.folder, self.store.of(&key)) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let stands = peer
            .door
            .as_ref()
            .is_some_and(|door| door.is_of(&known.node));
        if stands {
            return;
        }
        peer.door = None;
        match near::open(folder, &known.node, peer.carrier.subscribe()) {
            Ok(door) => peer.door = Some(door),
            Err(error) => dkvm_sdk::error!(
                "`dkvm --node {}` does not work: its socket cannot be made ({error})",
                known.node
            ),
        }
    }

    pub(super) fn look_for_all(&mut self) {
        for key in self.peers.keys().copied().collect::<Vec<_>>() {
            self.look_for(key);
        }
    }

    /// Where it was reached last, where a person said that it is, and where the network says so.
    fn look_for(&mut self, key: Fingerprint) {
        let Some(known) = self.store.of(&key) else {
            return;
        };
        let text = key.to_string();
        let by_word = self.seen.iter().filter(|node| node.fingerprint == text);
        let announced = by_word.map(|node| &node.addresses[..]);
        let leads = lead::gather([&known.reached, &known.address], announced);
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let addresses = match (
            leads.is_empty(),
            leads.iter().all(|lead| peer.leads.contains(lead)),
        ) {
            (true, _) => Addresses::None,
            (false, true) => Addresses::Same,
            (false, false) => Addresses::Fresh,
        };
        peer.leads = leads;
        self.happens(key, Event::Addresses(addresses));
    }

    /// Asks the decision, and does what it says.
    pub(super) fn happens(&mut self, key: Fingerprint, event: Event) {
        let now = self.now();
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        for action in peer.link.step(event, now) {
            self.act(key, action);
        }
        self.tell_carrier(key);
    }

    fn act(&mut self, key: Fingerprint, action: Action) {
        match action {
            Action::Dial => self.dial(key),
            Action::Adopt(id) => self.adopt(key, id),
            Action::Ping(id) => self.with_wire(key, id, |wire| {
                // One that waits already says the same.
                let _ = wire.mouth.pings.try_send(());
            }),
            Action::CloseDuplicate(id) => self.with_wire(key, id, |wire| {
                Close::Duplicate.end(&wire.connection, "there is another link");
            }),
            Action::CloseSilent(id) => self.with_wire(key, id, |wire| {
                Close::Silent.end(&wire.connection, "no answer for too long");
            }),
        }
    }

    fn with_wire(&mut self, key: Fingerprint, id: LinkId, act: impl FnOnce(&mut Wire)) {
        let wire = self
            .peers
            .get_mut(&key)
            .and_then(|peer| peer.wires.get_mut(&id));
        if let Some(wire) = wire {
            act(wire);
        }
    }

    fn dial(&mut self, key: Fingerprint) {
        let (node, teller) = (self.node.clone(), self.teller.clone());
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let leads = peer.leads.clone();
        peer.dial = Some(Task::spawn(async move {
            let news = match dial::call(&node, Some(key), LINK, &leads).await {
                Ok(connection) => News::Connected(key, connection, Opener::Here),
                Err(fault) => News::NotReached(key, fault),
            };
            // A device that ends has nobody to tell.
            let _ = teller.send(news).await;
        }));
    }

    pub(super) fn not_reached(&mut self, key: Fingerprint, fault: Fault) {
        self.happens(key, Event::DialFailed(fault));
    }

    /// Both keys are proven; now both say hello.
    pub(super) fn connected(&mut self, key: Fingerprint, connection: Connection, opener: Opener) {
        let known = self.store.of(&key).map(|known| known.grants.clone());
        let (Some(grants), Some(peer)) = (known, self.peers.get_mut(&key)) else {
            return Close::Revoked.end(&connection, "this key is not paired with this node");
        };
        if peer.wires.len() >= CONNECTIONS_MOST {
            return Close::Duplicate.end(&connection, "there are other links");
        }
        self.last_link += 1;
        let id = LinkId(self.last_link);
        let (mouth, says) = control::mouth();
        let hello = Hello {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            node: self.name.clone(),
            grants: grants.iter().map(|grant| grant.name().to_owned()).collect(),
        };
        let talk = control::Talk {
            key,
            id,
            connection: connection.clone(),
            opener,
            hello,
            teller: self.teller.clone(),
        };
        // It ends with the connection, and tells so.
        tokio::spawn(control::talk(talk, says));
        let wire = Wire {
            connection,
            opener,
            mouth,
            hello: None,
            sessions: None,
            lanes: None,
            asked: None,
            told: None,
            paces: pace::room(),
        };
        peer.wires.insert(id, wire);
    }

    pub(super) fn linked(&mut self, key: Fingerprint, id: LinkId, hello: Hello) {
        let mut opener = None;
        self.with_wire(key, id, |wire| {
            wire.hello = Some(hello);
            opener = Some(wire.opener);
        });
        if let Some(opener) = opener {
            self.happens(key, Event::Linked(id, opener));
        }
    }

    fn adopt(&mut self, key: Fingerprint, id: LinkId) {
        let Some(known) = self.store.of(&key).cloned() else {
            return;
        };
        let host = far::Host {
            kernel: self.kernel.clone(),
            name: self.name.clone(),
            caller: known.node.clone(),
            grants: known
                .grants
                .iter()
                .map(|grant| grant.name().to_owned())
                .collect(),
            counters: self.node.counters.clone(),
        };
        let (mut reached, mut version) = (None, known.version.clone());
        self.with_wire(key, id, |wire| {
            wire.sessions = Some(Task::spawn(far::serve(wire.connection.clone(), host)));
            let place = plain(wire.connection.remote_address());
            reached = is_lasting(place).then(|| place.to_string());
            let said = wire.hello.as_ref().map(|hello| presentable(&hello.release));
            version = said.unwrap_or_default();
        });
        let now = crate::store::Peer {
            reached: reached.unwrap_or_else(|| known.reached.clone()),
            version,
            ..known.clone()
        };
        if now != known && self.store.hold(now).is_ok() {
            self.keep(Job::Reached(known.node.clone()));
        }
        dkvm_sdk::info!("linked with {}", known.node);
        self.open_lanes(key, id, &known);
        // Once the link is lost, this node calls too.
        self.look_for(key);
    }

    pub(super) fn answered(&mut self, key: Fingerprint, id: LinkId, took: Option<Duration>) {
        if let (Some(took), Some(peer)) = (took, self.peers.get_mut(&key)) {
            if peer.link.carries() == Some(id) {
                peer.rtt_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
            }
        }
        self.happens(key, Event::Heard(id));
    }

    pub(super) fn lost(&mut self, key: Fingerprint, id: LinkId, fault: Fault) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let carried = peer.link.carries() == Some(id);
        // One that was never linked was a call that failed.
        let mut wire = peer.wires.remove(&id);
        if let Some(wire) = wire.as_mut().filter(|wire| wire.lanes.is_some()) {
            wire.end_lanes();
            peer.refused = None;
        }
        let why = wire
            .as_ref()
            .and_then(|wire| wire.connection.close_reason());
        let greeted = wire.is_some_and(|wire| wire.hello.is_some());
        if carried && why.as_ref().is_some_and(close::is_changed) {
            self.happens(key, Event::Changed);
        }
        let event = match greeted {
            true => Event::Closed(id, Some(fault.clone())),
            false => Event::DialFailed(fault.clone()),
        };
        self.happens(key, event);
        if let (true, Some(known)) = (carried, self.store.of(&key)) {
            dkvm_sdk::info!("the link to {} is gone: {}", known.node, fault.told);
        }
        self.follow_wants();
    }

    /// Its socket knows whether there is a link, and why not.
    fn tell_carrier(&mut self, key: Fingerprint) {
        let now = self.now();
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let carries = peer.link.carries();
        let connection = carries
            .and_then(|id| peer.wires.get(&id))
            .map(|wire| wire.connection.clone());
        let told = peer
            .link
            .detail(now)
            .unwrap_or_else(|| "it is being called".to_owned());
        peer.carrier
            .send_modify(|carrier| carrier.becomes(connection, told));
    }

    pub(super) fn tick_links(&mut self) {
        let now = self.now();
        let is_due = |peer: &Peer| peer.link.deadline(now).is_some_and(|due| now >= due);
        let due: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| is_due(peer))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            self.happens(key, Event::Tick);
        }
    }

    /// Who calls with another version has shown no key yet; by its address, where that is its own, it may be one that is known.
    pub(super) fn other_version(&mut self, from: SocketAddr, proof: Proof, offered: &[String]) {
        let offered = offered.join(", ");
        let offered = if offered.is_empty() {
            "no version of this link"
        } else {
            &offered
        };
        let told = format!(
            "{from} speaks {offered}, and this node speaks dkvm/1: update the older of the two"
        );
        if self.versions.admit(from.ip(), self.now()) {
            dkvm_sdk::warn!("{told}");
        }
        // Of a node whose address somebody else wrote there this says nothing; this node's own call to it does.
        if proof == Proof::Claimed {
            return;
        }
        let there = |peer: &Peer| peer.leads.iter().any(|lead| lead.is_at(from.ip()));
        let keys: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| there(peer))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            let weight = Weight::Standing;
            let told = told.clone();
            self.happens(key, Event::DialFailed(Fault { weight, told }));
        }
    }

    /// This device ends.
    pub fn leave(&mut self) {
        for peer in self.peers.values() {
            peer.cut(Close::Leaving, "its link is being started again");
        }
        let code = quinn::VarInt::from_u32(Close::Leaving as u32);
        self.node.endpoint.close(code, b"");
    }
}
