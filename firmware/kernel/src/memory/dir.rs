//! This kernel's directory in shared memory, and what dead kernels left there.

use rustix::fs::{flock, fstat, stat, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

const PREFIX: &str = "dkvm-";
/// Held locked for as long as the kernel lives.
const LOCK: &str = "lock";
/// Another kernel that starts at the same moment may take our new directory for a dead one's, before it is locked.
const TRIES: usize = 8;
/// It has swept by then.
const PAUSE: Duration = Duration::from_millis(10);
const MODE: Mode = Mode::RWXU.union(Mode::XGRP).union(Mode::XOTH);

/// Why a kernel has no shared memory.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum DirError {
    #[error("cannot make {path}: {source}; `shm_dir` in [kernel] must name a directory on tmpfs that the kernel may write to")]
    Make {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot lock {path}: {source}; is another kernel running with the same `boot` id?")]
    Lock { path: PathBuf, source: Errno },
    #[error(
        "cannot list {path}: {source}; `shm_dir` in [kernel] must name a directory that exists"
    )]
    List {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// The directory `dkvm-<boot>`, with a lock that tells other kernels that this one lives. Dropping it removes it.
#[derive(Debug)]
pub struct ShmDir {
    path: PathBuf,
    _lock: File,
}

impl ShmDir {
    /// Makes `dkvm-<boot>` in `parent` (`/dev/shm`, or what the configuration says).
    pub fn create(parent: &Path, boot: &str) -> Result<Self, DirError> {
        let path = parent.join(format!("{PREFIX}{boot}"));
        for _ in 0..TRIES {
            if let Some(lock) = try_create(&path)? {
                return Ok(Self { path, _lock: lock });
            }
            std::thread::sleep(PAUSE);
        }
        Err(DirError::Lock {
            path,
            source: Errno::WOULDBLOCK,
        })
    }

    /// Its place.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ShmDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// `None`: another kernel is sweeping the directory away, or one with this name lives.
fn try_create(path: &Path) -> Result<Option<File>, DirError> {
    // Devices of other users pass through it by name; only the kernel lists it or makes files in it.
    match rustix::fs::mkdir(path, MODE) {
        Err(Errno::EXIST) => return Ok(None),
        Err(source) => {
            return Err(DirError::Make {
                path: path.to_owned(),
                source: source.into(),
            })
        }
        Ok(()) => {}
    }
    match lock_in(path) {
        Err(Errno::WOULDBLOCK) | Ok(None) => Ok(None),
        Err(source) => Err(DirError::Lock {
            path: path.to_owned(),
            source,
        }),
        Ok(Some(lock)) => {
            // Again, because of the umask.
            let _ = rustix::fs::chmod(path, MODE);
            Ok(Some(lock))
        }
    }
}

/// Locks a directory's lock file. `None`: the directory or the file went meanwhile.
fn lock_in(dir: &Path) -> Result<Option<File>, Errno> {
    let path = dir.join(LOCK);
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR) {
        Err(Errno::NOENT) => return Ok(None),
        other => other?,
    };
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let ours = fstat(&file)?;
    let there =
        stat(&path).is_ok_and(|there| there.st_ino == ours.st_ino && there.st_dev == ours.st_dev);
    Ok(there.then(|| file.into()))
}

/// Removes what kernels that no longer live left in `parent`, and says what. A directory whose lock is held is a
/// living kernel's; one that cannot be locked or removed (another user's) is left alone.
pub fn remove_stale(parent: &Path) -> Result<Vec<PathBuf>, DirError> {
    let failed = |source| DirError::List {
        path: parent.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(parent).map_err(failed)?;
    let ours = entries
        .filter_map(Result::ok)
        .filter(is_ours)
        .map(|entry| entry.path());
    Ok(ours.filter(|path| remove_if_dead(path)).collect())
}

fn is_ours(entry: &std::fs::DirEntry) -> bool {
    let named = entry
        .file_name()
        .to_str()
        .is_some_and(|name| name.starts_with(PREFIX));
    // Not through symbolic links: `file_type` does not follow them.
    named && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn remove_if_dead(path: &Path) -> bool {
    let Ok(Some(_lock)) = lock_in(path) else {
        return false;
    };
    std::fs::remove_dir_all(path).is_ok()
}
