//! Sending pictures that build on each other (H.264) to one node.

use super::{
    flow::{Flow, Mend, Ticket},
    keys::Keys,
    reach::{Left, Reach, Words},
    stream::{self, Freight, Shipped},
};
use crate::message::Lane;
use bytes::Bytes;
use dkvm_wire::vocab::video::{AccessUnit, LinkLoad};
use quinn::Connection;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// One that is still not there would be a picture of long ago.
const PATIENCE: Duration = Duration::from_secs(3);
/// How soon it is looked again whether there is room for a key frame.
const MEND_TURN: Duration = Duration::from_millis(200);
/// Devices of this node that make pictures.
pub const SOURCES_MOST: usize = 8;

/// A picture, as it is sent to each node that reads it.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The device of this node.
    pub from: String,
    /// The event.
    pub event: Bytes,
    /// The access unit itself.
    pub payload: Bytes,
    /// Where it stands in its chain.
    pub unit: AccessUnit,
}

impl Picture {
    /// As it travels, after those with smaller tickets.
    pub fn freight(&self, ticket: Ticket) -> Freight {
        let (event, payload) = (self.event.clone(), self.payload.clone());
        Freight::with(Lane::Picture, event, payload).in_turn(ticket.number())
    }
}

/// Those to one node.
#[derive(Debug)]
pub struct Pictures {
    connection: Connection,
    keys: Keys,
    begun: Instant,
    flows: BTreeMap<String, Arc<Mutex<Flow>>>,
    /// What that node tells of those who watch there.
    words: Words,
}

impl Pictures {
    /// Nothing is under way.
    pub fn new(connection: Connection, keys: Keys, begun: Instant) -> Self {
        Self {
            connection,
            keys,
            begun,
            flows: BTreeMap::new(),
            words: Words::default(),
        }
    }

    /// Sends one, where the link carries it.
    pub fn send(&mut self, picture: &Picture) {
        if self.flows.len() >= SOURCES_MOST && !self.flows.contains_key(&picture.from) {
            return;
        }
        let flow = self.flows.entry(picture.from.clone()).or_default().clone();
        let (rtt, now) = (self.connection.rtt(), self.begun.elapsed());
        let ticket = lock(&flow).unit(picture.unit, rtt, now);
        match ticket {
            Some(ticket) => self.ship(flow, ticket, picture),
            None => mend(&self.keys, &flow, &picture.from, self.begun),
        }
    }

    /// Nobody reads them any more.
    pub fn end(&mut self, from: &str) {
        self.flows.remove(from);
        self.words.end(from);
    }

    /// That node tells of those who watch a device there.
    pub fn told(&mut self, from: &str, load: LinkLoad) -> Left {
        self.words.tell(from, load, self.begun.elapsed())
    }

    fn ship(&self, flow: Arc<Mutex<Flow>>, ticket: Ticket, picture: &Picture) {
        let freight = picture.freight(ticket);
        let (connection, keys) = (self.connection.clone(), self.keys.clone());
        let (from, begun) = (picture.from.clone(), self.begun);
        let bytes = picture.event.len() + picture.payload.len();
        tokio::spawn(async move {
            let shipped = stream::ship(&connection, freight, PATIENCE).await;
            let (rtt, now) = (connection.rtt(), begun.elapsed());
            match shipped {
                Shipped::Whole => lock(&flow).arrived(ticket, bytes, rtt, now),
                Shipped::Late => lock(&flow).late(ticket, bytes, now),
                Shipped::Lost => lock(&flow).lost(ticket, now),
            }
            mend(&keys, &flow, &from, begun);
        });
    }

    /// What all take who watch each device's over the link.
    pub fn loads(&self) -> impl Iterator<Item = (&str, Reach)> {
        let now = self.begun.elapsed();
        self.flows.iter().map(move |(from, flow)| {
            let link = lock(flow).load(now);
            (from.as_str(), self.words.reach(from, link, now))
        })
    }

    /// The link stands still.
    pub fn stands_still(&mut self) {
        let now = self.begun.elapsed();
        self.words.forget();
        for flow in self.flows.values() {
            lock(flow).stands_still(now);
        }
    }

    /// Who reads them has begun just now: what was under way for who read before is nobody's.
    pub fn begin(&mut self, from: &str) {
        self.flows.remove(from);
        self.keys.ask(from);
    }
}

/// Asks for a key frame until one is on its way: where the picture rests, nothing else would.
fn mend(keys: &Keys, flow: &Arc<Mutex<Flow>>, from: &str, begun: Instant) {
    if !lock(flow).begins_mending() {
        return;
    }
    // Who ends to read, or whose link ends, needs none.
    let (keys, flow, from) = (keys.clone(), Arc::downgrade(flow), from.to_owned());
    tokio::spawn(async move {
        while let Some(flow) = flow.upgrade() {
            let now = lock(&flow).mend(begun.elapsed());
            drop(flow);
            match now {
                Mend::Nothing => return,
                Mend::Ask => keys.ask(&from),
                Mend::Wait => {}
            }
            sleep(MEND_TURN).await;
        }
    });
}

fn lock(flow: &Mutex<Flow>) -> MutexGuard<'_, Flow> {
    flow.lock().unwrap_or_else(PoisonError::into_inner)
}
