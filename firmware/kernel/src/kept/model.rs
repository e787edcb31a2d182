//! A disk whose power can be cut: what was not synced is lost, in part or wholly.

use super::disk::{Disk, Step};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A change of a directory that is not on the disk yet.
#[derive(Debug, Clone)]
enum Pending {
    Put(PathBuf, usize),
    Gone(PathBuf),
}

#[derive(Debug, Clone, Default)]
struct File {
    now: Vec<u8>,
    synced: Option<Vec<u8>>,
}

/// When it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Never,
    /// Nothing is done any more from that step on: the power is cut.
    Cut(usize),
    /// No room for what is written from that step on.
    Full(usize),
    /// That step fails, and all after it.
    Broken(usize),
    /// Nothing can be written.
    ReadOnly,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    pending: Vec<Pending>,
    pub(super) steps: usize,
    pub(super) trouble: Trouble,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
            steps: 0,
            trouble: Trouble::Never,
        }
    }

    pub(super) fn text(&self, path: &Path) -> Option<String> {
        String::from_utf8(self.read(path).ok()?).ok()
    }

    /// How many changes of directories a cut may lose.
    pub(super) fn unsynced(&self) -> usize {
        self.pending.len()
    }

    /// The disk after a cut of power that lost all but the first `kept` of what was not synced.
    pub(super) fn after_cut(&self, kept: usize) -> Self {
        let mut names = self.durable.clone();
        for change in self.pending.iter().take(kept) {
            match change {
                Pending::Put(path, file) => drop(names.insert(path.clone(), *file)),
                Pending::Gone(path) => drop(names.remove(path)),
            }
        }
        let torn = |file: &File| {
            let left = file
                .synced
                .clone()
                .unwrap_or_else(|| file.now[..file.now.len() / 2].to_vec());
            File {
                now: left.clone(),
                synced: Some(left),
            }
        };
        Self {
            files: self.files.iter().map(torn).collect(),
            durable: names.clone(),
            names,
            pending: Vec::new(),
            steps: 0,
            trouble: Trouble::Never,
        }
    }

    /// The same, where only the kernel was killed.
    pub(super) fn after_kill(&self) -> Self {
        Self {
            steps: 0,
            trouble: Trouble::Never,
            ..self.clone()
        }
    }

    fn put(&mut self, path: &Path, file: usize) {
        self.names.insert(path.to_owned(), file);
        self.pending.push(Pending::Put(path.to_owned(), file));
    }

    fn drop_name(&mut self, path: &Path) {
        self.names.remove(path);
        self.pending.push(Pending::Gone(path.to_owned()));
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) {
        let at = match self.names.get(path) {
            Some(at) => *at,
            None => {
                self.files.push(File::default());
                self.put(path, self.files.len() - 1);
                self.files.len() - 1
            }
        };
        self.files[at].now = bytes.to_vec();
    }

    fn sync(&mut self, path: &Path) {
        if let Some(at) = self.names.get(path) {
            self.files[*at].synced = Some(self.files[*at].now.clone());
            return;
        }
        let of_dir = |change: &Pending| {
            let (Pending::Put(of, _) | Pending::Gone(of)) = change;
            of.parent() == Some(path)
        };
        let (done, left) = self.pending.drain(..).partition(|change| of_dir(change));
        self.pending = left;
        for change in done {
            match change {
                Pending::Put(path, file) => drop(self.durable.insert(path, file)),
                Pending::Gone(path) => drop(self.durable.remove(&path)),
            }
        }
    }

    fn do_step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::MakeDir(_) => {}
            Step::Write(path, bytes) => self.write(path, bytes),
            Step::Sync(path) => self.sync(path),
            Step::Rename(from, to) => {
                let file = *self.names.get(from).ok_or(ErrorKind::NotFound)?;
                self.names.remove(from);
                self.names.insert(to.clone(), file);
                // One change: a rename is done or not.
                self.pending.push(Pending::Put(to.clone(), file));
                self.pending.push(Pending::Gone(from.clone()));
            }
            Step::Remove(path) => self.drop_name(path),
        }
        Ok(())
    }
}

impl Disk for Model {
    fn act(&mut self, step: &Step) -> io::Result<()> {
        let at = self.steps;
        self.steps += 1;
        match (self.trouble, step) {
            (Trouble::Cut(cut), _) if at >= cut => return Err(ErrorKind::Other.into()),
            (Trouble::Broken(from), _) if at >= from => return Err(ErrorKind::Other.into()),
            (Trouble::ReadOnly, _) => return Err(ErrorKind::ReadOnlyFilesystem.into()),
            (Trouble::Full(from), Step::Write(path, bytes)) if at >= from => {
                let part = bytes[..bytes.len() / 2].to_vec();
                self.write(path, &part);
                return Err(ErrorKind::StorageFull.into());
            }
            _ => {}
        }
        self.do_step(step)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(self.files[*file].now.clone())
    }

    fn list(&self, dir: &Path) -> Vec<String> {
        let inside = self.names.keys().filter(|path| path.parent() == Some(dir));
        inside
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect()
    }
}
