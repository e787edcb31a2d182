use super::disk::{Disk, Step};
use super::entry::{digest, excess, Entry};
use super::places::{put, unput, Places};
use super::recover::{recover, Trial};
use dkvm_wire::service::{ConfigEnded, ConfigEntry, ConfigHistory, ConfigOutcome};
use dkvm_wire::{decode_body, encode_body};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a configuration was not written.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("there is no room for it beside {file}: remove images or what else is kept (`dkvm storage`), then apply it again; nothing was changed")]
    Full { file: PathBuf },
    #[error(
        "it cannot be written beside {file}: {source}; nothing was changed{}",
        hint(source)
    )]
    Write { file: PathBuf, source: io::Error },
}

fn hint(source: &io::Error) -> &'static str {
    match rustix::io::Errno::from_io_error(source) {
        Some(rustix::io::Errno::IO) => ". The card may be worn out: look at `dkvm logs kernel`",
        _ => "",
    }
}

/// What is to be tried.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) text: String,
    pub(crate) who: String,
    pub(crate) comment: String,
    pub(crate) at_unix_ms: u64,
    /// The one in force.
    pub(crate) before: String,
}

/// It is on the disk, and may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) number: u32,
    /// Why it is nowhere but in memory, if so.
    pub(crate) unkept: Option<String>,
}

/// The owner's file and the history.
#[derive(Debug)]
pub(crate) struct Store<D> {
    disk: D,
    places: Places,
    /// Oldest first.
    entries: Vec<Entry>,
    /// The highest number on the disk: also of one that this version cannot read, and must not write over.
    highest: u32,
    /// What is on trial is in memory alone.
    unkept: bool,
}

impl<D: Disk> Store<D> {
    /// Finds what is there; what was on trial is taken back. Tells how that ended.
    pub(crate) fn open(disk: D, file: PathBuf) -> (Self, Option<ConfigEnded>) {
        let places = Places { file };
        let names = disk.list(&places.history());
        let highest = names.iter().filter_map(|name| name.parse().ok()).max();
        let mut entries = load(&disk, &places, &names);
        let trial = match disk.read(&places.trial()) {
            Err(e) if e.kind() == ErrorKind::NotFound => Trial::None,
            _ => Trial::There,
        };
        let text = text_of(&disk, &places.file);
        let (ended, changed) = recover(&mut entries, text.as_deref(), trial);
        let mut store = Self {
            disk,
            places,
            entries,
            highest: highest.unwrap_or_default(),
            unkept: false,
        };
        for number in changed {
            store.write_entry(number);
        }
        if trial == Trial::There {
            store.drop_trial();
        }
        (store, ended)
    }

    /// Writes it beside the owner's. Where nothing can be written at all it is kept in memory, and that is told; where it
    /// would be written and there is no room, nothing is changed.
    pub(crate) fn begin(&mut self, new: New) -> Result<Begun, StoreError> {
        let known = self.entries.len();
        let number = self.enter(new);
        self.unkept = false;
        let unkept = match self.write_trial(known) {
            Ok(()) => None,
            Err(e) if e.kind() == ErrorKind::ReadOnlyFilesystem => {
                self.unkept = true;
                Some(format!(
                    "{} cannot be written (the disk is read-only): this configuration is in memory alone, and lost when the kernel or the machine restarts",
                    self.places.file.display()
                ))
            }
            Err(source) => {
                self.undo(known);
                return Err(self.explain(source));
            }
        };
        self.end_older(number);
        Ok(Begun { number, unkept })
    }

    /// One that could not be kept, or whose end did not get here, is on trial no more.
    fn end_older(&mut self, number: u32) {
        let on_trial = self.entries.iter().filter(|entry| entry.is_on_trial());
        let numbers = on_trial.map(|entry| entry.told.number);
        let older: Vec<u32> = numbers.filter(|older| *older != number).collect();
        for older in older {
            let why = "another one was applied".to_owned();
            self.end(older, ConfigOutcome::TakenBack, Some(why));
        }
    }

    /// It is the owner's from now on.
    pub(crate) fn keep(&mut self, number: u32) -> Result<(), StoreError> {
        if !self.unkept {
            let steps = [
                Step::Rename(self.places.trial(), self.places.file.clone()),
                Step::Sync(self.places.dir().to_owned()),
            ];
            self.run(&steps).map_err(|source| StoreError::Write {
                file: self.places.file.clone(),
                source,
            })?;
        }
        self.end(number, ConfigOutcome::Kept, None);
        self.prune();
        Ok(())
    }

    /// It is not. The history says why; whether that can be written changes nothing.
    pub(crate) fn take_back(&mut self, number: u32, why: String) {
        self.end(number, ConfigOutcome::TakenBack, Some(why));
        self.drop_trial();
        self.prune();
    }

    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        let entry = self.entries.iter().find(|e| e.told.number == number)?;
        Some(&entry.text)
    }

    /// The newest that held before the one of this digest.
    pub(crate) fn before(&self, digest: &str) -> Option<u32> {
        self.newest_but(&[digest.to_owned()])
    }

    /// The same where the owner's file is not in force though it is there: that one is what is left.
    pub(crate) fn before_owners(&self, digest: &str) -> Option<u32> {
        let owners = text_of(&self.disk, &self.places.file);
        let owners = owners.map(|text| super::digest(&text));
        let not: Vec<_> = owners.into_iter().chain([digest.to_owned()]).collect();
        self.newest_but(&not)
    }

    fn newest_but(&self, not: &[String]) -> Option<u32> {
        let mut held = self.entries.iter().rev().filter(|entry| entry.held());
        held.find(|entry| !not.contains(&entry.told.digest))
            .map(|entry| entry.told.number)
    }

    pub(crate) fn history(&self) -> ConfigHistory {
        let entries = self.entries.iter().map(|entry| entry.told.clone());
        ConfigHistory {
            entries: entries.collect(),
        }
    }

    /// Into the history, and what is not there yet of what it replaces: a person may have written it by hand.
    fn enter(&mut self, new: New) -> u32 {
        let on_disk = text_of(&self.disk, &self.places.file);
        for text in [Some(new.before.clone()), on_disk].into_iter().flatten() {
            let known = digest(&text);
            if !self.entries.iter().any(|entry| entry.told.digest == known) {
                let found = New {
                    text,
                    who: "somebody".to_owned(),
                    comment: "as it was found".to_owned(),
                    ..new.clone()
                };
                self.add(found, ConfigOutcome::Found);
            }
        }
        self.add(new, ConfigOutcome::Trial)
    }

    fn add(&mut self, new: New, outcome: ConfigOutcome) -> u32 {
        let last = self.entries.last().map_or(0, |entry| entry.told.number);
        let number = last.max(self.highest).saturating_add(1);
        let told = ConfigEntry {
            number,
            at_unix_ms: new.at_unix_ms,
            who: new.who,
            comment: new.comment,
            digest: digest(&new.text),
            bytes: u32::try_from(new.text.len()).unwrap_or(u32::MAX),
            outcome,
            why: None,
        };
        let text = new.text;
        self.entries.push(Entry { told, text });
        number
    }

    fn write_trial(&mut self, known: usize) -> io::Result<()> {
        let text = self.entries.last().map(|entry| entry.text.as_bytes());
        let mut steps = self.places.prepare();
        steps.extend(put(&self.places.trial(), text.unwrap_or_default()));
        for entry in &self.entries[known..] {
            let path = self.places.entry(entry.told.number);
            steps.extend(put(&path, &encode_body(entry)));
        }
        self.run(&steps)
    }

    fn undo(&mut self, known: usize) {
        let numbers = self.entries[known..].iter().map(|entry| entry.told.number);
        let entries = numbers.flat_map(|number| unput(&self.places.entry(number)));
        let mut steps: Vec<Step> = entries.collect();
        steps.extend(unput(&self.places.trial()));
        self.entries.truncate(known);
        self.run_all(&steps);
    }

    fn end(&mut self, number: u32, outcome: ConfigOutcome, why: Option<String>) {
        let entry = self.entries.iter_mut().find(|e| e.told.number == number);
        if let Some(entry) = entry {
            entry.told.outcome = outcome;
            entry.told.why = why;
        }
        self.write_entry(number);
    }

    /// Where that fails, the next start finds out by itself how it ended.
    fn write_entry(&mut self, number: u32) {
        if let Some(entry) = self.entries.iter().find(|e| e.told.number == number) {
            let path = self.places.entry(number);
            let _ = self.run(&put(&path, &encode_body(entry)));
        }
    }

    fn drop_trial(&mut self) {
        let mut steps = unput(&self.places.trial());
        steps.push(Step::Sync(self.places.dir().to_owned()));
        self.run_all(&steps);
    }

    fn prune(&mut self) {
        let gone: Vec<Entry> = self.entries.drain(..excess(&self.entries)).collect();
        let gone = gone
            .iter()
            .map(|entry| self.places.entry(entry.told.number));
        let steps: Vec<Step> = gone.map(Step::Remove).collect();
        self.run_all(&steps);
    }

    /// Until the first that fails.
    fn run(&mut self, steps: &[Step]) -> io::Result<()> {
        steps.iter().try_for_each(|step| self.disk.act(step))
    }

    /// All of them, for tidying up: what is left over is found at the next start.
    fn run_all(&mut self, steps: &[Step]) {
        for step in steps {
            let _ = self.disk.act(step);
        }
    }

    fn explain(&self, source: io::Error) -> StoreError {
        let file = self.places.file.clone();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { file },
            _ => StoreError::Write { file, source },
        }
    }

    #[cfg(test)]
    pub(super) fn into_disk(self) -> D {
        self.disk
    }
}

fn load(disk: &impl Disk, places: &Places, names: &[String]) -> Vec<Entry> {
    let dir = places.history();
    let read = |name: &String| {
        let bytes = disk.read(&dir.join(name)).ok()?;
        decode_body::<Entry>("an entry of the configuration's history", &bytes).ok()
    };
    // What ends so was never finished.
    let whole = names.iter().filter(|name| !name.ends_with(".new"));
    let mut entries: Vec<Entry> = whole.filter_map(read).collect();
    entries.sort_by_key(|entry| entry.told.number);
    entries.dedup_by_key(|entry| entry.told.number);
    entries
}

fn text_of(disk: &impl Disk, path: &Path) -> Option<String> {
    String::from_utf8(disk.read(path).ok()?).ok()
}
