//! The files: `slots.json` in the state directory, which outlives the machine's restarts, and `upload.head`, `upload.offset` in the run
//! directory, which outlive this process.

use crate::core::{
    engine::{Fallback, Keep},
    error::BoardError,
    record::Record,
    upload::Upload,
};
use dkvm_bundle::{Head, MAX_HEAD};
use dkvm_sdk::files::{read, replace, sync_folder};
use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

/// Where the state is when the kernel does not say it.
const DEFAULT_STATE: &str = "/var/lib/dkvm/update";

const RECORD: &str = "slots.json";
/// The kernel looks for it: firmware/kernel/src/health/slots.rs.
const FALLBACK: &str = "fallback";
const HEAD: &str = "upload.head";
const OFFSET: &str = "upload.offset";
/// A record is some 500 bytes; a reason may be long.
const MAX_RECORD: u64 = 64 * 1024;

/// The two directories.
#[derive(Debug, Clone)]
pub struct Folders {
    /// On the card.
    pub state: PathBuf,
    /// In memory; without it an upload begins anew when this process dies.
    pub run: Option<PathBuf>,
}

impl Folders {
    /// From the environment that the kernel sets.
    pub fn from_env() -> Self {
        Self {
            state: dkvm_sdk::state_dir().unwrap_or_else(|| DEFAULT_STATE.into()),
            run: dkvm_sdk::run_dir(),
        }
    }

    /// What was kept. A record that cannot be read is told and counts as none: then only the running slot is known.
    pub fn load(&self) -> (Record, Option<Upload>) {
        let path = self.state.join(RECORD);
        let record = match read(&path, MAX_RECORD) {
            Ok(Some(bytes)) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                dkvm_sdk::warn!("{} is damaged ({error}): what the slots hold is not known but for the running one", path.display());
                Record::default()
            }),
            Ok(None) => Record::default(),
            Err(error) => {
                dkvm_sdk::warn!("cannot read {}: {error}; what the slots hold is not known but for the running one", path.display());
                Record::default()
            }
        };
        (record, self.load_upload())
    }

    fn load_upload(&self) -> Option<Upload> {
        let run = self.run.as_ref()?;
        let head = read(&run.join(HEAD), MAX_HEAD as u64).ok()??;
        let offset = read(&run.join(OFFSET), 32).ok()??;
        let offset = std::str::from_utf8(&offset).ok()?.trim().parse().ok()?;
        Upload::at(Head::parse(&head).ok()?, offset)
    }

    fn write_run(&self, name: &str, bytes: &[u8]) {
        let Some(run) = &self.run else { return };
        let fresh = run.join("upload.new");
        let written = fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, run.join(name)));
        if let Err(error) = written {
            dkvm_sdk::warn!(
                "cannot write {name} in {}: {error}; an upload begins anew if this device dies",
                run.display()
            );
        }
    }
}

impl Keep for Folders {
    fn save(&mut self, record: &Record) -> Result<(), BoardError> {
        let path = self.state.join(RECORD);
        let act = format!("writing {}", path.display());
        let bytes = serde_json::to_vec_pretty(record).map_err(io::Error::other);
        bytes
            .and_then(|bytes| match read(&path, MAX_RECORD) {
                // A start of the machine that changes nothing writes nothing.
                Ok(Some(there)) if there == bytes => Ok(()),
                _ => replace(&path, &bytes),
            })
            .map_err(BoardError::io(act))
    }

    fn set_fallback(&mut self, fallback: Fallback) -> Result<(), BoardError> {
        let path = self.state.join(FALLBACK);
        let act = format!("writing {}", path.display());
        let result = match (fallback, path.exists()) {
            (Fallback::There, false) => File::create(&path).map(drop),
            (Fallback::Gone, true) => fs::remove_file(&path),
            _ => return Ok(()),
        };
        result
            .and_then(|()| sync_folder(&self.state))
            .map_err(BoardError::io(act))
    }

    fn save_upload(&mut self, head: Option<&[u8]>) {
        match (head, &self.run) {
            (Some(head), _) => self.write_run(HEAD, head),
            (None, Some(run)) => {
                // The head first: an offset alone is no upload. Neither need be there.
                let _ = fs::remove_file(run.join(HEAD));
                let _ = fs::remove_file(run.join(OFFSET));
            }
            (None, None) => {}
        }
    }

    fn save_offset(&mut self, offset: u64) {
        self.write_run(OFFSET, offset.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::Held;

    fn folders() -> (tempfile::TempDir, Folders) {
        let directory = tempfile::tempdir().unwrap();
        let folders = Folders {
            state: directory.path().to_owned(),
            run: Some(directory.path().to_owned()),
        };
        (directory, folders)
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_rubbish_is_none() {
        let (directory, mut folders) = folders();
        assert_eq!(folders.load(), (Record::default(), None));
        let record = Record {
            a: Some(Held {
                version: "1.0.0".into(),
                id: "x".into(),
                healthy: true,
            }),
            ..Record::default()
        };
        folders.save(&record).unwrap();
        assert_eq!(folders.load().0, record);
        for rubbish in ["", "{", "[1]"] {
            fs::write(directory.path().join(RECORD), rubbish).unwrap();
            assert_eq!(folders.load().0, Record::default());
        }
    }

    #[test]
    fn the_kernel_is_told_what_it_can_fall_back_to() {
        let (directory, mut folders) = folders();
        for (fallback, there) in [
            (Fallback::Gone, false),
            (Fallback::There, true),
            (Fallback::There, true),
            (Fallback::Gone, false),
        ] {
            folders.set_fallback(fallback).unwrap();
            assert_eq!(directory.path().join("fallback").exists(), there);
        }
    }

    #[test]
    fn an_upload_is_found_again_unless_its_files_make_no_sense() {
        let (directory, mut folders) = folders();
        let head = crate::core::upload::tests::head(100, 50);
        folders.save_upload(Some(&head));
        assert_eq!(folders.load().1, None, "no offset yet");
        folders.save_offset(head.len() as u64 + 7);
        assert_eq!(folders.load().1.unwrap().offset(), head.len() as u64 + 7);
        folders.save_offset(1);
        assert_eq!(folders.load().1, None, "inside the head");
        fs::write(directory.path().join(HEAD), "rubbish").unwrap();
        assert_eq!(folders.load().1, None);
        folders.save_upload(None);
        assert!(!directory.path().join(OFFSET).exists());
    }
}
