use std::fs::{File, OpenOptions};
use std::io::{self, Write};

const PATH: &str = "/dev/watchdog";

/// The hardware watchdog: it resets the machine when it is not petted for some seconds.
pub(crate) struct Watchdog {
    file: File,
}

impl Watchdog {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new().write(true).open(PATH)?,
        })
    }

    /// One that cannot be petted resets the machine, which is what it is for.
    pub(crate) fn pet(&mut self) {
        let _ = self.file.write_all(b"\0");
    }
}

impl Drop for Watchdog {
    /// Disarms it: an orderly end is no hang.
    fn drop(&mut self) {
        let _ = self.file.write_all(b"V");
    }
}
