//! Pictures of another node's devices on their way to the kernel here: looked at, put in their order, and written into slots.

use super::{
    chain::{Came, Chain},
    intake::IntakeError,
};
use dkvm_sdk::{FramePool, PoolRequest, Sender};
use dkvm_wire::{
    decode_body,
    vocab::video::{AccessUnit, FrameInfo},
    Generation, Source,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::sync::OwnedSemaphorePermit;

/// No picture is larger: as h264 has it.
pub const LONGEST: usize = 3 * 1024 * 1024;
/// Slots that readers may hold, with one that is written: the largest of them fit a device's 16 MiB.
const SLOTS: u32 = 5;
/// Granted ahead: those that waited for one before them come at once.
const WINDOW: u32 = 4;
/// Smallest slot; larger ones are made when a picture does not fit.
const SLOT_MIN: usize = 256 * 1024;
/// Where there is no memory, it is asked for again after so long.
const MEMORY_AGAIN: Duration = Duration::from_secs(5);
/// Pixels of a side; more no encoder makes.
const SIDE_MOST: u32 = 16_384;
const FORMAT: &str = "H264";
/// What an access unit begins with (Annex B), with and without a zero before it.
const STARTS: [&[u8]; 2] = [&[0, 0, 1], &[0, 0, 0, 1]];

/// A picture that came.
#[derive(Debug)]
pub struct Print {
    /// The device, by its name here.
    pub source: String,
    /// Which life of it.
    pub generation: Generation,
    /// The topic.
    pub topic: &'static str,
    /// The event's body.
    pub body: Vec<u8>,
    /// The access unit.
    pub payload: Vec<u8>,
    /// Its share of what may be here at a time, also while it waits for one before it.
    pub room: Option<OwnedSemaphorePermit>,
}

impl Print {
    /// Where it stands in its chain, if it is what it says.
    pub fn unit(&self) -> Result<AccessUnit, IntakeError> {
        let unit = self.announced()?;
        if !STARTS.iter().any(|start| self.payload.starts_with(start)) {
            return Err(IntakeError::Picture(
                "its bytes are no access unit".to_owned(),
            ));
        }
        Ok(unit)
    }

    /// The same by its event alone.
    pub fn announced(&self) -> Result<AccessUnit, IntakeError> {
        let wrong = |what: String| IntakeError::Picture(what);
        let info: FrameInfo =
            decode_body(self.topic, &self.body).map_err(|error| wrong(error.to_string()))?;
        let side = |pixels: u32| (1..=SIDE_MOST).contains(&pixels);
        let unit = info
            .unit
            .ok_or_else(|| wrong("it has no number".to_owned()))?;
        if info.format != FORMAT {
            let format: String = info.format.chars().take(8).collect();
            return Err(wrong(format!("its format is {format:?}")));
        }
        if !side(info.width) || !side(info.height) {
            return Err(wrong(format!(
                "it has {} by {} pixels",
                info.width, info.height
            )));
        }
        Ok(unit)
    }
}

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
    /// A key frame.
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
    shelves: BTreeMap<String, Shelf>,
    /// Why there are no slots, as it was told last.
    told: String,
    /// When there was no memory.
    refused: Option<Instant>,
}

impl Album {
    /// Empty, without memory.
    pub const fn new(sender: Sender) -> Self {
        Self {
            sender,
            pool: None,
            shelves: BTreeMap::new(),
            told: String::new(),
            refused: None,
        }
    }

    /// Only these are read from now on: of others nothing is kept, and where there are none no memory.
    pub fn keep(&mut self, read: &BTreeSet<String>) {
        self.shelves.retain(|source, _| read.contains(source));
        if read.is_empty() {
            self.pool = None;
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
    pub fn needs(&self, source: &str) -> Needs {
        match self.shelves.get(source) {
            Some(shelf) if shelf.chain.needs_key() && self.is_refused() => Needs::Memory,
            Some(shelf) if shelf.chain.needs_key() => Needs::Key,
            _ => Needs::Nothing,
        }
    }

    fn is_refused(&self) -> bool {
        self.refused.is_some_and(|at| at.elapsed() < MEMORY_AGAIN)
    }

    fn shelf(&mut self, print: &Print) -> &mut Shelf {
        let shelf = self.shelves.entry(print.source.clone()).or_default();
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
        let source = print.source.clone();
        let Came::Show(in_turn) = self.shelf(&print).chain.came(unit, print) else {
            return Ok(Shown::NeedsKey);
        };
        for print in in_turn {
            if self.show(&print).await? == Shown::NeedsKey {
                if let Some(shelf) = self.shelves.get_mut(&source) {
                    shelf.chain.broke();
                }
                return Ok(Shown::NeedsKey);
            }
        }
        Ok(Shown::Well)
    }

    async fn show(&mut self, print: &Print) -> Result<Shown, IntakeError> {
        let length = print.payload.len();
        self.fit(length).await;
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
    async fn fit(&mut self, length: usize) {
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
                self.told.clear();
                self.refused = None;
            }
            Err(error) => {
                self.refused = Some(Instant::now());
                self.tell(error.to_string());
            }
        }
    }

    fn tell(&mut self, why: String) {
        if self.told != why {
            dkvm_sdk::warn!("pictures of other nodes are not shown: {why}");
            self.told = why;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{encode_body, topics};
    use proptest::prelude::*;

    fn info() -> FrameInfo {
        FrameInfo {
            width: 640,
            height: 480,
            format: FORMAT.to_owned(),
            unit: Some(AccessUnit {
                number: 7,
                key: true,
            }),
            ..FrameInfo::default()
        }
    }

    fn print(info: &FrameInfo, payload: &[u8]) -> Print {
        Print {
            source: "office/h264".to_owned(),
            generation: Generation(1),
            topic: topics::VIDEO_H264,
            body: encode_body(info),
            payload: payload.to_vec(),
            room: None,
        }
    }

    fn wrong(info: FrameInfo, payload: &[u8]) -> String {
        print(&info, payload).unit().unwrap_err().to_string()
    }

    #[test]
    fn a_picture_is_what_it_says_or_a_sentence() {
        let start = [0, 0, 0, 1, 0x65];
        assert_eq!(print(&info(), &start).unit().unwrap().number, 7);
        let unit = None;
        assert!(wrong(FrameInfo { unit, ..info() }, &start).contains("no number"));
        let format = "MJPG\x1b[2J".to_owned();
        assert!(wrong(FrameInfo { format, ..info() }, &start).contains("MJPG"));
        let (width, height) = (0, u32::MAX);
        assert!(wrong(FrameInfo { width, ..info() }, &start).contains("0 by 480"));
        assert!(wrong(FrameInfo { height, ..info() }, &start).contains("pixels"));
        assert!(wrong(info(), b"GIF89a").contains("no access unit"));
        assert!(wrong(info(), b"").contains("no access unit"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_picture_or_an_error(
            body in proptest::collection::vec(any::<u8>(), 0..200), payload in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let _ = Print { body, payload, ..print(&info(), b"") }.unit();
        }
    }
}
