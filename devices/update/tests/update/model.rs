//! A machine whose power can be cut: a card with an unordered write cache, and the files that are kept.

use super::disk::{place, SECTOR};
use dkvm_update::{
    backend::card::{Medium, Volume},
    core::{
        engine::{Fallback, Keep},
        error::BoardError,
        record::Record,
        upload::Upload,
    },
};
use std::{cell::RefCell, io, rc::Rc};

/// What happens when the steps are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Power is cut: of what was not flushed any part may be on the card.
    PowerCut,
    /// The device is killed: Linux still has all.
    Death,
}

/// What is wrong with a world, so that one sees that it would be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The card says that it has flushed, and has not.
    LyingCard,
    /// A record that something is whole stays when it is taken back.
    StubbornRecord,
}

/// All that outlives the device.
pub struct World {
    pub fault: Fault,
    pub platter: Vec<u8>,
    /// Sectors written and not flushed, oldest first.
    cache: Vec<(usize, [u8; SECTOR])>,
    pub record: Record,
    /// The kernel may start the other slot.
    pub fallback: bool,
    head: Option<Vec<u8>>,
    offset: u64,
    /// Steps until fate strikes.
    left: u64,
    pub steps: u64,
    random: u64,
    /// Counts starts of Linux.
    pub boots: u64,
}

pub type Shared = Rc<RefCell<World>>;

impl World {
    pub fn new(platter: Vec<u8>, left: u64, seed: u64) -> Shared {
        Rc::new(RefCell::new(Self {
            fault: Fault::None,
            platter,
            cache: Vec::new(),
            record: Record::default(),
            fallback: false,
            head: None,
            offset: 0,
            left,
            steps: 0,
            random: seed.wrapping_mul(2).wrapping_add(1),
            boots: 1,
        }))
    }

    fn coin(&mut self) -> bool {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random >> 63 == 1
    }

    fn step(&mut self) -> io::Result<()> {
        if self.left == 0 {
            return Err(io::Error::other("the lights are out"));
        }
        self.left -= 1;
        self.steps += 1;
        Ok(())
    }

    pub fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Fate has struck; from here on nothing more happens to it.
    pub fn strike(&mut self, fate: Fate) {
        self.left = u64::MAX;
        if fate == Fate::Death {
            return;
        }
        for (sector, bytes) in std::mem::take(&mut self.cache) {
            if self.coin() {
                self.platter[sector * SECTOR..][..SECTOR].copy_from_slice(&bytes);
            }
        }
        self.reboot();
    }

    /// An orderly restart: Linux flushes; what is in memory is gone.
    pub fn restart(&mut self) {
        self.flush_where(|_| true);
        self.reboot();
    }

    fn reboot(&mut self) {
        self.boots += 1;
        self.head = None;
        self.offset = 0;
    }

    fn flush_where(&mut self, which: impl Fn(usize) -> bool) {
        for (sector, bytes) in std::mem::take(&mut self.cache) {
            if which(sector) {
                self.platter[sector * SECTOR..][..SECTOR].copy_from_slice(&bytes);
            } else {
                self.cache.push((sector, bytes));
            }
        }
    }

    fn sector(&self, sector: usize) -> [u8; SECTOR] {
        let cached = self.cache.iter().rev().find(|(at, _)| *at == sector);
        cached.map_or_else(
            || {
                self.platter[sector * SECTOR..][..SECTOR]
                    .try_into()
                    .unwrap()
            },
            |(_, bytes)| *bytes,
        )
    }

    /// What Linux sees now.
    pub fn disk(&self) -> Vec<u8> {
        let mut disk = self.platter.clone();
        for (sector, bytes) in &self.cache {
            disk[sector * SECTOR..][..SECTOR].copy_from_slice(bytes);
        }
        disk
    }

    pub fn upload(&self) -> Option<Upload> {
        let head = dkvm_bundle::Head::parse(self.head.as_ref()?).unwrap();
        Upload::at(head, self.offset)
    }
}

/// The card of a world.
pub struct Drive(pub Shared);

impl Medium for Drive {
    fn size(&self, volume: Volume) -> io::Result<u64> {
        Ok(place(volume).1 as u64)
    }

    fn read(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let world = self.0.borrow();
        if world.is_over() {
            return Err(io::Error::other("the lights are out"));
        }
        let (mut at, mut rest) = (place(volume).0 + at as usize, buffer);
        while !rest.is_empty() {
            let here = rest.len().min(SECTOR - at % SECTOR);
            rest[..here].copy_from_slice(&world.sector(at / SECTOR)[at % SECTOR..][..here]);
            (at, rest) = (at + here, &mut rest[here..]);
        }
        Ok(())
    }

    fn write(&mut self, volume: Volume, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        let (start, size) = place(volume);
        assert!(at as usize + bytes.len() <= size, "{volume:?} is left");
        let mut rest = bytes;
        let mut at = start + at as usize;
        while !rest.is_empty() {
            world.step()?;
            let here = rest.len().min(SECTOR - at % SECTOR);
            let mut sector = world.sector(at / SECTOR);
            sector[at % SECTOR..][..here].copy_from_slice(&rest[..here]);
            world.cache.push((at / SECTOR, sector));
            (at, rest) = (at + here, &rest[here..]);
        }
        Ok(())
    }

    fn flush(&mut self, volume: Volume) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.step()?;
        if world.fault == Fault::LyingCard {
            return Ok(());
        }
        let (start, size) = place(volume);
        // Nothing is said of the other volumes.
        world.flush_where(|sector| (start..start + size).contains(&(sector * SECTOR)));
        Ok(())
    }
}

/// The files of a world.
pub struct Files(pub Shared);

impl Keep for Files {
    fn save(&mut self, record: &Record) -> Result<(), BoardError> {
        let mut world = self.0.borrow_mut();
        let done = world.step();
        // Cut in the middle, the old file is there or the new one.
        let takes_back = record.b.is_none() && world.record.b.is_some();
        let ignored = takes_back && world.fault == Fault::StubbornRecord;
        if !ignored && (done.is_ok() || world.coin()) {
            world.record = record.clone();
        }
        done.map_err(BoardError::io("saving"))
    }

    fn set_fallback(&mut self, fallback: Fallback) -> Result<(), BoardError> {
        let mut world = self.0.borrow_mut();
        let done = world.step();
        if done.is_ok() || world.coin() {
            world.fallback = fallback == Fallback::There;
        }
        done.map_err(BoardError::io("saving"))
    }

    fn save_upload(&mut self, head: Option<&[u8]>) {
        let mut world = self.0.borrow_mut();
        if world.step().is_ok() {
            world.head = head.map(<[u8]>::to_vec);
        }
    }

    fn save_offset(&mut self, offset: u64) {
        let mut world = self.0.borrow_mut();
        if world.step().is_ok() {
            world.offset = offset;
        }
    }
}
