//! The terminal, as raw bytes, never waited for.

use crate::core::history::CHUNK;
use rustix::{
    event::{poll, PollFd, PollFlags, Timespec},
    fs::OFlags,
    termios::{tcgetattr, tcsetattr, OptionalActions},
};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use tokio::io::{unix::AsyncFd, Interest};

/// An open port.
#[derive(Debug)]
pub struct Port(AsyncFd<File>);

/// What came from the port.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// It said this.
    Bytes(Vec<u8>),
    /// The other side is gone: Linux hung up.
    HungUp,
}

/// Opens the terminal. It can wait for seconds, where another process lets go of it at that moment: not for the loop.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    // At once: as Linux gives it, it sends back to the target what the target says.
    let mut settings = tcgetattr(&file)?;
    settings.make_raw();
    tcsetattr(&file, OptionalActions::Now, &settings)?;
    Ok(file)
}

impl Port {
    /// Watches an open terminal.
    pub fn new(file: File) -> io::Result<Self> {
        // Deprecated for descriptors that may change under it, which a `File` does not; its successor is unsafe.
        #[allow(deprecated)]
        AsyncFd::with_interest(file, Interest::READABLE).map(Self)
    }

    /// The next that the target says, at most a chunk of it. Cancel-safe: what was read is given at once.
    pub async fn hear(&self) -> io::Result<Heard> {
        let mut buffer = [0; CHUNK];
        loop {
            let mut guard = self.0.readable().await?;
            // Whether there is more only Linux knows: readiness is asked for anew when it says that there is none.
            let Ok(read) = guard.try_io(|file| file.get_ref().read(&mut buffer)) else {
                continue;
            };
            match read {
                Ok(0) => return Ok(Heard::HungUp),
                Ok(count) => return Ok(Heard::Bytes(buffer[..count].to_vec())),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether Linux would take some bytes, of which few wait there.
    pub fn takes(&self) -> bool {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut fds = [PollFd::new(self.0.get_ref(), PollFlags::OUT)];
        let polled = poll(&mut fds, Some(&now));
        polled.is_ok() && fds[0].revents().contains(PollFlags::OUT)
    }

    /// Writes; how many bytes Linux took.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.get_ref().write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// The terminal itself, to be closed elsewhere: that can take seconds too.
    pub fn into_file(self) -> File {
        self.0.into_inner()
    }
}
