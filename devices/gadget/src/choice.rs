//! Which profile was chosen: the file `profile` of the state directory, one name on one line. It survives the Pi's restart.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Where the kernel says that the device may keep what survives the machine's restart.
const STATE_DIR: &str = "DKVM_STATE_DIR";
/// Longest file that is looked at; a name has 24 characters.
const MAX_FILE: u64 = 64;

/// The choice; nothing is kept where there is no state directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    path: Option<PathBuf>,
    /// The profile's name, if one was chosen ever.
    pub name: Option<String>,
}

impl Choice {
    /// Reads the file.
    pub fn open() -> Self {
        std::env::var_os(STATE_DIR)
            .map_or_else(Self::default, |folder| Self::open_in(Path::new(&folder)))
    }

    /// The same in a given directory.
    pub fn open_in(folder: &Path) -> Self {
        let path = folder.join("profile");
        let name = read(&path).unwrap_or_else(|error| {
            dkvm_sdk::warn!(
                "cannot read {}: {error}; the configuration's profile is taken",
                path.display()
            );
            None
        });
        Self {
            path: Some(path),
            name,
        }
    }

    /// Keeps a choice, so that a power cut leaves the old or the new one.
    pub fn keep(&mut self, name: &str) -> io::Result<()> {
        self.name = Some(name.to_owned());
        let Some(path) = &self.path else {
            return Ok(());
        };
        let fresh = path.with_extension("new");
        let mut file = File::create(&fresh)?;
        writeln!(file, "{name}")?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
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

    #[test]
    fn a_choice_is_there_in_the_next_life() {
        let folder = tempfile::tempdir().unwrap();
        let mut choice = Choice::open_in(folder.path());
        assert_eq!(choice.name, None);
        choice.keep("install").unwrap();
        choice.keep("desk").unwrap();
        assert_eq!(Choice::open_in(folder.path()).name.as_deref(), Some("desk"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rubbish_is_no_choice_or_a_harmless_one() {
        let folder = tempfile::tempdir().unwrap();
        for rubbish in [&b""[..], b"\n", &[0xff; 9], &[b'x'; 9000]] {
            fs::write(folder.path().join("profile"), rubbish).unwrap();
            let name = Choice::open_in(folder.path()).name;
            assert!(name.is_none_or(|name| name.len() as u64 <= MAX_FILE));
        }
    }
}
