//! The target's drives.

mod configfs;
mod dummy;

pub use configfs::Configfs;
pub use dummy::Dummy;

use crate::core::error::StorageError;
use dkvm_wire::vocab::storage::{Access, Medium};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a drive did not do it.
#[derive(Debug, Error)]
pub enum DriveError {
    /// The target holds it locked.
    #[error("the target holds it locked")]
    Locked,
    /// Linux refused.
    #[error("{act}: {source}")]
    Io {
        /// What was done.
        act: String,
        /// What Linux said.
        source: io::Error,
    },
}

impl DriveError {
    /// As it is told, for that drive.
    pub fn of(self, lun: u32) -> StorageError {
        match self {
            Self::Locked => StorageError::Locked(lun),
            Self::Io { act, source } => StorageError::Io { act, source },
        }
    }
}

/// Whether a locked drive is opened all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Force {
    No,
    Yes,
}

impl From<bool> for Force {
    fn from(force: bool) -> Self {
        if force {
            Self::Yes
        } else {
            Self::No
        }
    }
}

/// Works drives, each by its number.
pub trait Drives {
    /// How many there are, counted from 0 without a gap.
    fn count(&self) -> u32;
    /// The file that is in it.
    fn look(&self, lun: u32) -> Result<Option<PathBuf>, DriveError>;
    /// Puts a file into a drive that is empty.
    fn insert(&mut self, lun: u32, file: &Path, how: (Medium, Access)) -> Result<(), DriveError>;
    /// Takes out what is in it.
    fn eject(&mut self, lun: u32, force: Force) -> Result<(), DriveError>;
}

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// Linux's mass storage function.
    Configfs(Configfs),
    /// No target.
    Dummy(Dummy),
}

impl Drives for Backend {
    fn count(&self) -> u32 {
        match self {
            Self::Configfs(drives) => drives.count(),
            Self::Dummy(drives) => drives.count(),
        }
    }

    fn look(&self, lun: u32) -> Result<Option<PathBuf>, DriveError> {
        match self {
            Self::Configfs(drives) => drives.look(lun),
            Self::Dummy(drives) => drives.look(lun),
        }
    }

    fn insert(&mut self, lun: u32, file: &Path, how: (Medium, Access)) -> Result<(), DriveError> {
        match self {
            Self::Configfs(drives) => drives.insert(lun, file, how),
            Self::Dummy(drives) => drives.insert(lun, file, how),
        }
    }

    fn eject(&mut self, lun: u32, force: Force) -> Result<(), DriveError> {
        match self {
            Self::Configfs(drives) => drives.eject(lun, force),
            Self::Dummy(drives) => drives.eject(lun, force),
        }
    }
}
