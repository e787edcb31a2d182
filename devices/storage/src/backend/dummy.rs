//! Drives without a target.

use super::{DriveError, Drives, Force};
use dkvm_wire::vocab::storage::{Access, Medium};
use std::path::{Path, PathBuf};

/// Remembers what was put in, until the process ends.
#[derive(Debug)]
pub struct Dummy {
    files: Vec<Option<PathBuf>>,
    /// Those that the target holds locked.
    locked: Vec<u32>,
}

impl Dummy {
    /// So many, all empty.
    pub fn new(count: u32) -> Self {
        Self {
            files: vec![None; count as usize],
            locked: Vec::new(),
        }
    }

    /// The target locks a drive, as Linux does when it mounts what is in it.
    pub fn lock(&mut self, lun: u32) {
        self.locked.push(lun);
    }

    fn place(&mut self, lun: u32) -> Option<&mut Option<PathBuf>> {
        self.files.get_mut(lun as usize)
    }
}

impl Drives for Dummy {
    fn count(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }

    fn look(&self, lun: u32) -> Result<Option<PathBuf>, DriveError> {
        Ok(self.files.get(lun as usize).cloned().flatten())
    }

    fn insert(&mut self, lun: u32, file: &Path, _: (Medium, Access)) -> Result<(), DriveError> {
        if let Some(place) = self.place(lun) {
            *place = Some(file.to_owned());
        }
        Ok(())
    }

    fn eject(&mut self, lun: u32, force: Force) -> Result<(), DriveError> {
        if force == Force::No && self.locked.contains(&lun) {
            return Err(DriveError::Locked);
        }
        self.locked.retain(|locked| *locked != lun);
        if let Some(place) = self.place(lun) {
            *place = None;
        }
        Ok(())
    }
}
