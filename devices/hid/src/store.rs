//! The file `applied`, read once and written often.

use crate::{
    applied::{decode, encode, MAX_RECORD},
    core::Record,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Where the kernel says that the device may keep what survives its own death.
const RUN_DIR: &str = "DKVM_RUN_DIR";

/// The file; absent when there is no run directory. Then a death of this device may cost or double a key, and no more.
#[derive(Debug, Default)]
pub struct Store(Option<File>);

impl Store {
    /// Opens the file in the run directory, and reads what is in it.
    pub fn open() -> (Self, Record) {
        let Some(directory) = std::env::var_os(RUN_DIR).map(PathBuf::from) else {
            dkvm_sdk::debug!("{RUN_DIR} is not set: nothing is remembered beyond this process");
            return (Self::default(), Record::default());
        };
        Self::open_in(&directory).unwrap_or_else(|error| {
            let path = directory.join("applied");
            dkvm_sdk::warn!(
                "cannot use {}: {error}; a key may be typed twice if hid dies",
                path.display()
            );
            (Self::default(), Record::default())
        })
    }

    /// The same in a given directory.
    pub fn open_in(directory: &Path) -> io::Result<(Self, Record)> {
        let mut options = OpenOptions::new();
        let options = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let file = options.open(directory.join("applied"))?;
        let mut bytes = Vec::with_capacity(MAX_RECORD);
        (&file).take(MAX_RECORD as u64).read_to_end(&mut bytes)?;
        Ok((Self(Some(file)), decode(&bytes).unwrap_or_default()))
    }

    /// Writes a record over the last one. A file that fails once is not tried again.
    pub fn save(&mut self, record: &Record) {
        let Some(file) = &self.0 else { return };
        if let Err(error) = file.write_all_at(&encode(record), 0) {
            dkvm_sdk::warn!(
                "cannot write the file applied: {error}; a key may be typed twice if hid dies"
            );
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_by_the_next_life() {
        let directory = tempfile::tempdir().unwrap();
        let (mut store, record) = Store::open_in(directory.path()).unwrap();
        assert_eq!(record, Record::default());
        let record = Record {
            epoch: 8,
            holder: 9,
            ..Record::default()
        };
        store.save(&record);
        assert_eq!(Store::open_in(directory.path()).unwrap().1, record);
    }

    #[test]
    fn rubbish_in_the_file_is_a_fresh_start() {
        let directory = tempfile::tempdir().unwrap();
        for rubbish in [&b""[..], b"dKVMhid1", &[0xff; 9000]] {
            std::fs::write(directory.path().join("applied"), rubbish).unwrap();
            assert_eq!(
                Store::open_in(directory.path()).unwrap().1,
                Record::default()
            );
        }
    }
}
