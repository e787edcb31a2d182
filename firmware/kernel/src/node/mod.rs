//! The running kernel: devices, clients and what goes between them. All of it is plain calls on one thread;
//! the tasks around it only wait for Linux.

mod bury;
mod calls;
mod change;
mod clients;
mod configure;
mod device;
mod drive;
mod ending;
mod events;
mod far;
mod frames;
mod hello;
mod journal;
mod launch;
mod machine;
mod memory;
mod pending;
mod readers;
mod reload;
mod rerouted;
mod rights;
mod send;
mod services;
mod settle;
mod tasks;
mod time;

pub(crate) use change::{hear, Force, Keeping};
pub(crate) use clients::Client;
pub(crate) use device::Device;
pub(crate) use machine::Host;
pub(crate) use tasks::accept_clients;
pub(crate) use time::keep_time;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::death::Deaths;
use crate::link::{ClientId, DeviceId, Link, Peer};
use crate::log::{Output, Ring};
use crate::memory::MemoryManager;
use crate::supervise::Millis;
use crate::watchdog::Watchdog;
use pending::Pending;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use tokio::sync::Notify;

/// Read in one go.
const READ_BUFFER: usize = 64 * 1024;

/// What a node is started with.
pub(crate) struct Parts {
    pub(crate) source: Source,
    pub(crate) config: Config,
    pub(crate) host: Host,
    pub(crate) clock: Clock,
    pub(crate) boot: String,
    pub(crate) name: String,
    pub(crate) memory: MemoryManager,
    pub(crate) output: Output,
    pub(crate) deaths: Deaths,
    pub(crate) jail: PathBuf,
    pub(crate) keeping: Keeping,
}

/// See the module.
pub(crate) struct Node {
    /// Where the configuration is read again.
    source: Source,
    config: Config,
    /// What was said, kept and begun of it.
    keeping: Keeping,
    host: Host,
    clock: Clock,
    boot: String,
    name: String,
    /// Whether devices get users of their own.
    root: bool,
    accounts: Accounts,
    /// The program whose `jail` command is used.
    jail: PathBuf,
    devices: Vec<Device>,
    clients: BTreeMap<ClientId, Client>,
    last_client: u32,
    memory: MemoryManager,
    pending: Pending,
    log: Ring,
    output: Output,
    deaths: Deaths,
    watchdog: Option<Watchdog>,
    /// That there is none was told.
    told_watchdog: bool,
    /// Connections with something to write.
    dirty: Vec<Peer>,
    /// Connections that broke a rule in this turn, with the sentence.
    offenders: Vec<(Peer, String)>,
    /// Who reads what has changed.
    tables_stale: bool,
    /// The device that leads to other nodes.
    gateway: Option<DeviceId>,
    /// Devices of other nodes, counted.
    last_far: u32,
    /// The limits of the jail were told.
    limits_told: bool,
    chores_due: Millis,
    /// Until then, orphans of dead devices are looked for.
    sweep_until: Millis,
    buffer: Vec<u8>,
    me: Weak<RefCell<Node>>,
    /// Wakes the timer's task, since something is due earlier than it thinks.
    pub(crate) timer: Rc<Notify>,
    armed: Millis,
    ending: Option<ending::Ending>,
    /// Told when all devices have ended.
    pub(crate) done: Rc<Notify>,
}

impl Node {
    pub(crate) fn start(parts: Parts) -> Rc<RefCell<Self>> {
        let node = Rc::new_cyclic(|me| RefCell::new(Self::new(parts, me.clone())));
        node.borrow_mut().begin();
        node
    }

    fn new(parts: Parts, me: Weak<RefCell<Self>>) -> Self {
        Self {
            source: parts.source,
            config: parts.config,
            keeping: parts.keeping,
            host: parts.host,
            clock: parts.clock,
            boot: parts.boot,
            name: parts.name,
            root: rustix::process::geteuid().is_root(),
            accounts: Accounts::read(),
            jail: parts.jail,
            devices: Vec::new(),
            clients: BTreeMap::new(),
            last_client: 0,
            memory: parts.memory,
            pending: Pending::default(),
            log: Ring::default(),
            output: parts.output,
            deaths: parts.deaths,
            watchdog: None,
            told_watchdog: false,
            dirty: Vec::new(),
            offenders: Vec::new(),
            tables_stale: false,
            gateway: None,
            last_far: 0,
            limits_told: false,
            chores_due: Millis(0),
            sweep_until: Millis(0),
            buffer: vec![0; READ_BUFFER],
            me,
            timer: Rc::new(Notify::new()),
            armed: Millis(0),
            ending: None,
            done: Rc::new(Notify::new()),
        }
    }

    fn begin(&mut self) {
        if !self.root {
            self.info("the kernel is not root: all devices run as its own user, `user` and `groups` are not used");
        }
        self.tell_what_is_lacking();
        self.open_watchdog();
        for config in self.config.devices.clone() {
            self.add_device(config);
        }
        self.begin_as_told();
        self.settle();
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(id.0)
    }

    /// Live devices, in no particular order.
    fn ids(&self) -> impl Iterator<Item = DeviceId> + use<> {
        (0..self.devices.len()).map(DeviceId)
    }

    fn find(&self, name: &str) -> Option<DeviceId> {
        let at = self
            .devices
            .iter()
            .position(|device| !device.removed && device.config.name.as_str() == name);
        at.map(DeviceId)
    }

    /// The connection of a peer, unless it is of an earlier life.
    fn link(&mut self, peer: Peer) -> Option<&mut Link> {
        match peer {
            Peer::Device(id, generation) => self
                .devices
                .get_mut(id.0)
                .filter(|device| device.generation == generation)?
                .link
                .as_mut(),
            Peer::Client(id) => self.clients.get_mut(&id).map(|client| &mut client.link),
        }
    }
}
