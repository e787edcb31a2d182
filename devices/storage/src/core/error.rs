//! Why something is not done, in sentences for the person who asked.

use super::{
    hash::Hash,
    kind::Unfit,
    name::{ImageName, NameError},
};
use crate::fat::{FatError, FileNameError};
use dkvm_wire::{vocab::storage::MAX_CHUNK, ErrorCode, WireError};
use std::io;
use thiserror::Error;

/// A refusal, or a failure.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the sentences say it
pub enum StorageError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    FileName(#[from] FileNameError),
    #[error("the file cannot be changed on {name}: {why}")]
    Fat { name: ImageName, why: FatError },
    #[error("{0} has a file put onto it or deleted from it just now: try again when that is done")]
    Changing(ImageName),
    #[error("{name} is in the target's drive {lun}: eject it there and here first, or have it taken out for the moment (--take-out), which the target sees as a change of its medium")]
    InTarget { name: ImageName, lun: u32 },
    #[error("a drive is copied when its files change: {name} has {size} bytes, but only {left} are free for a copy; delete some images")]
    NoCopy {
        name: ImageName,
        size: u64,
        left: u64,
    },
    #[error("{0} is empty (0 bytes): choose the image itself")]
    Empty(ImageName),
    #[error("the tag of an upload has at most 256 bytes")]
    Tag,
    #[error("a SHA-256 has 64 hexadecimal digits")]
    NoHash,
    #[error(
        "{name} has {size} bytes, but only {left} are free for images: delete some{unfinished}"
    )]
    NoSpace {
        name: ImageName,
        size: u64,
        left: u64,
        /// Nothing, or what uploads hold.
        unfinished: String,
    },
    #[error("what this node keeps is in memory only, because it has no card or its data partition does not mount: an image would take the memory that the node itself needs")]
    InMemory,
    #[error(
        "there is an image {0} already: delete or rename it, or give the new one another name"
    )]
    Exists(ImageName),
    #[error("there are {most} images already, the most that are kept: delete some")]
    TooManyImages { most: usize },
    #[error("{most} uploads wait to be finished already, the most that are kept: finish or cancel one of them")]
    TooManyUploads { most: usize },
    #[error("there is no image {0:?}")]
    NoImage(String),
    #[error("{name} is in drive {lun}: eject it first")]
    InDrive { name: ImageName, lun: u32 },
    #[error("there is no such upload: begin it again")]
    NoUpload,
    #[error("a chunk has 1 to {MAX_CHUNK} bytes, this one has {0}")]
    ChunkLength(usize),
    #[error("the next byte wanted is {wanted}, these are from {got} on: begin the upload again, it goes on where it stopped")]
    Offset { wanted: u64, got: u64 },
    #[error("the upload was to have {size} bytes, and more came: nothing of that chunk was taken")]
    TooLong { size: u64 },
    #[error("only {offset} of {size} bytes are there: send the rest first")]
    NotWhole { offset: u64, size: u64 },
    #[error("what came has the SHA-256 {got}, not {wanted} as was said: it is damaged, or another file, and was thrown away; upload it again")]
    OtherHash { wanted: Hash, got: Hash },
    #[error("{name} cannot be in that drive: {unfit}")]
    Unfit { name: ImageName, unfit: Unfit },
    #[error("there is no drive {lun}: there are {count}, counted from 0")]
    NoLun { lun: u32, count: u32 },
    #[error("the target has no USB drives now: {0}")]
    NoDrives(String),
    #[error("the target has locked drive {0}, because it uses it: eject it there first, or eject it by force, which may lose what the target has not written yet")]
    Locked(u32),
    #[error("a drive has {least} to {most} MiB, not {asked}")]
    DriveSize { least: u64, most: u64, asked: u64 },
    #[error("{act} failed: {source}")]
    Io { act: String, source: io::Error },
}

impl StorageError {
    /// For `map_err`, with what was being done.
    pub fn io(act: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let act = act.into();
        move |source| Self::Io { act, source }
    }

    /// As it travels.
    pub fn into_wire(self) -> WireError {
        let mut error = WireError::new(self.code(), self.to_string());
        match self {
            // Whoever begins it again is told where to go on; a change of a drive ends by itself.
            Self::Offset { .. } | Self::Changing(_) => error.retryable = true,
            // A person has to make room first.
            Self::NoSpace { .. }
            | Self::NoCopy { .. }
            | Self::Fat { .. }
            | Self::TooManyImages { .. }
            | Self::TooManyUploads { .. } => {
                error.retryable = false;
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                error.retryable = false;
            }
            _ => {}
        }
        error
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::Name(_)
            | Self::FileName(_)
            | Self::Empty(_)
            | Self::Tag
            | Self::NoHash
            | Self::ChunkLength(_) => ErrorCode::BadRequest,
            Self::TooLong { .. }
            | Self::OtherHash { .. }
            | Self::Unfit { .. }
            | Self::DriveSize { .. } => ErrorCode::BadRequest,
            Self::NoImage(_) | Self::NoUpload | Self::NoLun { .. } => ErrorCode::NotFound,
            Self::Exists(_)
            | Self::InMemory
            | Self::InDrive { .. }
            | Self::Offset { .. }
            | Self::NotWhole { .. }
            | Self::NoDrives(_)
            | Self::Changing(_)
            | Self::InTarget { .. }
            | Self::Locked(_) => ErrorCode::Conflict,
            Self::NoSpace { .. }
            | Self::NoCopy { .. }
            | Self::TooManyImages { .. }
            | Self::TooManyUploads { .. } => ErrorCode::Exhausted,
            Self::Fat { why, .. } => fat_code(why),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                ErrorCode::Exhausted
            }
            Self::Io { .. } => ErrorCode::Hardware,
        }
    }
}

fn fat_code(why: &FatError) -> ErrorCode {
    match why {
        FatError::NoFat | FatError::TooLarge | FatError::Damaged(_) | FatError::Folder(_) => {
            ErrorCode::BadRequest
        }
        FatError::NoFolder(_) | FatError::NoFile(_) => ErrorCode::NotFound,
        FatError::Exists(_) => ErrorCode::Conflict,
        FatError::Full { .. } => ErrorCode::Exhausted,
        FatError::Written(_) | FatError::Io(_) => ErrorCode::Hardware,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_card_does_not_pass_by_itself() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = StorageError::io("writing")(full).into_wire();
        assert_eq!((error.code, error.retryable), (ErrorCode::Exhausted, false));
    }
}
