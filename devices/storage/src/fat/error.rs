//! What is wrong with a drive, or with what is asked of it.

use super::MOST_BYTES;
use std::io;
use thiserror::Error;

/// Why it is not done. What the target wrote is shown escaped.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the sentences say it
pub enum FatError {
    #[error("it has no FAT file system at its beginning: files go onto drives that `dkvm storage drive` or the page made, or that the target formatted with FAT as a whole, without partitions")]
    NoFat,
    #[error("its file system is damaged ({0}): have the target check it, or make the drive anew")]
    Damaged(&'static str),
    #[error("there is no folder {0:?} on it")]
    NoFolder(String),
    #[error("there is no file {0:?} on it")]
    NoFile(String),
    #[error("{0:?} is a folder: the target can delete it")]
    Folder(String),
    #[error("there is {0:?} on it already: delete that first, or give the new file another name")]
    Exists(String),
    #[error("the file has {size} bytes, but only {free} are free on it: delete some files, or make a larger drive")]
    Full { size: u64, free: u64 },
    #[error("it has more than {} MiB, and a drive is copied when its files change: make a smaller one for files", MOST_BYTES >> 20)]
    TooLarge,
    #[error("writing to it failed ({0}): its folder is full, or its file system is damaged")]
    Written(io::Error),
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
}
