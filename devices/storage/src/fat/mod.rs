//! Files on FAT drives. What the target wrote is foreign: [`tree`](Tree) reads it with every number checked, and `fatfs`, which
//! trusts what it reads, only gets what was found to be sound, and only a copy of the drive.

mod change;
mod clock;
mod error;
mod geometry;
mod name;
mod tree;

#[cfg(test)]
mod tests;

pub use change::{change, Change};
pub use error::FatError;
pub use name::{checked, folders, FileNameError};
pub use tree::{Entry, Kind, Tree};

use geometry::SECTOR;
use std::{fs::File, os::unix::fs::FileExt, path::Path};

/// Larger drives are listed, and left as they are: a change needs a second one beside it for the moment.
pub const MOST_BYTES: u64 = crate::library::MOST_MIB << 20;

/// Whether a file begins as a FAT file system does.
pub fn is_fat(path: &Path) -> bool {
    let mut boot = [0; SECTOR];
    let read = |file: File| {
        let size = file.metadata()?.len();
        file.read_exact_at(&mut boot, 0).map(|()| size)
    };
    match File::open(path).and_then(read) {
        Ok(size) => geometry::Geometry::parse(&boot, size).is_ok(),
        Err(_) => false,
    }
}
