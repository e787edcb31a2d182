//! An upload on the card: `incoming/ID.part` has its bytes, `incoming/ID.json` what it is to become and how many of them are
//! on the card for certain.

use crate::core::{
    error::StorageError,
    hash::{Hash, Running},
    space::Kept,
    upload::{is_id, resume, LinuxDied, Plan},
};
use dkvm_sdk::files::{read, replace, sync_folder};
use rustix::{
    fs::{fallocate, FallocateFlags},
    io::Errno,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// So many bytes are lost to a cut of power at most; flushing more often makes a slow card slower, more seldom makes one flush
/// longer than a call may take.
const FLUSH_EVERY: u64 = 8 << 20;
/// A plan has some 400 bytes.
const MAX_PLAN: u64 = 16 * 1024;
/// Read back in pieces, between which others are served.
const PIECE: usize = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    plan: Plan,
    flushed: u64,
}

/// An upload that is not finished.
#[derive(Debug)]
pub struct Intake {
    /// What it is to become.
    pub plan: Plan,
    /// The next byte that is wanted.
    pub offset: u64,
    /// Whether its space is its own.
    pub kept: Kept,
    /// Of all bytes up to `offset`, where this process saw them all.
    running: Option<Running>,
    flushed: u64,
    file: File,
    folder: PathBuf,
}

impl Intake {
    /// A new one. Its space is kept for it where the file system can.
    pub fn create(folder: &Path, plan: Plan) -> Result<Self, StorageError> {
        let id = plan.id();
        let act = format!("beginning the upload of {}", plan.name);
        let made = open(&part(folder, &id)).and_then(|file| {
            let mark = Mark { plan, flushed: 0 };
            write_mark(folder, &mark)?;
            let kept = keep(&file, mark.plan.size)?;
            Ok(Self {
                plan: mark.plan,
                offset: 0,
                kept,
                running: Some(Running::default()),
                flushed: 0,
                file,
                folder: folder.to_owned(),
            })
        });
        if made.is_err() {
            remove(folder, &id);
        }
        made.map_err(StorageError::io(act))
    }

    fn load(folder: &Path, id: &str, died: LinuxDied) -> io::Result<Self> {
        let bytes = read(&json(folder, id), MAX_PLAN)?.unwrap_or_default();
        let mark: Mark = serde_json::from_slice(&bytes)?;
        if mark.plan.id() != id {
            return Err(io::Error::other("it is another upload's"));
        }
        let file = open(&part(folder, id))?;
        let offset = resume(&mark.plan, file.metadata()?.len(), mark.flushed, died);
        file.set_len(offset)?;
        let kept = keep(&file, mark.plan.size).unwrap_or(Kept::Nothing);
        Ok(Self {
            plan: mark.plan,
            offset,
            kept,
            running: (offset == 0).then(Running::default),
            flushed: mark.flushed.min(offset),
            file,
            folder: folder.to_owned(),
        })
    }

    /// Its name.
    pub fn id(&self) -> String {
        self.plan.id()
    }

    /// The file with its bytes.
    pub fn path(&self) -> PathBuf {
        part(&self.folder, &self.id())
    }

    /// The next bytes, which were found to be that.
    pub fn write(&mut self, data: &[u8]) -> Result<(), StorageError> {
        let act = || format!("writing {}", self.plan.name);
        let written = self.file.write_all_at(data, self.offset);
        written.map_err(StorageError::io(act()))?;
        if let Some(running) = &mut self.running {
            running.add(data);
        }
        self.offset += data.len() as u64;
        if self.offset - self.flushed >= FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }

    /// On return all that came is on the card, and known to be.
    pub fn flush(&mut self) -> Result<(), StorageError> {
        let act = format!("writing {}", self.plan.name);
        let mark = Mark {
            plan: self.plan.clone(),
            flushed: self.offset,
        };
        let flushed = self.file.sync_data().inspect_err(|_| self.back());
        flushed
            .and_then(|()| write_mark(&self.folder, &mark))
            .map_err(StorageError::io(act))?;
        self.flushed = self.offset;
        Ok(())
    }

    /// Linux counts what it could not write as written from then on: all since the last flush has to come again.
    fn back(&mut self) {
        self.offset = self.flushed;
        self.running = (self.offset == 0).then(Running::default);
        let fresh = open(&self.path()).and_then(|file| {
            file.set_len(self.offset)?;
            self.kept = keep(&file, self.plan.size).unwrap_or(Kept::Nothing);
            Ok(file)
        });
        match fresh {
            Ok(file) => self.file = file,
            Err(error) => dkvm_sdk::warn!(
                "{}: cannot cut it back to what is on the card: {error}",
                self.path().display()
            ),
        }
    }

    /// The hash of all of it, if this process saw it all.
    pub fn hash(&self) -> Option<Hash> {
        self.running.clone().map(Running::end)
    }

    /// Forgets it: also what is left of one that became an image.
    pub fn remove(self) {
        remove(&self.folder, &self.plan.id());
    }

    /// What it was, for its hash to be read back.
    pub fn verify(&self) -> Verify {
        Verify {
            id: self.id(),
            path: self.path(),
            at: 0,
            size: self.plan.size,
            running: Running::default(),
        }
    }
}

/// The hash of an upload that more than one process took in, read back piece by piece.
#[derive(Debug)]
pub struct Verify {
    /// Of which upload.
    pub id: String,
    path: PathBuf,
    at: u64,
    size: u64,
    running: Running,
}

impl Verify {
    /// One piece further; the hash at the end.
    pub fn go_on(&mut self) -> Result<Option<Hash>, StorageError> {
        let act = "reading the upload back".to_owned();
        let mut piece = vec![0; PIECE];
        let file = File::open(&self.path);
        let count = file.and_then(|file| match file.read_at(&mut piece, self.at)? {
            0 if self.at < self.size => Err(io::Error::other("it became shorter meanwhile")),
            count => Ok(count),
        });
        let count = count.map_err(StorageError::io(act))?;
        self.running.add(&piece[..count]);
        self.at += count as u64;
        let whole = self.at >= self.size;
        Ok(whole.then(|| std::mem::take(&mut self.running).end()))
    }
}

/// Those that earlier lives left. What makes no sense is removed: nothing could be made of it.
pub fn find(folder: &Path, died: LinuxDied) -> io::Result<Vec<Intake>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str());
        let id = id.filter(|id| is_id(id)).map(str::to_owned);
        match (path.extension().and_then(|end| end.to_str()), id) {
            (Some("json"), Some(id)) => match Intake::load(folder, &id, died) {
                Ok(intake) => found.push(intake),
                Err(error) => {
                    dkvm_sdk::warn!("an upload cannot be gone on with and is forgotten: {error}");
                    remove(folder, &id);
                }
            },
            (Some("part"), Some(id)) if json(folder, &id).is_file() => {}
            _ => drop(fs::remove_file(&path)),
        }
    }
    Ok(found)
}

fn part(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.part"))
}

fn json(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

fn write_mark(folder: &Path, mark: &Mark) -> io::Result<()> {
    let bytes = serde_json::to_vec(mark)?;
    replace(&json(folder, &mark.plan.id()), &bytes)
}

/// Blocks for all of it, beyond the file's end, so that its length still says how far it is.
fn keep(file: &File, size: u64) -> io::Result<Kept> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, size) {
        Ok(()) => Ok(Kept::Blocks),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Kept::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// What is not there need not be removed.
fn remove(folder: &Path, id: &str) {
    let _ = fs::remove_file(json(folder, id));
    let _ = fs::remove_file(part(folder, id));
    let _ = sync_folder(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::storage::PutBegin;

    fn plan(size: u64) -> Plan {
        Plan::of(&PutBegin {
            name: "a".into(),
            size,
            sha256: None,
            tag: String::new(),
            onto: None,
        })
        .unwrap()
    }

    #[test]
    fn it_goes_on_where_linux_knows_it_and_after_a_cut_where_the_card_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mut intake = Intake::create(path, plan(10)).unwrap();
        intake.write(b"abc").unwrap();
        intake.flush().unwrap();
        intake.write(b"def").unwrap();
        drop(intake);
        let found = find(path, LinuxDied::No).unwrap();
        assert_eq!((found.len(), found[0].offset), (1, 6));
        drop(found);
        let found = find(path, LinuxDied::Yes).unwrap();
        assert_eq!(found[0].offset, 3);
        assert_eq!(found[0].hash(), None, "it did not see them");
        assert_eq!(fs::read(found[0].path()).unwrap(), b"abc");
    }

    /// Takes what is written, and cannot flush it.
    fn failing() -> File {
        let mut options = OpenOptions::new();
        options.read(true).write(true).open("/dev/null").unwrap()
    }

    #[test]
    fn what_the_card_did_not_take_has_to_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut intake = Intake::create(folder.path(), plan(6)).unwrap();
        intake.write(b"abc").unwrap();
        intake.flush().unwrap();
        intake.write(b"xyz").unwrap();
        intake.file = failing();
        assert!(intake.flush().is_err());
        assert_eq!((intake.offset, intake.hash()), (3, None));
        assert_eq!(fs::read(intake.path()).unwrap(), b"abc");
        intake.write(b"def").unwrap();
        intake.flush().unwrap();
        let hash = intake.verify().go_on().unwrap();
        assert_eq!(hash, Some(Hash::of(b"abcdef")));
    }

    #[test]
    fn what_the_card_took_nothing_of_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut intake = Intake::create(folder.path(), plan(3)).unwrap();
        intake.write(b"xyz").unwrap();
        intake.file = failing();
        assert!(intake.flush().is_err());
        assert_eq!(intake.offset, 0);
        intake.write(b"abc").unwrap();
        intake.flush().unwrap();
        assert_eq!(intake.hash(), Some(Hash::of(b"abc")));
        assert_eq!(fs::read(intake.path()).unwrap(), b"abc");
    }

    #[test]
    fn a_hash_of_two_lives_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut intake = Intake::create(folder.path(), plan(6)).unwrap();
        intake.write(b"abc").unwrap();
        drop(intake);
        let mut intake = find(folder.path(), LinuxDied::No).unwrap().remove(0);
        intake.write(b"def").unwrap();
        let mut verify = intake.verify();
        let hash = loop {
            if let Some(hash) = verify.go_on().unwrap() {
                break hash;
            }
        };
        assert_eq!(hash, Hash::of(b"abcdef"));
        fs::remove_file(intake.path()).unwrap();
        assert!(intake.verify().go_on().is_err(), "the file vanished");
    }

    #[test]
    fn leavings_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let id = plan(10).id();
        for name in [format!("{id}.part"), "x.new".into(), "rubbish".into()] {
            fs::write(path.join(name), "x").unwrap();
        }
        fs::write(path.join(format!("{}.json", plan(9).id())), "{").unwrap();
        assert!(find(path, LinuxDied::No).unwrap().is_empty());
        let left: Vec<_> = fs::read_dir(path).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn what_is_forgotten_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let intake = Intake::create(folder.path(), plan(1 << 20)).unwrap();
        intake.remove();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
