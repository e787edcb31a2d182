//! A card as `docs/design.md`, "The card", lays it out, on whatever can be read and written in sectors.

use super::Board;
use crate::core::error::BoardError;
use dkvm_bundle::PartName;
use dkvm_card::{
    autoboot, boot_partition, root_partition, FatError, Sector, SelectLayout, Table, SECTOR,
    SELECT, TYPE_FRESH,
};
use dkvm_wire::service::Slot;
use std::io;

const SECTOR_BYTES: u64 = SECTOR as u64;

/// A part of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Volume {
    /// All of it.
    Whole,
    /// p1, where `autoboot.txt` is.
    Select,
    /// A slot's partition.
    Part(Slot, PartName),
}

impl Volume {
    /// The partition's number.
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Whole => None,
            Self::Select => Some(SELECT),
            Self::Part(slot, PartName::Boot) => Some(boot_partition(slot)),
            Self::Part(slot, PartName::Root) => Some(root_partition(slot)),
        }
    }
}

/// What a card is on.
pub trait Medium {
    /// Bytes of a volume.
    fn size(&self, volume: Volume) -> io::Result<u64>;
    /// Reads exactly so many bytes.
    fn read(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes; lasting after the next flush only.
    fn write(&mut self, volume: Volume, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// All that was written to a volume is lasting, and is read from the card again.
    fn flush(&mut self, volume: Volume) -> io::Result<()>;
}

/// The card.
#[derive(Debug)]
pub struct Card<M>(pub M);

impl<M: Medium> Card<M> {
    fn sector(&self, volume: Volume, sector: u64) -> Result<Sector, BoardError> {
        let mut bytes = [0; SECTOR];
        self.fetch(volume, sector * SECTOR_BYTES, &mut bytes)?;
        Ok(bytes)
    }

    fn fetch(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> Result<(), BoardError> {
        let result = self.0.read(volume, at, buffer);
        result.map_err(BoardError::io(format!("reading {}", name_of(volume))))
    }

    /// One sector, lasting and read back.
    fn put(&mut self, volume: Volume, at: u64, sector: &Sector) -> Result<(), BoardError> {
        let act = format!("writing one sector of {}", name_of(volume));
        let written = self.0.write(volume, at, sector);
        written
            .and_then(|()| self.0.flush(volume))
            .map_err(BoardError::io(act.clone()))?;
        let mut back = [0; SECTOR];
        self.fetch(volume, at, &mut back)?;
        let differs = || io::Error::other("it reads back otherwise");
        (back == *sector)
            .then_some(())
            .ok_or_else(differs)
            .map_err(BoardError::io(act))
    }

    /// Where `autoboot.txt` is on p1.
    fn autoboot(&self) -> Result<u64, BoardError> {
        let layout = SelectLayout::parse(&self.sector(Volume::Select, 0)?)?;
        let mut root = vec![0; layout.root_length];
        self.fetch(Volume::Select, layout.root, &mut root)?;
        Ok(layout.find_autoboot(&root)?)
    }
}

impl<M: Medium> Board for Card<M> {
    fn room(&self, slot: Slot, part: PartName) -> Result<u64, BoardError> {
        let volume = Volume::Part(slot, part);
        let size = self.0.size(volume);
        size.map_err(BoardError::io(format!("opening {}", name_of(volume))))
    }

    fn write(
        &mut self,
        slot: Slot,
        part: PartName,
        at: u64,
        bytes: &[u8],
    ) -> Result<(), BoardError> {
        let volume = Volume::Part(slot, part);
        let written = self.0.write(volume, at, bytes);
        written.map_err(BoardError::io(format!("writing {}", name_of(volume))))
    }

    fn sync(&mut self, slot: Slot) -> Result<(), BoardError> {
        for part in [PartName::Boot, PartName::Root] {
            let volume = Volume::Part(slot, part);
            let flushed = self.0.flush(volume);
            flushed.map_err(BoardError::io(format!("writing {}", name_of(volume))))?;
        }
        Ok(())
    }

    fn read(
        &self,
        slot: Slot,
        part: PartName,
        at: u64,
        buffer: &mut [u8],
    ) -> Result<(), BoardError> {
        self.fetch(Volume::Part(slot, part), at, buffer)
    }

    fn committed(&self) -> Result<Slot, BoardError> {
        let mut text = [0; SECTOR];
        self.fetch(Volume::Select, self.autoboot()?, &mut text)?;
        let slot = std::str::from_utf8(&text)
            .ok()
            .and_then(autoboot::committed);
        slot.ok_or(BoardError::Autoboot("names no slot"))
    }

    fn commit(&mut self, slot: Slot) -> Result<(), BoardError> {
        let at = self.autoboot()?;
        // What is not a whole sector is written as two by some cards.
        if at % SECTOR_BYTES != 0 {
            return Err(FatError::NotFat16.into());
        }
        self.put(Volume::Select, at, &autoboot::render(slot))
    }

    fn forget_data(&mut self) -> Result<(), BoardError> {
        let table = Table::read(|lba| self.sector(Volume::Whole, lba))?;
        let write = table.with_data_type(TYPE_FRESH);
        self.put(Volume::Whole, write.lba * SECTOR_BYTES, &write.bytes)
    }
}

/// As messages call it.
fn name_of(volume: Volume) -> String {
    match volume.number() {
        None => "the card's partition table".to_owned(),
        Some(number) => format!("the card's partition {number}"),
    }
}
