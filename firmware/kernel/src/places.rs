//! The kernel's own directories and its socket.

use crate::accounts::{Accounts, SHARED_GROUP};
use crate::error::Error;
use rustix::fs::{Gid, Mode};
use std::io;
use std::path::Path;
use tokio::net::UnixListener;

/// Open to pass through for devices, which have their directories in it.
pub(crate) fn make_dir(path: &Path, key: &'static str) -> Result<(), Error> {
    let failed = |source: io::Error| Error::MakeDir {
        path: path.to_owned(),
        key,
        source,
    };
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(failed)?;
    let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
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
