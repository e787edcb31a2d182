//! What survives this device: what somebody switched (the state directory, over restarts of the Pi), and which interfaces
//! forward only because of us (the run directory, as long as Linux itself remembers it).

use crate::core::switches::Switches;
use serde::{de::DeserializeOwned, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Longest file of ours.
const MOST: u64 = 16 * 1024;

/// Where it is.
#[derive(Debug, Default)]
pub struct Keep {
    state: Option<PathBuf>,
    run: Option<PathBuf>,
}

impl Keep {
    /// In the directories that the kernel gave.
    pub fn open() -> Self {
        Self {
            state: dkvm_sdk::state_dir(),
            run: dkvm_sdk::run_dir(),
        }
    }

    /// What was switched, if ever. The copy in memory wins: where the card cannot be written, our own death must not bring
    /// back what was before.
    pub fn switches(&self) -> Option<Switches> {
        let folders = [&self.run, &self.state];
        folders
            .into_iter()
            .flatten()
            .find_map(|folder| read(&folder.join("switches.json")))
    }

    /// Remembers it.
    pub fn set_switches(&self, switches: Switches) -> io::Result<()> {
        for folder in [&self.run, &self.state].into_iter().flatten() {
            put(&folder.join("switches.json"), &switches)?;
        }
        Ok(())
    }

    /// Interfaces that forward because of us.
    pub fn opened(&self) -> Vec<String> {
        let file = self.run.as_ref().map(|run| run.join("forwarding.json"));
        file.and_then(|file| read(&file)).unwrap_or_default()
    }

    /// Written before it is done, so that the next life takes it back.
    pub fn set_opened(&self, names: &[String]) -> io::Result<()> {
        let file = self.run.as_ref().map(|run| run.join("forwarding.json"));
        file.map_or(Ok(()), |file| put(&file, &names))
    }

    /// Where dnsmasq keeps its leases: in memory, for a target that asks in a loop must not wear the card, and one that is
    /// read-only must not keep it from an address. It gets the same one without: they are made from hardware addresses.
    pub fn leases(&self) -> PathBuf {
        let folder = self.run.as_ref().or(self.state.as_ref());
        folder.map_or_else(
            || PathBuf::from("/dev/null"),
            |folder| folder.join("leases"),
        )
    }
}

/// A file's text, up to a bound; what cannot be read is empty.
pub fn text(path: &Path, most: u64) -> String {
    try_text(path, most).unwrap_or_default()
}

/// The same, where it matters that it could not be read.
pub fn try_text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_str(&text(path, MOST)).ok()
}

/// A power cut leaves the old or the new one.
fn put<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    serde_json::to_writer(&mut file, value)?;
    file.flush()?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_life_finds_it() {
        let (state, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = |run: &Path| Keep {
            state: Some(state.path().to_owned()),
            run: Some(run.to_owned()),
        };
        let keep = open(run.path());
        assert_eq!((keep.switches(), keep.opened()), (None, Vec::new()));
        keep.set_switches(Switches::new(true, false)).unwrap();
        keep.set_opened(&["eth0".to_owned()]).unwrap();
        assert_eq!(
            open(run.path()).switches(),
            Some(Switches::new(true, false))
        );
        assert_eq!(open(run.path()).opened(), ["eth0"]);
        assert_eq!(open(run.path()).leases(), run.path().join("leases"));
        let restarted = tempfile::tempdir().unwrap();
        let keep = open(restarted.path());
        assert_eq!(
            (keep.switches(), keep.opened()),
            (Some(Switches::new(true, false)), Vec::new())
        );
    }

    #[test]
    fn garbage_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("switches.json"), "{\"nat\":7").unwrap();
        let keep = Keep {
            state: Some(folder.path().to_owned()),
            run: None,
        };
        assert_eq!(keep.switches(), None);
    }
}
