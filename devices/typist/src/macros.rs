//! The macros that are kept, in the state directory, written whole or not at all.

use dkvm_wire::vocab::typist::{
    Macro, MacroState, MAX_MACRO, MAX_MACROS, MAX_MACROS_TEXT, MAX_MACRO_NAME,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

const NAME: &str = "macros.json";
const FRESH: &str = "macros.json.new";
/// The file with its quoting: control characters take six bytes each.
const MAX_FILE: u64 = 6 * (MAX_MACROS_TEXT as u64) + 64 * 1024;

/// Why a macro is not kept, or not found.
#[derive(Debug, Error)]
pub enum MacroError {
    /// The name is none.
    #[error("a macro's name takes 1 to {MAX_MACRO_NAME} bytes, without control characters, brackets and blanks at its ends")]
    Name,
    /// The text is too long.
    #[error("the macro has {0} bytes, and at most {MAX_MACRO} are kept: make two of it")]
    Long(usize),
    /// There are many.
    #[error("{MAX_MACROS} macros are kept already, the most there can be: remove one")]
    Many,
    /// They are long together.
    #[error("all macros together would have more than {} KiB: remove one", MAX_MACROS_TEXT / 1024)]
    Full,
    /// There is none of that name.
    #[error("there is no macro {name:?}; there are: {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// Linux does not write it.
    #[error("cannot keep the macros in {path}: {source}; nothing was changed")]
    Write {
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// One is kept, in place of the one that has its name.
    Put(Macro),
    /// The one of this name is forgotten.
    Remove(String),
}

/// All of them.
#[derive(Debug, Default)]
pub struct Macros {
    store: Store,
    state: MacroState,
}

/// Where they are kept; without a folder until the device's end.
#[derive(Debug, Default, Clone)]
pub struct Store(Option<PathBuf>);

impl Macros {
    /// Those that are kept. A file that makes no sense is told, and left until something is kept anew.
    pub fn load(folder: Option<PathBuf>) -> Self {
        let read = folder.as_ref().map(|folder| read(&folder.join(NAME)));
        let state = match read {
            None => MacroState::default(),
            Some(Ok(state)) => state,
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => MacroState::default(),
            Some(Err(error)) => {
                dkvm_sdk::warn!("the macros that are kept cannot be read ({error}): there are none until one is kept anew");
                MacroState::default()
            }
        };
        let store = Store(folder);
        Self { store, state }
    }

    /// What everybody is told.
    pub const fn state(&self) -> &MacroState {
        &self.state
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Result<&Macro, MacroError> {
        let found = self.state.macros.iter().find(|one| one.name == name);
        found.ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> MacroError {
        let names: Vec<_> = self
            .state
            .macros
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let known = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        MacroError::Unknown {
            name: name.chars().take(MAX_MACRO_NAME).collect(),
            known,
        }
    }

    /// All of them after a change, if it can be made.
    pub fn changed(&self, change: Change) -> Result<MacroState, MacroError> {
        match change {
            Change::Put(one) => self.with(one),
            Change::Remove(name) => {
                self.get(&name)?;
                let macros = self.others(&name);
                Ok(MacroState { macros })
            }
        }
    }

    fn with(&self, one: Macro) -> Result<MacroState, MacroError> {
        check(&one)?;
        let mut macros: Vec<_> = self.others(&one.name);
        macros.push(one);
        macros.sort_by(|a, b| a.name.cmp(&b.name));
        if macros.len() > MAX_MACROS {
            return Err(MacroError::Many);
        }
        let bytes: usize = macros
            .iter()
            .map(|one| one.name.len() + one.text.len())
            .sum();
        if bytes > MAX_MACROS_TEXT {
            return Err(MacroError::Full);
        }
        Ok(MacroState { macros })
    }

    /// These are kept now.
    pub fn take(&mut self, state: MacroState) {
        self.state = state;
    }

    /// Where they are kept.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Why they are not kept.
    pub fn not_written(&self, source: io::Error) -> MacroError {
        self.store.not_written(source)
    }

    fn others(&self, name: &str) -> Vec<Macro> {
        let others = self.state.macros.iter().filter(|one| one.name != name);
        others.cloned().collect()
    }
}

impl Store {
    /// Keeps them, and gives them back. Takes as long as the card does.
    pub fn keep(&self, state: MacroState) -> Result<MacroState, MacroError> {
        let written = self.0.as_ref().map(|folder| write(folder, &state));
        match written {
            Some(Err(source)) => Err(self.not_written(source)),
            Some(Ok(())) | None => Ok(state),
        }
    }

    fn not_written(&self, source: io::Error) -> MacroError {
        let path = self.0.clone().unwrap_or_default();
        MacroError::Write {
            path: path.display().to_string(),
            source,
        }
    }
}

fn check(one: &Macro) -> Result<(), MacroError> {
    let name = &one.name;
    let strange = |c: char| c.is_control() || c == '[' || c == ']';
    let sound = (1..=MAX_MACRO_NAME).contains(&name.len())
        && name.trim() == name
        && !name.contains(strange);
    if !sound {
        return Err(MacroError::Name);
    }
    if one.text.len() > MAX_MACRO {
        return Err(MacroError::Long(one.text.len()));
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<MacroState> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(io::Error::other("it is too long"));
    }
    let mut state: MacroState = serde_json::from_slice(&fs::read(path)?)?;
    state.macros.retain(|one| check(one).is_ok());
    state.macros.truncate(MAX_MACROS);
    Ok(state)
}

fn write(folder: &Path, state: &MacroState) -> io::Result<()> {
    let fresh = folder.join(FRESH);
    let mut file = File::create(&fresh)?;
    file.write_all(&serde_json::to_vec(state)?)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, text: &str) -> Macro {
        Macro {
            name: name.into(),
            text: text.into(),
        }
    }

    impl Macros {
        fn change(&mut self, change: Change) -> Result<(), MacroError> {
            let state = self.store().keep(self.changed(change)?)?;
            self.take(state);
            Ok(())
        }

        fn put(&mut self, one: Macro) -> Result<(), MacroError> {
            self.change(Change::Put(one))
        }
    }

    fn names(macros: &Macros) -> Vec<&str> {
        macros
            .state()
            .macros
            .iter()
            .map(|one| one.name.as_str())
            .collect()
    }

    #[test]
    fn what_is_kept_is_there_in_the_next_life() {
        let folder = tempfile::tempdir().unwrap();
        let load = || Macros::load(Some(folder.path().to_owned()));
        let remove = || Change::Remove("a".into());
        let mut macros = load();
        macros.put(one("b", "Enter")).unwrap();
        macros.put(one("a", "Tab")).unwrap();
        macros.put(one("b", "Esc")).unwrap();
        assert_eq!(names(&load()), ["a", "b"]);
        assert_eq!(load().get("b").unwrap().text, "Esc");
        macros.change(remove()).unwrap();
        assert_eq!(names(&load()), ["b"]);
        let error = macros.change(remove()).unwrap_err().to_string();
        assert_eq!(error, "there is no macro \"a\"; there are: b");
    }

    #[test]
    fn bounds_are_told_and_nothing_is_changed() {
        let mut macros = Macros::default();
        for name in ["", " a", "a\n", "[a]", &"n".repeat(MAX_MACRO_NAME + 1)] {
            assert!(
                matches!(macros.put(one(name, "Tab")), Err(MacroError::Name)),
                "{name:?}"
            );
        }
        let long = "x".repeat(MAX_MACRO + 1);
        assert!(matches!(
            macros.put(one("a", &long)),
            Err(MacroError::Long(_))
        ));
        let half = "x".repeat(MAX_MACRO);
        let kept = (0..MAX_MACROS)
            .take_while(|n| macros.put(one(&n.to_string(), &half)).is_ok())
            .count();
        assert!(matches!(macros.put(one("z", &half)), Err(MacroError::Full)));
        assert_eq!(names(&macros).len(), kept);
        let mut macros = Macros::default();
        for n in 0..MAX_MACROS {
            macros.put(one(&n.to_string(), "Tab")).unwrap();
        }
        assert!(matches!(macros.put(one("z", "Tab")), Err(MacroError::Many)));
    }

    #[test]
    fn a_file_that_makes_no_sense_is_no_macros() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), b"{\"macros\": 7").unwrap();
        let mut macros = Macros::load(Some(folder.path().to_owned()));
        assert!(names(&macros).is_empty());
        macros.put(one("a", "Tab")).unwrap();
    }
}
