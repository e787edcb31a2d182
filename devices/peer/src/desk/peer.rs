//! One paired node, as long as this device lives.

use crate::{
    close::Close,
    control::Mouth,
    core::{
        bucket::Bucket,
        lead::Lead,
        link::{Link, LinkId, Opener},
        Moment,
    },
    fingerprint::Fingerprint,
    lanes::Lanes,
    message::{Hello, Watched},
    session::near::{Carrier, Door},
    task::Task,
};
use dkvm_wire::vocab::peer::Grant;
use quinn::Connection;
use std::collections::BTreeMap;
use tokio::sync::watch;

/// Connections of one peer that are being greeted: it needs two at most, when both call at once.
pub const CONNECTIONS_MOST: usize = 4;

/// One connection.
pub struct Wire {
    /// It.
    pub connection: Connection,
    /// Who opened it.
    pub opener: Opener,
    /// To its control stream.
    pub mouth: Mouth,
    /// What the other has said.
    pub hello: Option<Hello>,
    /// Its sessions, once it carries.
    pub sessions: Option<Task>,
    /// What devices say over it, once it carries.
    pub lanes: Option<Lanes>,
    /// What the other has asked for before it carried here.
    pub asked: Option<Vec<Watched>>,
    /// When a sentence of the other's was shown last.
    pub told: Option<Moment>,
    /// How often it may be told what those take who watch here.
    pub paces: Bucket,
}

impl Wire {
    /// Nothing more is taken over it.
    pub fn end_lanes(&mut self) {
        // Their tasks first, so that nothing comes after it is said that the devices are gone.
        let intake = self.lanes.take().map(|lanes| lanes.intake.clone());
        if let Some(intake) = intake {
            intake.end();
        }
    }
}

/// One paired node.
pub struct Peer {
    /// What is decided.
    pub link: Link,
    /// The call under way.
    pub dial: Option<Task>,
    /// All of its connections.
    pub wires: BTreeMap<LinkId, Wire>,
    /// What its socket's sessions go over.
    pub carrier: watch::Sender<Carrier>,
    /// Its socket.
    pub door: Option<Door>,
    /// Where to call it, the best first.
    pub leads: Vec<Lead>,
    /// The last round trip, µs.
    pub rtt_us: u32,
    /// What it refused over this link, for a person.
    pub refused: Option<String>,
}

impl Peer {
    /// Nothing is known yet.
    pub fn new(here: &Fingerprint, there: &Fingerprint) -> Self {
        let [a, b, c, d, ..] = *here.bytes();
        Self {
            link: Link::new(here, there, u32::from_le_bytes([a, b, c, d])),
            dial: None,
            wires: BTreeMap::new(),
            carrier: watch::Sender::new(Carrier::default()),
            door: None,
            leads: Vec::new(),
            rtt_us: 0,
            refused: None,
        }
    }

    /// What the connection that carries has said.
    pub fn hello(&self) -> Option<&Hello> {
        let carries = self.link.carries()?;
        self.wires.get(&carries)?.hello.as_ref()
    }

    /// The connection that carries.
    pub fn wire(&mut self) -> Option<&mut Wire> {
        let carries = self.link.carries()?;
        self.wires.get_mut(&carries)
    }

    /// Its lanes.
    pub fn lanes(&mut self) -> Option<&mut Lanes> {
        self.wire()?.lanes.as_mut()
    }

    /// Nothing more is taken over any of its connections, and what its devices hold here is released.
    pub fn end_lanes(&mut self) {
        self.wires.values_mut().for_each(Wire::end_lanes);
        self.refused = None;
    }

    /// What this node may do there.
    pub fn granted(&self) -> Vec<Grant> {
        let names = self
            .hello()
            .map(|hello| hello.grants.as_slice())
            .unwrap_or_default();
        let has = |grant: &Grant| names.iter().any(|name| name == grant.name());
        Grant::ALL.into_iter().filter(has).collect()
    }

    /// Why its pictures are not shown here, for a person.
    pub fn trouble(&self) -> Option<String> {
        let wire = self.wires.get(&self.link.carries()?)?;
        wire.lanes.as_ref()?.intake.trouble()
    }

    /// Ends all of its connections. A call under way goes on: it will be greeted by what holds then.
    pub fn cut(&self, why: Close, told: &str) {
        for wire in self.wires.values() {
            why.end(&wire.connection, told);
        }
    }
}
