//! What is fetched, remembered: a restart of the device, the kernel or the node goes on with it.

use crate::core::source::Source;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

const NAME: &str = "job.json";
const FRESH: &str = "job.json.new";
/// A URL and a name, quoted.
const MOST: u64 = 64 * 1024;

/// The file, where there is a folder for it.
#[derive(Debug)]
pub struct Store(Option<PathBuf>);

impl Store {
    /// In the state directory.
    pub const fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// What an earlier life was at.
    pub fn load(&self) -> Option<Source> {
        let path = self.0.as_ref()?.join(NAME);
        let small = fs::metadata(&path).ok().filter(|file| file.len() <= MOST);
        small.and_then(|_| serde_json::from_slice(&fs::read(path).ok()?).ok())
    }

    /// Remembers, or forgets.
    pub fn keep(&self, source: Option<&Source>) {
        let Some(folder) = &self.0 else { return };
        let done = match source {
            Some(source) => write(folder, source),
            None => forget(folder),
        };
        if let Err(error) = done {
            dkvm_sdk::warn!(
                "cannot remember what is fetched ({error}): a restart of this device ends it"
            );
        }
    }
}

fn write(folder: &Path, source: &Source) -> io::Result<()> {
    let fresh = folder.join(FRESH);
    let mut file = File::create(&fresh)?;
    file.write_all(&serde_json::to_vec(source)?)?;
    file.sync_all()?;
    fs::rename(fresh, folder.join(NAME))
}

fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_there_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Some(folder.path().to_owned()));
        let source = Source {
            url: "https://a.b/x.iso".into(),
            image: "x.iso".into(),
            sha256: None,
        };
        assert_eq!(store.load(), None);
        store.keep(Some(&source));
        assert_eq!(store.load(), Some(source));
        store.keep(None);
        store.keep(None);
        assert_eq!(store.load(), None);
        fs::write(folder.path().join(NAME), "{").unwrap();
        assert_eq!(store.load(), None);
    }
}
