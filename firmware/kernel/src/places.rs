//! The kernel's own directories and its socket.

use crate::accounts::{Accounts, SHARED_GROUP};
use crate::config::KernelConfig;
use crate::error::Error;
use crate::memory::DirError;
use rustix::fs::{access, Access, Gid, Mode};
use std::io;
use std::path::Path;
use tokio::net::UnixListener;

/// What the configuration names is there, or is made, and can be written to where the kernel cannot do without.
pub(crate) fn make_dirs(kernel: &KernelConfig) -> Result<(), Error> {
    let open = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
    // Where devices have users of their own, they pass through it to theirs.
    let state = match rustix::process::geteuid().is_root() {
        true => open,
        false => Mode::RWXU,
    };
    make_dir(&kernel.run_dir, "run_dir", open)?;
    make_dir(&kernel.state_dir, "state_dir", state)?;
    let cannot = |path: &Path, source| DirError::Make {
        path: path.to_owned(),
        source,
    };
    access(&kernel.shm_dir, Access::WRITE_OK)
        .map_err(|e| Error::Shm(cannot(&kernel.shm_dir, e.into())))?;
    access(&kernel.run_dir, Access::WRITE_OK).map_err(|e| Error::MakeDir {
        path: kernel.run_dir.clone(),
        key: "run_dir",
        source: e.into(),
    })
}

fn make_dir(path: &Path, key: &'static str, mode: Mode) -> Result<(), Error> {
    let failed = |source: io::Error| Error::MakeDir {
        path: path.to_owned(),
        key,
        source,
    };
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(failed)?;
    rustix::fs::chmod(path, mode).map_err(|e| failed(e.into()))
}

/// The control socket.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, Error> {
    let failed = |source: io::Error| Error::Listen {
        path: path.to_owned(),
        source,
    };
    // The lock says that nobody else listens there.
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).map_err(failed)?;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP;
    rustix::fs::chmod(path, mode).map_err(|e| failed(e.into()))?;
    if let Some(gid) = Accounts::read()
        .group(SHARED_GROUP)
        .filter(|_| rustix::process::geteuid().is_root())
    {
        rustix::fs::chown(path, None, Some(Gid::from_raw(gid))).map_err(|e| failed(e.into()))?;
    }
    Ok(listener)
}
