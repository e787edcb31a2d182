//! The card as Linux has it: which disk it is, its sectors, and what a first boot or a factory reset does to them.

use super::blkpg;
use dkvm_card::{
    grow, node, Extent, Growth, Sector, SectorWrite, Table, TableError, DATA, ROOTS, SECTOR,
    TYPE_FRESH, TYPE_LINUX,
};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What went wrong with the card.
#[derive(Debug, Error)]
pub enum CardError {
    /// Its device cannot be opened.
    #[error("opening the card {path} failed: {source}")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A sector cannot be read.
    #[error("reading sector {lba} of the card failed: {source}; if that happens again, use another card")]
    Read {
        /// Which.
        lba: u64,
        /// Why.
        source: io::Error,
    },
    /// The table is bad.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A sector cannot be written.
    #[error("writing sector {lba} of the card failed: {source}; if it is write-protected or worn out, use another card")]
    Write {
        /// Which.
        lba: u64,
        /// Why.
        source: io::Error,
    },
    /// Linux keeps the old size.
    #[error("telling Linux of the data partition's size failed: {0}; it knows it after a restart")]
    Tell(io::Error),
}

/// A card by the names of its devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `/dev/mmcblk0`
    pub disk: PathBuf,
    /// The partition that the root is on.
    pub root: u32,
}

impl Card {
    /// The device of a partition: `/dev/mmcblk0p7`, `/dev/sda7`.
    pub fn partition(&self, number: u32) -> PathBuf {
        node(&self.disk, number)
    }
}

/// The card that the root is on; `None` where it is not on the root partition of a card.
pub fn find() -> Option<Card> {
    let device = fs::metadata("/").ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let place = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    let root: u32 = fs::read_to_string(place.join("partition"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let disk = place.parent()?.file_name()?;
    ROOTS.contains(&root).then(|| Card {
        disk: Path::new("/dev").join(disk),
        root,
    })
}

/// What became of the table before the data partition is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// It is in use: mount it.
    InUse,
    /// It is as large as it can be and empty: make a file system of so many sectors, then sign it.
    Empty {
        /// Its size.
        sectors: u64,
    },
}

/// Grows a fresh data partition as far as the card goes, and tells Linux.
pub fn settle(disk: &Path) -> Result<Settled, CardError> {
    let device = Disk::open(disk)?;
    let table = device.table()?;
    let Growth::Fresh { writes, data } = grow(&table, device.sectors) else {
        return Ok(Settled::InUse);
    };
    for write in &writes {
        device.write(write)?;
    }
    device.tell(data)?;
    Ok(Settled::Empty {
        sectors: data.sectors,
    })
}

/// The data partition has a file system now.
pub fn sign_formatted(disk: &Path) -> Result<(), CardError> {
    set_type(disk, TYPE_LINUX).map(drop)
}

/// Factory reset: the next boot finds the data partition fresh. The table is all that is written. Says whether it was
/// in use before.
pub fn request_reset(disk: &Path) -> Result<bool, CardError> {
    set_type(disk, TYPE_FRESH)
}

fn set_type(disk: &Path, kind: u8) -> Result<bool, CardError> {
    let device = Disk::open(disk)?;
    let table = device.table()?;
    let changes = table.data_type() != kind;
    if changes {
        device.write(&table.with_data_type(kind))?;
    }
    Ok(changes)
}

#[derive(Debug)]
struct Disk {
    path: PathBuf,
    file: File,
    sectors: u64,
}

impl Disk {
    fn open(path: &Path) -> Result<Self, CardError> {
        let failed = |source| CardError::Open {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let bytes =
            rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0)).map_err(|e| failed(e.into()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            sectors: bytes / SECTOR as u64,
        })
    }

    fn table(&self) -> Result<Table, CardError> {
        Table::read(|lba| {
            let mut sector: Sector = [0; SECTOR];
            let read = self.file.read_exact_at(&mut sector, lba * SECTOR as u64);
            read.map(|()| sector)
                .map_err(|source| CardError::Read { lba, source })
        })
    }

    /// One sector, and it is on the card when this returns. Opened for writing only here: a card that is
    /// write-protected can still be read.
    fn write(&self, write: &SectorWrite) -> Result<(), CardError> {
        let file = OpenOptions::new().write(true).open(&self.path);
        let written = file.and_then(|file| {
            file.write_all_at(&write.bytes, write.lba * SECTOR as u64)?;
            file.sync_all()
        });
        written.map_err(|source| CardError::Write {
            lba: write.lba,
            source,
        })
    }

    fn tell(&self, data: Extent) -> Result<(), CardError> {
        let is_disk = self.file.metadata().is_ok_and(|m| {
            rustix::fs::FileType::from_raw_mode(m.mode()) == rustix::fs::FileType::BlockDevice
        });
        match is_disk {
            true => blkpg::resize(&self.file, DATA, data).map_err(CardError::Tell),
            // an image file has nobody to tell
            false => Ok(()),
        }
    }
}
