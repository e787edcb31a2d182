//! The kernel's side of a pool: its file.

use crate::{pool_path, Geometry};
use dkvm_wire::PoolId;
use rustix::fs::{
    fallocate, fchmod, fchown, statvfs, unlink, FallocateFlags, Gid, Mode, OFlags, Uid,
};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The producer writes, the group of the devices reads, nobody else sees.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);
const MIB: u64 = 1024 * 1024;

/// Whose a pool's file is: the producer's uid, and the group that all devices are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// Why there is no pool file.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum CreateError {
    #[error(
        "cannot make the pool file {path}: {source}; the directory must exist and be writable for the kernel"
    )]
    Open { path: PathBuf, source: Errno },
    #[error(
        "{dir} is full: a pool needs {} MiB and {} MiB are free; lower `slots`, remove what fills it, or mount it larger \
         (mount -o remount,size=256M {dir})",
        asked.div_ceil(MIB), free / MIB
    )]
    Full { dir: PathBuf, asked: u64, free: u64 },
    #[error("cannot set aside {} MiB for {path}: {source}", asked.div_ceil(MIB))]
    Allocate {
        path: PathBuf,
        asked: u64,
        source: Errno,
    },
    #[error("cannot give {path} to user {uid}, group {gid}: {source}; a kernel that is not root cannot have devices with a `user`")]
    Chown {
        path: PathBuf,
        uid: u32,
        gid: u32,
        source: Errno,
    },
    #[error("cannot write the header of {path}: {source}")]
    Header {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// A pool's file as the kernel holds it. It is never mapped here. Dropping it gives its memory back and unlinks it.
#[derive(Debug)]
pub struct PoolFile {
    path: PathBuf,
    file: File,
    geometry: Geometry,
}

impl PoolFile {
    /// Makes the file with all of its memory set aside, so that a full file system is an error here and not a
    /// SIGBUS later. `owner` is `None` where the kernel's own user is the devices' too, as in tests.
    pub fn create(
        dir: &Path,
        pool: PoolId,
        geometry: Geometry,
        owner: Option<Owner>,
    ) -> Result<Self, CreateError> {
        let path = pool_path(dir, pool);
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&path, flags, MODE).map_err(|source| CreateError::Open {
            path: path.clone(),
            source,
        })?;
        // From here on a failure drops `made`, which unlinks.
        let made = Self {
            path,
            file: file.into(),
            geometry,
        };
        made.allocate(dir)?;
        made.write_header()?;
        made.hand_over(owner)?;
        Ok(made)
    }

    fn allocate(&self, dir: &Path) -> Result<(), CreateError> {
        let asked = self.geometry.file_len();
        match fallocate(&self.file, FallocateFlags::empty(), 0, asked) {
            Ok(()) => Ok(()),
            Err(Errno::NOSPC) => Err(CreateError::Full {
                dir: dir.to_owned(),
                asked,
                free: free_bytes(dir),
            }),
            Err(source) => Err(CreateError::Allocate {
                path: self.path.clone(),
                asked,
                source,
            }),
        }
    }

    fn write_header(&self) -> Result<(), CreateError> {
        self.file
            .write_all_at(&self.geometry.header(), 0)
            .map_err(|source| CreateError::Header {
                path: self.path.clone(),
                source,
            })
    }

    /// Last, so that nobody else opens a file without a header. The mode is set again because of the umask.
    fn hand_over(&self, owner: Option<Owner>) -> Result<(), CreateError> {
        let (uid, gid) = owner.map_or((0, 0), |o| (o.uid, o.gid));
        let failed = |source| CreateError::Chown {
            path: self.path.clone(),
            uid,
            gid,
            source,
        };
        fchmod(&self.file, MODE).map_err(failed)?;
        if owner.is_some() {
            fchown(
                &self.file,
                Some(Uid::from_raw(uid)),
                Some(Gid::from_raw(gid)),
            )
            .map_err(failed)?;
        }
        Ok(())
    }

    /// Its geometry.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Its place.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PoolFile {
    /// The memory goes at once even while somebody still has the file mapped: the hole reads as zeros, which is no
    /// slot header, and there is no SIGBUS as there would be after cutting the file short.
    fn drop(&mut self) {
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let _ = unlink(&self.path);
        let _ = fallocate(&self.file, hole, 0, self.geometry.file_len());
    }
}

fn free_bytes(dir: &Path) -> u64 {
    statvfs(dir).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}
