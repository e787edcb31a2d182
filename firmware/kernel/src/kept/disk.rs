use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Files looked at in a directory: far more than are ever ours.
const FILES: usize = 1024;
/// Largest file read: a text and what is said of it.
const LARGEST: u64 = 2 << 20;

/// One thing done to a disk. Power may be cut before and after each, and within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A directory, for root alone, unless it is there.
    MakeDir(PathBuf),
    /// A file anew, for root alone.
    Write(PathBuf, Vec<u8>),
    /// A file or directory is on the disk and no longer in memory alone.
    Sync(PathBuf),
    /// In place of what is there.
    Rename(PathBuf, PathBuf),
    /// Gone; it need not be there.
    Remove(PathBuf),
}

/// Where steps are done.
pub(crate) trait Disk {
    fn act(&mut self, step: &Step) -> io::Result<()>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Names in a directory.
    fn list(&self, dir: &Path) -> Vec<String>;
}

/// Linux's.
#[derive(Debug)]
pub(crate) struct Real;

impl Disk for Real {
    fn act(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::MakeDir(dir) => DirBuilder::new().recursive(true).mode(0o700).create(dir),
            Step::Write(path, bytes) => write(path, bytes),
            Step::Sync(path) => File::open(path)?.sync_all(),
            Step::Rename(from, to) => std::fs::rename(from, to),
            Step::Remove(path) => match std::fs::remove_file(path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            },
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let meta = std::fs::metadata(path)?;
        if !meta.is_file() || meta.len() > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        std::fs::read(path)
    }

    fn list(&self, dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().take(FILES);
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}
