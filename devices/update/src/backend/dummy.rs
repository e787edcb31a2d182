//! A card in a file, for machines without one: tests, and people who write devices.

use super::card::{Medium, Volume};
use dkvm_card::{Table, SECTOR};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// The file, and its partitions found by its own table.
#[derive(Debug)]
pub struct Dummy(File);

impl Dummy {
    /// Opens a card image as `board/card.sh` makes it.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map(Self)
    }

    fn place(&self, volume: Volume) -> io::Result<(u64, u64)> {
        let Some(number) = volume.number() else {
            return Ok((0, self.0.metadata()?.len()));
        };
        let extent = self.table()?.partition(number);
        let extent = extent.ok_or_else(|| io::Error::other("there is no such partition"))?;
        let sector = SECTOR as u64;
        Ok((extent.start * sector, extent.sectors * sector))
    }

    fn table(&self) -> io::Result<Table> {
        Table::read(|lba| {
            let mut bytes = [0; SECTOR];
            self.0.read_exact_at(&mut bytes, lba * SECTOR as u64)?;
            Ok(bytes)
        })
    }

    fn inside(&self, volume: Volume, at: u64, length: usize) -> io::Result<u64> {
        let (start, size) = self.place(volume)?;
        let fits = at.checked_add(length as u64).is_some_and(|end| end <= size);
        fits.then_some(start + at)
            .ok_or_else(|| io::Error::other("beyond the partition's end"))
    }
}

impl Medium for Dummy {
    fn size(&self, volume: Volume) -> io::Result<u64> {
        Ok(self.place(volume)?.1)
    }

    fn read(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let at = self.inside(volume, at, buffer.len())?;
        self.0.read_exact_at(buffer, at)
    }

    fn write(&mut self, volume: Volume, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = self.inside(volume, at, bytes.len())?;
        self.0.write_all_at(bytes, at)
    }

    fn flush(&mut self, _: Volume) -> io::Result<()> {
        self.0.sync_data()
    }
}
