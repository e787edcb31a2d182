//! Opening a pool's file as a device does: nothing of it is believed before it is checked.

use crate::map::{Access, Map};
use crate::{pool_path, Geometry, GeometryError};
use dkvm_wire::{service::layout, PoolId};
use rustix::fs::{flock, fstat, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a pool cannot be used.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error("cannot open the pool {path}: {source}")]
    Open { path: PathBuf, source: Errno },
    #[error("{path} is no pool: not a regular file")]
    NotAFile { path: PathBuf },
    #[error("{path} is no pool: {source}")]
    Geometry {
        path: PathBuf,
        source: GeometryError,
    },
    #[error("cannot read the header of the pool {path}: {source}")]
    Header {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the pool {path} is open for writing already: only one mapping may write")]
    InUse { path: PathBuf },
    #[error("cannot map the pool {path}: {source}")]
    Map {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// An open, checked and mapped pool file.
#[derive(Debug)]
pub(crate) struct Opened {
    pub file: File,
    pub geometry: Geometry,
    pub map: Map,
}

pub(crate) fn open(dir: &Path, pool: PoolId, access: Access) -> Result<Opened, OpenError> {
    let path = pool_path(dir, pool);
    let file = open_file(&path, access)?;
    let len = regular_len(&path, &file)?;
    let mut header = [0; layout::HEADER_LEN];
    if let Err(source) = file.read_exact_at(&mut header, 0) {
        return Err(OpenError::Header { path, source });
    }
    let geometry = Geometry::parse(&header, len).map_err(|source| OpenError::Geometry {
        path: path.clone(),
        source,
    })?;
    let map =
        map_file(&file, geometry, access).map_err(|source| OpenError::Map { path, source })?;
    Ok(Opened {
        file,
        geometry,
        map,
    })
}

fn open_file(path: &Path, access: Access) -> Result<File, OpenError> {
    let mode = match access {
        Access::Read => OFlags::RDONLY,
        Access::Write => OFlags::RDWR,
    };
    // NONBLOCK: a FIFO in the pool's place must not hold us up.
    let flags = mode | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let failed = |source| OpenError::Open {
        path: path.to_owned(),
        source,
    };
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
    if access == Access::Write {
        // The lock goes with the last descriptor; the producer keeps its file open for that.
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| OpenError::InUse {
            path: path.to_owned(),
        })?;
    }
    Ok(file.into())
}

fn regular_len(path: &Path, file: &File) -> Result<u64, OpenError> {
    let stat = fstat(file).map_err(|source| OpenError::Open {
        path: path.to_owned(),
        source,
    })?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(OpenError::NotAFile {
            path: path.to_owned(),
        });
    }
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

fn map_file(file: &File, geometry: Geometry, access: Access) -> std::io::Result<Map> {
    let len = usize::try_from(geometry.file_len()).map_err(std::io::Error::other)?;
    Map::new(file, len, access)
}
