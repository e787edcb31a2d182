//! A drive with a file more or less: made as a copy, which takes the drive's place when it is whole.

use super::{clock::Clock, FatError, Tree, MOST_BYTES};
use fatfs::{FileSystem, FsOptions};
use rustix::{
    fs::{fallocate, FallocateFlags},
    io::Errno,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Copied in pieces; what is nothing but zeros is not written again.
const PIECE: usize = 1 << 20;
/// In FAT32's information sector: how many clusters are free, and where to look for one; all ones is "not known".
const INFO_FREE: u64 = 488;
const NOT_KNOWN: u32 = u32::MAX;

/// What is changed on a drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A file comes.
    Put {
        /// Its bytes.
        from: PathBuf,
        /// Folders that are there, the outermost first.
        folder: Vec<String>,
        /// Its name there.
        name: String,
    },
    /// A file goes.
    Remove {
        /// The folders that it is in.
        folder: Vec<String>,
        /// Its name.
        name: String,
    },
}

/// Makes `draft` the drive as it is after the change; on return it is on the card. May take minutes, and works alone.
pub fn change(drive: &Path, draft: &Path, change: &Change) -> Result<(), FatError> {
    let from = File::open(drive)?;
    let size = from.metadata()?.len();
    if size > MOST_BYTES {
        return Err(FatError::TooLarge);
    }
    let tree = Tree::open(&from)?;
    change.check(&tree)?;
    let copy = copy(&from, draft, (&tree, size))?;
    if let Some(at) = tree.geometry.info_at {
        // What the target said there need not be true, and is believed by who reads it.
        let clusters = tree.free() / tree.geometry.cluster;
        let counted = u32::try_from(clusters).unwrap_or(NOT_KNOWN);
        let info = [counted.to_le_bytes(), NOT_KNOWN.to_le_bytes()].concat();
        copy.write_all_at(&info, at + INFO_FREE)?;
    }
    apply(&copy, change).map_err(FatError::Written)?;
    copy.sync_all()?;
    Ok(())
}

impl Change {
    /// Whether it can be made on that drive.
    pub fn check(&self, tree: &Tree) -> Result<(), FatError> {
        match self {
            Self::Put { from, folder, name } => {
                let size = std::fs::metadata(from)?.len();
                tree.admit(&parts(folder), name, size)
            }
            Self::Remove { folder, name } => tree.file(&parts(folder), name).map(drop),
        }
    }
}

fn parts(folder: &[String]) -> Vec<&str> {
    folder.iter().map(String::as_str).collect()
}

/// All of its space is its own, as the drive's was: a target that writes to it never finds the card full. What is free on the drive
/// is zeros on the copy: less to copy, and `fatfs` does not clear a cluster that it adds to the root folder.
fn copy(from: &File, draft: &Path, (tree, size): (&Tree, u64)) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true);
    let file = file.open(draft)?;
    file.set_len(size)?;
    match fallocate(&file, FallocateFlags::empty(), 0, size) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut piece = vec![0; PIECE];
    for range in tree.used(size) {
        copy_range((from, &file), range, &mut piece)?;
    }
    Ok(file)
}

fn copy_range((from, to): (&File, &File), range: Range<u64>, piece: &mut [u8]) -> io::Result<()> {
    let mut at = range.start;
    while at < range.end {
        let most =
            usize::try_from(range.end - at).map_or(piece.len(), |left| left.min(piece.len()));
        let got = match from.read_at(&mut piece[..most], at)? {
            0 => return Err(io::Error::other("it became shorter meanwhile")),
            got => &piece[..got],
        };
        if got.iter().any(|byte| *byte != 0) {
            to.write_all_at(got, at)?;
        }
        at += got.len() as u64;
    }
    Ok(())
}

fn apply(copy: &File, change: &Change) -> io::Result<()> {
    let options = FsOptions::new().time_provider(&Clock);
    let system = FileSystem::new(copy.try_clone()?, options)?;
    let path = |folder: &[String], name: &str| {
        let parts = folder.iter().map(String::as_str).chain([name]);
        parts.collect::<Vec<_>>().join("/")
    };
    match change {
        Change::Put { from, folder, name } => {
            let mut from = File::open(from)?;
            let mut file = system.root_dir().create_file(&path(folder, name))?;
            pour(&mut from, &mut file)?;
            file.flush()?;
        }
        Change::Remove { folder, name } => system.root_dir().remove(&path(folder, name))?,
    }
    system.unmount()
}

fn pour(from: &mut File, to: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            got => to.write_all(&piece[..got])?,
        }
    }
}
