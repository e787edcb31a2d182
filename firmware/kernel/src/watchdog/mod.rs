//! The hardware watchdog: it resets the machine when it is not petted for some seconds.

mod ioctl;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What a Pi's can do at most. init needs one to bring a kernel back that died, and that one some tenths more.
const TIMEOUT_S: u32 = 15;

/// One that runs. The process may die without a word: then it runs on, and the next kernel takes it over in time, or
/// the machine resets, which is what it is for.
#[derive(Debug)]
pub(crate) struct Watchdog {
    file: File,
}

impl Watchdog {
    /// Starts it, or takes it over. The second is the sentence about its time.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, String)> {
        let file = OpenOptions::new().write(true).open(path)?;
        let told = match ioctl::set_timeout(&file, TIMEOUT_S) {
            Ok(seconds) => format!("resets the machine when the router stands still for {seconds} s"),
            Err(e) => format!("resets the machine when the router stands still, after its own time, for it takes none ({e})"),
        };
        Ok((Self { file }, told))
    }

    /// One that cannot be petted resets the machine.
    pub(crate) fn pet(&mut self) {
        let _ = self.file.write_all(b"\0");
    }

    /// For an orderly end, after which nobody pets it. One that knows no way back says so in Linux's log.
    pub(crate) fn disarm(mut self) {
        let _ = self.file.write_all(b"V");
    }
}
