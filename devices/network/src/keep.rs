//! What survives this device's death, in the file `links.json` of its run directory: what was leased, and which addresses
//! it has set. Written before they are set, so that nothing of ours is ever taken for somebody else's.

use crate::core::event::Kept;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Adapters that come and go have new names each time; what is forgotten is asked for anew.
const LINKS_MOST: usize = 64;

/// The directory, and what is in the file.
#[derive(Debug, Default)]
pub struct Keep {
    directory: Option<PathBuf>,
    /// By the interface's name.
    pub links: BTreeMap<String, Kept>,
}

impl Keep {
    /// Reads it, if there is a run directory; what is not ours is no file.
    pub fn open() -> Self {
        Self::open_in(dkvm_sdk::run_dir())
    }

    fn open_in(directory: Option<PathBuf>) -> Self {
        let text = directory
            .as_ref()
            .and_then(|directory| fs::read(directory.join("links.json")).ok());
        let links = text
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { directory, links }
    }

    /// Remembers it of one interface.
    pub fn set(&mut self, name: &str, kept: Kept) {
        if self.links.get(name) == Some(&kept) {
            return;
        }
        if self.links.len() >= LINKS_MOST {
            self.links.clear();
        }
        self.links.insert(name.to_owned(), kept);
        let text = serde_json::to_vec(&self.links).unwrap_or_default();
        self.write("links.json", &text);
    }

    /// The file that `/etc/resolv.conf` leads to.
    pub fn resolv_conf(&self, text: &str) {
        self.write("resolv.conf", text.as_bytes());
    }

    /// Everybody may ask for names: the way to that one file is open, the others' own modes keep them.
    pub fn open_way(&self) {
        use std::os::unix::fs::PermissionsExt;
        let Some(directory) = &self.directory else {
            return;
        };
        if let Err(error) = fs::set_permissions(directory, fs::Permissions::from_mode(0o711)) {
            dkvm_sdk::warn!(
                "cannot open {} for others ({error}): they resolve no names",
                directory.display()
            );
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let Some(directory) = &self.directory else {
            return;
        };
        if let Err(error) = replace(directory, name, bytes) {
            dkvm_sdk::warn!("cannot write {}/{name}: {error}", directory.display());
        }
    }
}

/// Whoever reads meanwhile sees the old or the new.
fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if name == "resolv.conf" { 0o644 } else { 0o600 };
    let fresh = directory.join(format!("{name}.new"));
    fs::write(&fresh, bytes)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))?;
    fs::rename(&fresh, directory.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_life_finds_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let open = || Keep::open_in(Some(directory.path().to_owned()));
        let kept = Kept {
            lease: None,
            ours: vec!["192.0.2.1/24".parse().expect("an address")],
            gateway: None,
        };
        open().set("eth0", kept.clone());
        assert_eq!(open().links.get("eth0"), Some(&kept));
    }

    #[test]
    fn garbage_is_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("links.json"), "{\"eth0\":7").expect("written");
        assert!(Keep::open_in(Some(directory.path().to_owned()))
            .links
            .is_empty());
    }
}
