use super::PER_DEVICE;
use dkvm_wire::service::DeathRecord;
use dkvm_wire::{decode_body, encode_body};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A record with 64 lines of 1 KiB and its frame stays well below this.
const LARGEST: u64 = 256 * 1024;
/// Files looked at, at start: 64 devices of 64 records.
const FILES: usize = 4096;

/// The directory with one file per record.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    dir: PathBuf,
}

impl Store {
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self {
            dir: state_dir.join("deaths"),
        }
    }

    /// Keeps a record, and removes the oldest of that device beyond the bound. A full or absent disk loses the
    /// record on disk, never the service.
    pub(crate) fn save(&self, record: &DeathRecord) {
        // Log lines of devices are not for every user of the node.
        let _ = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir);
        let name = format!(
            "{}.{:016}.{:08}",
            record.name, record.at_unix_ms, record.generation.0
        );
        let part = self.dir.join(format!(".{name}.part"));
        if std::fs::write(&part, encode_body(record)).is_ok() {
            let _ = std::fs::rename(&part, self.dir.join(&name));
        }
        self.prune(record.name.as_str());
    }

    fn prune(&self, device: &str) {
        let prefix = format!("{device}.");
        let mut names: Vec<_> = self
            .names()
            .into_iter()
            .filter(|name| name.starts_with(&prefix))
            .collect();
        names.sort();
        let excess = names.len().saturating_sub(PER_DEVICE);
        for name in &names[..excess] {
            let _ = std::fs::remove_file(self.dir.join(name));
        }
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        let names = entries
            .take(FILES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| !name.starts_with('.')).collect()
    }

    /// All that can be read, oldest first.
    pub(crate) fn load(&self) -> Vec<DeathRecord> {
        let mut records: Vec<_> = self
            .names()
            .iter()
            .filter_map(|name| read(&self.dir.join(name)))
            .collect();
        records.sort_by_key(|record| (record.at_unix_ms, record.generation));
        records
    }
}

fn read(path: &Path) -> Option<DeathRecord> {
    let small =
        std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
    let bytes = small.then(|| std::fs::read(path).ok())??;
    decode_body("a death record", &bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{DeviceName, Generation};

    fn record(name: &str, at: u64) -> DeathRecord {
        DeathRecord {
            name: DeviceName::try_from(name).expect("a name"),
            generation: Generation(1),
            at_unix_ms: at,
            at_uptime_ms: 0,
            lived_ms: 5,
            cause: "exit code 70".into(),
            log: vec!["last words".into()],
        }
    }

    #[test]
    fn what_is_saved_is_loaded_and_bounded() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::new(dir.path());
        for n in 0..PER_DEVICE as u64 + 5 {
            store.save(&record("a", n));
        }
        store.save(&record("b", 3));
        let loaded = store.load();
        assert_eq!(loaded.len(), PER_DEVICE + 1);
        assert_eq!((loaded[0].at_unix_ms, loaded[0].name.as_str()), (3, "b"));
        assert_eq!(loaded[1].at_unix_ms, 5);
    }

    #[test]
    fn broken_files_are_passed_by() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::new(dir.path());
        store.save(&record("a", 1));
        std::fs::write(dir.path().join("deaths/a.junk"), b"\xc1junk").expect("writes");
        assert_eq!(store.load().len(), 1);
        assert!(Store::new(Path::new("/nonexistent")).load().is_empty());
    }
}
