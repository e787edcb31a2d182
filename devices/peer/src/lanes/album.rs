//! Pictures of another node's devices on their way to the kernel here: looked at, put in their order, and written into slots.

use super::{
    chain::{Came, Chain},
    intake::IntakeError,
    print::{Print, LONGEST},
};
use dkvm_sdk::{FramePool, PoolRequest, Sender};
use dkvm_wire::{Generation, Source};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Slots that readers may hold, with one that is written: the largest of them fit a device's 16 MiB.
const SLOTS: u32 = 5;
/// Granted ahead: those that waited for one before them come at once.
const WINDOW: u32 = 4;
/// Smallest slot; larger ones are made when a picture does not fit.
const SLOT_MIN: usize = 256 * 1024;
/// Where there is no memory, it is asked for again after so long.
const MEMORY_AGAIN: Duration = Duration::from_secs(5);
/// A topic, and a source by its name here.
pub type Key = (&'static str, String);

/// What became of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All is well.
    Well,
    /// The next can only be a key frame.
    NeedsKey,
}

/// What a source's chain needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// It is whole, or nobody's.
    Nothing,
    /// A key frame; of JPEGs the latest, again.
    Key,
    /// Memory first: there is none now.
    Memory,
}

#[derive(Debug, Default)]
struct Shelf {
    generation: Generation,
    chain: Chain<Print>,
}

/// Those of one node.
pub struct Album {
    sender: Sender,
    pool: Option<FramePool>,
    shelves: BTreeMap<Key, Shelf>,
    /// Why they are not shown, for a person.
    trouble: watch::Sender<Option<String>>,
    /// When there was no memory.
    refused: Option<Instant>,
}

impl Album {
    /// Empty, without memory.
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            pool: None,
            shelves: BTreeMap::new(),
            trouble: watch::Sender::new(None),
            refused: None,
        }
    }

    /// Where it is told why they are not shown.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    /// Only these are read from now on: of others nothing is kept, and where there are none no memory.
    pub fn keep(&mut self, read: &BTreeSet<Key>) {
        self.shelves.retain(|key, _| read.contains(key));
        if read.is_empty() {
            self.pool = None;
            self.trouble.send_replace(None);
        }
        self.refused = None;
    }

    /// One will not come.
    pub fn lost(&mut self, print: &Print) -> Result<(), IntakeError> {
        let unit = print.announced()?;
        self.shelf(print).chain.lost(unit);
        Ok(())
    }

    /// Whether a key frame is to be asked for.
    pub fn needs(&self, key: &Key) -> Needs {
        match self.shelves.get(key) {
            Some(shelf) if shelf.chain.needs_key() && self.is_refused() => Needs::Memory,
            Some(shelf) if shelf.chain.needs_key() => Needs::Key,
            _ => Needs::Nothing,
        }
    }

    fn is_refused(&self) -> bool {
        self.refused.is_some_and(|at| at.elapsed() < MEMORY_AGAIN)
    }

    fn shelf(&mut self, print: &Print) -> &mut Shelf {
        let shelf = self.shelves.entry(print.key()).or_default();
        if shelf.generation != print.generation {
            *shelf = Shelf {
                generation: print.generation,
                chain: Chain::default(),
            };
        }
        shelf
    }

    /// One came; what is in turn goes to the kernel.
    pub async fn take(&mut self, print: Print) -> Result<Shown, IntakeError> {
        let unit = print.unit()?;
        let key = print.key();
        let Came::Show(in_turn) = self.shelf(&print).chain.came(unit, print) else {
            return Ok(Shown::NeedsKey);
        };
        for print in in_turn {
            if self.show(&print).await? == Shown::NeedsKey {
                if let Some(shelf) = self.shelves.get_mut(&key) {
                    shelf.chain.broke();
                }
                return Ok(Shown::NeedsKey);
            }
        }
        Ok(Shown::Well)
    }

    async fn show(&mut self, print: &Print) -> Result<Shown, IntakeError> {
        let length = print.payload.len();
        self.fit(length, &print.source).await;
        let slot = self
            .pool
            .as_ref()
            .and_then(|pool| Some((pool, pool.take()?)));
        let Some((pool, mut slot)) = slot else {
            return Ok(Shown::NeedsKey);
        };
        let Some(place) = slot.bytes_mut().get_mut(..length) else {
            return Ok(Shown::NeedsKey);
        };
        place.copy_from_slice(&print.payload);
        let Ok(lease) = pool.seal(slot, length) else {
            return Ok(Shown::NeedsKey);
        };
        let source = Source {
            name: &print.source,
            generation: print.generation,
        };
        let sender = &self.sender;
        sender.forward(source, print.topic, &print.body, &[lease], &[])?;
        Ok(Shown::Well)
    }

    /// A pool whose slots hold that much, where there is memory for it.
    async fn fit(&mut self, length: usize, source: &str) {
        let fits = |pool: &FramePool| pool.slot_size() >= length;
        if self.pool.as_ref().is_some_and(fits) {
            return;
        }
        if self.is_refused() {
            return;
        }
        // What readers still hold of the old one lives on.
        self.pool = None;
        let slot_size = length.next_power_of_two().clamp(SLOT_MIN, LONGEST);
        let request = PoolRequest {
            slot_size: slot_size as u64,
            slots: SLOTS,
            window: WINDOW,
        };
        match FramePool::open_by(&self.sender, request).await {
            Ok(pool) => {
                self.pool = Some(pool);
                self.trouble.send_replace(None);
                self.refused = None;
            }
            Err(error) => {
                self.refused = Some(Instant::now());
                let why = format!("the pictures of its target are not shown here: {error}; or watch fewer targets at a time");
                self.tell(why, source);
            }
        }
    }

    fn tell(&self, why: String, source: &str) {
        let before = self.trouble.borrow().clone();
        if before.as_ref() != Some(&why) {
            dkvm_sdk::warn!("{source}: {why}");
            self.trouble.send_replace(Some(why));
        }
    }
}
