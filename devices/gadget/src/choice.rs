//! Which profile was chosen: the file `profile` of the state directory, one name on one line. It survives the Pi's restart.
//!
//! A copy in the run directory, which is in memory, wins: where the card cannot be written, this device's own death must not
//! bring back what was chosen before.

use dkvm_sdk::files::replace;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Longest file that is looked at; a name has 24 characters.
const MAX_FILE: u64 = 64;

/// The choice; nothing is kept where there is no directory for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    card: Option<PathBuf>,
    copy: Option<PathBuf>,
    /// The profile's name, if one was chosen ever.
    pub name: Option<String>,
}

impl Choice {
    /// Reads the files.
    pub fn open() -> Self {
        Self::open_in(
            dkvm_sdk::state_dir().as_deref(),
            dkvm_sdk::run_dir().as_deref(),
        )
    }

    /// The same in given directories.
    pub fn open_in(state: Option<&Path>, run: Option<&Path>) -> Self {
        let card = state.map(|folder| folder.join("profile"));
        let copy = run.map(|folder| folder.join("chosen"));
        let name = [&copy, &card]
            .into_iter()
            .flatten()
            .find_map(|path| look(path));
        Self { card, copy, name }
    }

    /// Keeps a choice, so that a power cut leaves the old or the new one.
    pub fn keep(&mut self, name: &str) -> io::Result<()> {
        self.name = Some(name.to_owned());
        if let Some(copy) = &self.copy {
            if let Err(error) = put(copy, name) {
                dkvm_sdk::warn!("cannot write {}: {error}", copy.display());
                // An older one must not win.
                let _ = fs::remove_file(copy);
            }
        }
        self.card.as_ref().map_or(Ok(()), |card| put(card, name))
    }
}

fn put(path: &Path, name: &str) -> io::Result<()> {
    replace(path, format!("{name}\n").as_bytes())
}

fn look(path: &Path) -> Option<String> {
    read(path).unwrap_or_else(|error| {
        dkvm_sdk::warn!(
            "cannot read {}: {error}; the profile is taken that would be without it",
            path.display()
        );
        None
    })
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_FILE).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = text.trim();
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Choice {
        Choice::open_in(Some(folder), None)
    }

    #[test]
    fn a_choice_is_there_in_the_next_life() {
        let folder = tempfile::tempdir().unwrap();
        let mut choice = open(folder.path());
        assert_eq!(choice.name, None);
        choice.keep("install").unwrap();
        choice.keep("desk").unwrap();
        assert_eq!(open(folder.path()).name.as_deref(), Some("desk"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rubbish_is_no_choice_or_a_harmless_one() {
        let folder = tempfile::tempdir().unwrap();
        for rubbish in [&b""[..], b"\n", &[0xff; 9], &[b'x'; 9000]] {
            fs::write(folder.path().join("profile"), rubbish).unwrap();
            let name = open(folder.path()).name;
            assert!(name.is_none_or(|name| name.len() as u64 <= MAX_FILE));
        }
    }

    #[test]
    fn a_card_that_cannot_be_written_does_not_bring_back_an_older_choice() {
        let (card, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = || Choice::open_in(Some(card.path()), Some(run.path()));
        open().keep("install").unwrap();
        // What cannot be overwritten, for root neither.
        fs::create_dir(card.path().join("profile.new")).unwrap();
        open().keep("desk").unwrap_err();
        assert_eq!(open().name.as_deref(), Some("desk"));
        // The machine's restart.
        fs::remove_file(run.path().join("chosen")).unwrap();
        assert_eq!(open().name.as_deref(), Some("install"));
    }

    #[test]
    fn a_copy_that_cannot_be_written_does_not_win() {
        let (card, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = || Choice::open_in(Some(card.path()), Some(run.path()));
        open().keep("install").unwrap();
        fs::create_dir(run.path().join("chosen.new")).unwrap();
        open().keep("desk").unwrap();
        assert_eq!(open().name.as_deref(), Some("desk"));
    }
}
