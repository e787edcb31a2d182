use crate::error::Error;
use rustix::fs::{flock, FlockOperation};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Held for as long as the kernel lives: one kernel per run directory.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(run_dir: &Path) -> Result<Self, Error> {
        let path = run_dir.join("kernel.lock");
        let opened = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path);
        let mut file = opened.map_err(|source| Error::MakeDir {
            path,
            key: "run_dir",
            source,
        })?;
        if !lock(&file) {
            return Err(already_running(&mut file, run_dir));
        }
        // The number is for people; the lock is what counts.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

/// A kernel that was killed while it started a device leaves the lock with that child, until it execs or dies.
fn lock(file: &File) -> bool {
    (0..TRIES).any(|n| {
        std::thread::sleep(if n == 0 { Duration::ZERO } else { PAUSE });
        flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}

fn already_running(file: &mut File, run_dir: &Path) -> Error {
    let mut pid = String::new();
    let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
    let pid = if known {
        pid.trim().to_owned()
    } else {
        "unknown".to_owned()
    };
    Error::AlreadyRunning {
        pid,
        run_dir: run_dir.to_owned(),
    }
}
