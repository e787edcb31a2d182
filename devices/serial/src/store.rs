//! What was said, in a file in the run directory, so that the death of this process loses nothing of it. It is in memory, and
//! ends with the machine.
//!
//! A head of 24 bytes (magic, log, how many bytes were said), then from [`RING_AT`] on the ring. A chunk is written before the
//! head that counts it: whoever reads after a death in between finds what was there before.

use crate::core::history::{History, RING};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

const NAME: &str = "said";
const MAGIC: [u8; 8] = *b"dkvmser1";
const HEAD: usize = 24;
/// The ring begins at a page of its own.
const RING_AT: u64 = 4096;

/// The file; none where there is no run directory, or it cannot be written.
#[derive(Debug)]
pub struct Store(Option<File>);

impl Store {
    /// Opens it; what an earlier life left, or a fresh history named `log`.
    pub fn open(run: Option<&Path>, log: u32) -> (Self, History) {
        let Some(run) = run else {
            return (Self(None), History::new(log));
        };
        match open(&run.join(NAME)) {
            Ok(file) => match load(&file) {
                Some(history) => (Self(Some(file)), history),
                None => Self::fresh(file, log),
            },
            Err(error) => {
                dkvm_sdk::warn!("cannot keep what the target says in {}: {error}; it is lost when this device restarts", run.display());
                (Self(None), History::new(log))
            }
        }
    }

    fn fresh(file: File, log: u32) -> (Self, History) {
        let history = History::new(log);
        let mut store = Self(Some(file));
        let length = i64::try_from(history.ring().len()).unwrap_or(0);
        store.save(&history, &[(0, usize::try_from(length).unwrap_or(0))]);
        (store, history)
    }

    /// Writes the pieces that changed, and then the head.
    pub fn save(&mut self, history: &History, pieces: &[(usize, usize)]) {
        let Some(file) = &self.0 else { return };
        if let Err(error) = write(file, history, pieces) {
            dkvm_sdk::warn!(
                "cannot keep what the target says: {error}; it is lost when this device restarts"
            );
            // Half of it is worse than none.
            let _ = file.set_len(0);
            self.0 = None;
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn write(file: &File, history: &History, pieces: &[(usize, usize)]) -> io::Result<()> {
    for (at, length) in pieces {
        let bytes = &history.ring()[*at..*at + *length];
        file.write_all_at(bytes, RING_AT + *at as u64)?;
    }
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&history.log().to_le_bytes());
    head[16..].copy_from_slice(&history.said().to_le_bytes());
    file.write_all_at(&head, 0)
}

fn load(file: &File) -> Option<History> {
    if file.metadata().ok()?.len() != RING_AT + RING {
        return None;
    }
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, 0).ok()?;
    if head[..8] != MAGIC {
        return None;
    }
    let mut ring = vec![0; usize::try_from(RING).ok()?];
    file.read_exact_at(&mut ring, RING_AT).ok()?;
    let log = u32::from_le_bytes(head[8..12].try_into().ok()?);
    let said = u64::from_le_bytes(head[16..].try_into().ok()?);
    History::restored(log, said, ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::serial::HistoryFrom;
    use proptest::prelude::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_new_life_has_what_the_old_one_had() {
        let run = folder();
        let (mut store, mut history) = Store::open(Some(run.path()), 5);
        for n in 0..100u8 {
            let pieces = history.push(&[n; 4000]);
            store.save(&history, &pieces);
        }
        let (_, again) = Store::open(Some(run.path()), 6);
        assert_eq!(again, history);
        assert_eq!(again.log(), 5);
    }

    #[test]
    fn without_a_folder_there_is_no_file() {
        let (mut store, mut history) = Store::open(None, 5);
        let pieces = history.push(b"x");
        store.save(&history, &pieces);
        assert_eq!(history.said(), 1);
    }

    proptest! {
        #[test]
        fn any_file_is_a_history_or_a_fresh_one(bytes in prop::collection::vec(any::<u8>(), 0..64), long in any::<bool>()) {
            let run = folder();
            let file = open(&run.path().join(NAME)).unwrap();
            if long {
                file.set_len(RING_AT + RING).unwrap();
            }
            file.write_all_at(&bytes, 0).unwrap();
            let (_, history) = Store::open(Some(run.path()), 9);
            let told = history.read(HistoryFrom { log: 0, from: 0 });
            prop_assert!(told.offset + told.data.len() as u64 <= history.said());
        }
    }
}
