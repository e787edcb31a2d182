//! All that this device knows, and what it does about what happens.

mod film;
mod keeper;
mod lanes;
mod links;
mod loads;
mod pace;
mod pairings;
mod peer;
mod publish;
mod requests;

use crate::{
    config::Config,
    core::{limit::Limit, pairing::Pairings, Moment},
    endpoint::Node,
    fingerprint::Fingerprint,
    lanes::lives::Numbers,
    news::{News, Teller},
    session::near,
    store::Store,
};
use dkvm_sdk::{Link, Sender};
use dkvm_wire::vocab::peer::SeenNode;
pub use lanes::{Crossed, FromDevice};
use peer::Peer;
use publish::Published;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// Nodes of the network that are shown; more than a desk has.
const SEEN_MOST: usize = 128;

/// The device.
pub struct Desk {
    node: Arc<Node>,
    sender: Sender,
    /// As this node calls itself.
    name: String,
    kernel: PathBuf,
    teller: Teller,
    store: Store,
    peers: BTreeMap<Fingerprint, Peer>,
    seen: Vec<SeenNode>,
    pairings: Pairings,
    talks: HashMap<u32, pairings::Talk>,
    /// Of the sockets of the nodes; none where there is no run directory.
    folder: Option<PathBuf>,
    last_link: u64,
    /// Who calls with another version is worth a line of the log now and then.
    versions: Limit,
    started: Instant,
    published: Published,
    own: lanes::Own,
    loads: loads::Loads,
    numbers: Numbers,
    keeper: keeper::Keeper,
}

impl Desk {
    /// With all that is kept; the sentences are what a person has to know of it.
    pub fn new(
        link: &Link,
        node: Arc<Node>,
        config: &Config,
        store: Store,
        teller: Teller,
    ) -> (Self, Vec<String>) {
        let mut told = Vec::new();
        let run_dir = dkvm_sdk::run_dir();
        let folder = match run_dir.as_deref().map(near::folder).transpose() {
            Ok(folder) => folder,
            Err(error) => {
                told.push(format!("commands on other nodes (`dkvm --node`) do not work: their sockets cannot be made in the run directory of peer ({error})"));
                None
            }
        };
        let mut desk = Self {
            name: config.name(),
            kernel: config.kernel(run_dir.as_deref()),
            node,
            sender: link.sender(),
            teller,
            store,
            peers: BTreeMap::new(),
            seen: Vec::new(),
            pairings: Pairings::default(),
            talks: HashMap::new(),
            folder,
            last_link: 0,
            versions: Limit::of_one(1),
            started: Instant::now(),
            published: Published::default(),
            own: lanes::Own::new(&link.sender()),
            loads: loads::Loads::default(),
            numbers: Numbers::new(link.generation()),
            keeper: keeper::Keeper::default(),
        };
        desk.follow_store();
        (desk, told)
    }

    fn now(&self) -> Moment {
        self.started.elapsed()
    }

    /// Who is on the network, by its own word.
    pub fn saw(&mut self, mut nodes: Vec<SeenNode>) {
        nodes.truncate(SEEN_MOST);
        self.seen = nodes;
        self.look_for_all();
    }

    /// What a task tells.
    pub fn heard(&mut self, news: News) {
        match news {
            News::Connected(key, connection, opener) => self.connected(key, connection, opener),
            News::NotReached(key, fault) => self.not_reached(key, fault),
            News::Linked(key, id, hello) => self.linked(key, id, hello),
            News::Heard(key, id, took) => self.answered(key, id, took),
            News::Kept(written) => self.kept(written),
            News::Said(key, id, said) => self.said(key, id, said),
            News::Lost(key, id, fault) => self.lost(key, id, fault),
            News::OtherVersion(from, proof, offered) => self.other_version(from, proof, &offered),
            News::WantsToPair(key, connection) => self.wants_to_pair(key, connection),
            News::Pairing(id, step) => self.pairing(id, step),
        }
    }

    /// Time has passed.
    pub fn tick(&mut self) {
        self.tick_links();
        self.tick_pairings();
        self.tick_loads();
    }

    /// How long nothing is due.
    pub fn wait(&self) -> Option<Duration> {
        let now = self.now();
        let links = self
            .peers
            .values()
            .filter_map(|peer| peer.link.deadline(now));
        let due = links
            .chain(self.pairings.deadline())
            .chain(self.due())
            .chain(self.looks_at_links())
            .min()?;
        Some(due.saturating_sub(now))
    }
}
