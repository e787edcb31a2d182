mod far;
mod page;

pub use page::{Page, PageIn};

use super::{
    board::{Board, Key, Mark},
    holders::{Holders, PageId},
    targets::Targets,
    Place,
};
use crate::clock::Moment;
use dkvm_sdk::Sender;
use dkvm_wire::{
    service::{ConfigState, DeathRecord, DeviceInfo, DeviceList, KernelInfo, MemoryStats, Phase},
    topics,
    vocab::{input::InputAck, page::ToPage, peer::PeerState},
    DeviceName, Generation,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};
use thiserror::Error;
use tokio::sync::{watch, Notify};

/// Pages open at the same time.
pub const MAX_PAGES: usize = 32;
/// Answers that wait for a page to read them: a page asks for more only when it has read some.
const MAX_ANSWERS: usize = 64;

/// There are as many pages as can be served.
#[derive(Debug, Error)]
#[error("{MAX_PAGES} pages are open already, the most that this node serves: close one of them and try again")]
pub struct PageFull;

/// What waits for one page alone.
#[derive(Debug, Default)]
struct Mail {
    ack: Option<InputAck>,
    /// Those of other nodes' targets.
    acks_from: BTreeMap<String, InputAck>,
    answers: VecDeque<ToPage>,
    pongs: VecDeque<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Letterbox {
    mail: Mutex<Mail>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct World {
    board: Board,
    holders: Holders,
    /// Those of other nodes.
    targets: Targets,
    pages: BTreeMap<PageId, Arc<Letterbox>>,
    next_page: u64,
    /// A configuration is on trial.
    on_trial: bool,
    /// How often the kernel told by itself how a device or the configuration is.
    told: u64,
    /// Who sent what stands on the board, and in which life.
    sources: BTreeMap<Key, (String, Generation)>,
}

/// All that pages are told and hold, shared by the link to the kernel and the sockets.
pub struct Hub {
    kernel: KernelInfo,
    asked: Moment,
    sender: Sender,
    world: Mutex<World>,
    open_pages: watch::Sender<usize>,
    /// Other nodes, while somebody knows of them.
    peers: watch::Sender<Option<PeerState>>,
}

impl Hub {
    /// Nobody is here yet. `kernel` was told at `asked`.
    pub fn new(kernel: KernelInfo, asked: Moment, sender: Sender) -> Self {
        Self {
            kernel,
            asked,
            sender,
            world: Mutex::default(),
            open_pages: watch::Sender::new(0),
            peers: watch::Sender::new(None),
        }
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.kernel.node
    }

    /// The way to the kernel.
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// How many pages are open, and each change of it.
    pub fn open_pages(&self) -> watch::Receiver<usize> {
        self.open_pages.subscribe()
    }

    /// A device told its state.
    pub fn post(&self, key: Key, source: (String, Generation), message: ToPage) {
        if let ToPage::Peers { state } = &message {
            self.peers.send_replace(state.clone());
        }
        let mut world = crate::lock(&self.world);
        world.sources.insert(key.clone(), source);
        if world.board.post(key, message) {
            world.ring_all();
        }
    }

    /// The kernel told how a device is: what it said before it died does not hold any more. Returns that.
    pub fn post_device(&self, info: DeviceInfo) -> Vec<Key> {
        crate::lock(&self.world).told += 1;
        self.put_device(info)
    }

    /// Changes when the kernel tells of a device or of the configuration by itself. An answer that was asked for before such news
    /// may be older than it, and would take back what has been said since.
    pub fn told(&self) -> u64 {
        crate::lock(&self.world).told
    }

    fn put_device(&self, info: DeviceInfo) -> Vec<Key> {
        let mut world = crate::lock(&self.world);
        let withdrawn = world.withdraw(info.name.as_str(), lives_over(&info));
        if withdrawn.contains(&Key::Peers) {
            self.peers.send_replace(None);
        }
        if world
            .board
            .post(Key::Device(info.name.clone()), ToPage::Device(info))
        {
            world.ring_all();
        }
        withdrawn
    }

    /// The kernel told all its devices.
    pub fn post_devices(&self, list: DeviceList) {
        let names: Vec<DeviceName> = list.devices.iter().map(|info| info.name.clone()).collect();
        for info in list.devices {
            self.put_device(info);
        }
        let mut world = crate::lock(&self.world);
        let gone = world
            .board
            .devices()
            .into_iter()
            .filter(|name| !names.contains(name));
        for name in gone.collect::<Vec<_>>() {
            world
                .board
                .post(Key::Device(name.clone()), ToPage::DeviceGone { name });
            world.ring_all();
        }
    }

    /// A device died.
    pub fn post_death(&self, death: DeathRecord) {
        let mut world = crate::lock(&self.world);
        if world.board.post_death(ToPage::Death(death)) {
            world.ring_all();
        }
    }

    /// The kernel told which configuration is in force, and what is on trial.
    pub fn post_config(&self, state: ConfigState) {
        let mut world = crate::lock(&self.world);
        world.told += 1;
        world.on_trial = state.trial.is_some();
        if world.board.post(Key::Config, ToPage::Config(state)) {
            world.ring_all();
        }
    }

    /// Whether a configuration is on trial: its time runs, and a page that comes later has to be told the rest of it.
    pub fn on_trial(&self) -> bool {
        crate::lock(&self.world).on_trial
    }

    /// How much shared memory is in use.
    pub fn post_memory(&self, stats: MemoryStats) {
        let mut world = crate::lock(&self.world);
        if world.board.post(Key::Memory, ToPage::Memory(stats)) {
            world.ring_all();
        }
    }

    /// hid acknowledged: told to the page that speaks for the holder, and to no other.
    pub fn acknowledge(&self, ack: InputAck) {
        let world = crate::lock(&self.world);
        if let Some(page) = world.page_of(&Place::Here, ack.holder) {
            crate::lock(&page.mail).ack = Some(ack);
            page.bell.notify_one();
        }
    }

    /// The device that sent what stands on the board about `key`; its usual name before it said anything.
    pub fn device_of(&self, key: &Key, usual: &str) -> String {
        crate::lock(&self.world).device_of(key, usual).to_owned()
    }

    /// A page opens.
    pub fn open(self: &Arc<Self>) -> Result<Page, PageFull> {
        let mut world = crate::lock(&self.world);
        if world.pages.len() >= MAX_PAGES {
            return Err(PageFull);
        }
        world.next_page += 1;
        let (id, letterbox) = (PageId(world.next_page), Arc::new(Letterbox::default()));
        world.pages.insert(id, letterbox.clone());
        let hello = ToPage::Hello {
            kernel: self.kernel_now(),
            viewers: world.tell_viewers(),
        };
        crate::lock(&letterbox.mail).answers.push_back(hello);
        self.open_pages.send_replace(world.pages.len());
        Ok(Page {
            hub: self.clone(),
            id,
            letterbox,
            mark: Mark::default(),
        })
    }

    fn close(&self, page: PageId) {
        let mut world = crate::lock(&self.world);
        world.pages.remove(&page);
        world.tell_viewers();
        self.open_pages.send_replace(world.pages.len());
        for (place, neutral) in world.holders.leave(page) {
            if let Some(hid) = world.hid_of(&place) {
                // Without a kernel there is no target either.
                let _ = self.sender.emit_to(topics::INPUT, &neutral, &[hid]);
            }
        }
    }

    fn kernel_now(&self) -> KernelInfo {
        let since = Moment::now().since(self.asked).as_millis();
        let uptime_ms = self
            .kernel
            .uptime_ms
            .saturating_add(u64::try_from(since).unwrap_or(0));
        KernelInfo {
            uptime_ms,
            ..self.kernel.clone()
        }
    }
}

/// The lives of a device, up to this one, that ended. A device may tell its state before it is ready; one that starts has said
/// nothing yet, and by the time that this is heard it may have.
fn lives_over(info: &DeviceInfo) -> Generation {
    match info.phase {
        Phase::Starting | Phase::Preparing | Phase::Running | Phase::Degraded => {
            Generation(info.generation.0.saturating_sub(1))
        }
        _ => info.generation,
    }
}

impl World {
    fn device_of<'w>(&'w self, key: &Key, usual: &'w str) -> &'w str {
        self.sources.get(key).map_or(usual, |(name, _)| name)
    }

    fn page_of(&self, place: &Place, holder: u64) -> Option<&Arc<Letterbox>> {
        self.pages.get(&self.holders.page_of(place, holder)?)
    }

    fn ring_all(&self) {
        self.pages.values().for_each(|page| page.bell.notify_one());
    }

    fn tell_viewers(&mut self) -> u32 {
        let count = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        self.board.post(Key::Viewers, ToPage::Viewers { count });
        self.ring_all();
        count
    }

    /// Takes back what a device said in its lives up to `last`.
    fn withdraw(&mut self, name: &str, last: Generation) -> Vec<Key> {
        let sources = &self.sources;
        let said = |key: &Key| {
            sources
                .get(key)
                .is_some_and(|(from, life)| from == name && *life <= last)
        };
        let nothing = [
            (Key::Hid, ToPage::Hid { state: None }),
            (Key::Video, ToPage::Video { state: None }),
            (Key::Encode, ToPage::Encode { state: None }),
            (Key::H264, ToPage::H264 { state: None }),
            (Key::Update, ToPage::Update { state: None }),
            (Key::Storage, ToPage::Storage { state: None }),
            (Key::Audio, ToPage::Audio { state: None }),
            (Key::Power, ToPage::Power { state: None }),
            (Key::Network, ToPage::Network { state: None }),
            (Key::Typist, ToPage::Typist { state: None }),
            (Key::Fetch, ToPage::Fetch { state: None }),
            (Key::Macros, ToPage::Macros { state: None }),
            (Key::Serial, ToPage::Serial { state: None }),
            (Key::Usbnet, ToPage::Usbnet { state: None }),
            (Key::Peers, ToPage::Peers { state: None }),
        ];
        let over = nothing.into_iter().filter(|(key, _)| said(key));
        over.filter_map(|(key, message)| self.board.post(key.clone(), message).then_some(key))
            .collect()
    }
}
