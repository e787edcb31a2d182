//! How many boots there were since the last one that was healthy for a minute: a small file beside what is kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use thiserror::Error;

/// Where this crate keeps things, below the state directory.
pub const DIRECTORY: &str = "boot";
const COUNT: &str = "unhealthy-boots";

/// Why the number could not be kept.
#[derive(Debug, Error)]
#[error("keeping the number of boots in {path} failed: {source}; boots that fail are not counted meanwhile")]
pub struct HealthError {
    path: String,
    source: io::Error,
}

/// One more boot. Returns the number, this one included; one that cannot be read is none.
pub fn count_boot(state_dir: &Path) -> (u32, Result<(), HealthError>) {
    let count = read(state_dir).saturating_add(1);
    (count, write(state_dir, count))
}

/// The machine has been healthy for a minute: the kernel says so. Writes nothing when that is known already.
pub fn mark_healthy(state_dir: &Path) -> Result<(), HealthError> {
    match read(state_dir) {
        0 => Ok(()),
        _ => write(state_dir, 0),
    }
}

fn read(state_dir: &Path) -> u32 {
    let text = fs::read_to_string(state_dir.join(DIRECTORY).join(COUNT));
    text.ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

fn write(state_dir: &Path, count: u32) -> Result<(), HealthError> {
    let directory = state_dir.join(DIRECTORY);
    keep(&directory, COUNT, &format!("{count}\n")).map_err(|source| HealthError {
        path: directory.display().to_string(),
        source,
    })
}

/// Writes a file so that a cut of power leaves the old one or the new one.
pub(crate) fn keep(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let new = directory.join(format!("{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, directory.join(name))?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boots_are_counted_until_one_is_healthy() {
        let state = tempfile::tempdir().expect("a directory");
        for wanted in 1..=3 {
            assert_eq!(count_boot(state.path()).0, wanted);
        }
        mark_healthy(state.path()).expect("it is kept");
        assert_eq!(count_boot(state.path()).0, 1);
    }

    #[test]
    fn a_file_of_garbage_counts_as_none() {
        let state = tempfile::tempdir().expect("a directory");
        fs::create_dir(state.path().join(DIRECTORY)).expect("it is made");
        fs::write(state.path().join(DIRECTORY).join(COUNT), b"\xff\xff").expect("it is written");
        assert_eq!(count_boot(state.path()).0, 1);
    }

    #[test]
    fn where_nothing_can_be_kept_it_says_so() {
        let (count, kept) = count_boot(Path::new("/proc/nowhere"));
        assert_eq!(count, 1);
        assert!(kept.is_err());
    }
}
