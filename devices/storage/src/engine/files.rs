//! Files on FAT drives: listed, put, deleted. A change is made in a thread of its own on a copy of the drive, which takes its place
//! when it is whole: a death or a cut of power leaves the drive as it was, or as it should be.

use super::Engine;
use crate::{
    backend::Force,
    core::{
        error::StorageError,
        name::ImageName,
        record::Since,
        table::Held,
        upload::{Onto, Plan, TakeOut},
    },
    fat::{self, Change, Entry, FatError, FileNameError, Kind, Tree, MOST_BYTES},
};
use dkvm_wire::vocab::storage::{FileInfo, FileList, FileRef, FilesOf, Finished, MAX_FILES};
use std::{
    fs::{self, File},
    sync::mpsc::{sync_channel, Receiver, TryRecvError},
    thread,
};

/// Where a drive's copy is made: one at a time, removed at the next start if that is cut.
const DRAFT: &str = "changed.new";

/// A change under way.
#[derive(Debug)]
pub struct Changing {
    drive: ImageName,
    change: Change,
    what: What,
    done: Receiver<Result<(), FatError>>,
}

/// What it is for.
#[derive(Debug)]
enum What {
    /// An upload, and what is told of it.
    Put { id: String, finished: Finished },
    /// A deletion.
    Remove,
}

/// What came to its end.
#[derive(Debug)]
pub enum Ended {
    /// An upload, by its name.
    Put(String, Result<Finished, StorageError>),
    /// The deletion of a file.
    Removed(Result<(), StorageError>),
}

impl Engine {
    /// What is in a folder of a drive; also of one that the target uses.
    pub fn files(&self, of: &FilesOf) -> Result<FileList, StorageError> {
        let (name, _) = self.known(&of.image)?;
        let folder = fat::folders(&of.folder)?;
        let listed = self.with_tree(&name, |tree| Ok((tree.list(&folder)?, tree.free())));
        let (entries, free) = listed?;
        Ok(FileList {
            count: u32::try_from(entries.len()).unwrap_or(u32::MAX),
            files: entries.into_iter().take(MAX_FILES).map(info).collect(),
            free,
        })
    }

    fn with_tree<R>(
        &self,
        name: &ImageName,
        act: impl FnOnce(&Tree) -> Result<R, FatError>,
    ) -> Result<R, StorageError> {
        let file = File::open(self.library.path(name)).map_err(FatError::Io);
        let done = file.and_then(|file| Tree::open(&file).and_then(|tree| act(&tree)));
        done.map_err(|why| fat_error(name, why))
    }

    /// Whether an upload may become a file on a drive: said before its first byte.
    pub(super) fn admit_file(&self, plan: &Plan, onto: &Onto) -> Result<(), StorageError> {
        self.admit_change(&onto.drive, onto.take_out, plan.size)?;
        let folder: Vec<_> = onto.folder.iter().map(String::as_str).collect();
        self.with_tree(&onto.drive, |tree| {
            tree.admit(&folder, plan.name.as_str(), plan.size)
        })
    }

    /// Whether a drive may be changed, and there is room for its copy beside so many bytes.
    fn admit_change(
        &self,
        drive: &ImageName,
        take_out: TakeOut,
        beside: u64,
    ) -> Result<(), StorageError> {
        if self.is_refused() {
            return Err(StorageError::InMemory);
        }
        let (name, size) = self.known(drive.as_str())?;
        self.is_still(&name)?;
        if size > MOST_BYTES {
            return Err(fat_error(&name, FatError::TooLarge));
        }
        match self.record.drive_of(&name) {
            Some(lun) if take_out == TakeOut::No => {
                return Err(StorageError::InTarget { name, lun })
            }
            _ => {}
        }
        let left = self.free().saturating_sub(beside);
        match size > left {
            true => Err(StorageError::NoCopy { name, size, left }),
            false => Ok(()),
        }
    }

    /// No change of it is under way.
    pub(super) fn is_still(&self, name: &ImageName) -> Result<(), StorageError> {
        match self.is_changing(name) {
            true => Err(StorageError::Changing(name.clone())),
            false => Ok(()),
        }
    }

    pub(super) fn is_changing(&self, name: &ImageName) -> bool {
        let changing = self.changing.as_ref();
        changing.is_some_and(|changing| changing.drive == *name)
    }

    /// Whether a change is under way.
    pub fn is_busy(&self) -> bool {
        self.changing.is_some()
    }

    /// Whether that upload is on its way onto a drive.
    pub(super) fn is_put(&self, upload: &str) -> bool {
        let what = self.changing.as_ref().map(|changing| &changing.what);
        matches!(what, Some(What::Put { id, .. }) if id == upload)
    }

    /// A whole upload goes onto its drive; [`Engine::look_at_change`] tells the end.
    pub(super) fn put_file(
        &mut self,
        onto: &Onto,
        finished: Finished,
        id: &str,
    ) -> Result<(), StorageError> {
        let Some(intake) = self.uploads.get(id) else {
            return Err(StorageError::NoUpload);
        };
        let change = Change::Put {
            from: intake.path(),
            folder: onto.folder.clone(),
            name: intake.plan.name.to_string(),
        };
        let what = What::Put {
            id: id.to_owned(),
            finished,
        };
        self.begin_change((&onto.drive, onto.take_out), change, what)
    }

    /// Deletes a file; [`Engine::look_at_change`] tells the end. Asked for again, it is the same deletion.
    pub fn remove_file(&mut self, file: &FileRef) -> Result<(), StorageError> {
        let drive = ImageName::try_from(file.image.as_str())?;
        let mut folder: Vec<String> = fat::folders(&file.path)?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let name = folder.pop().ok_or(FileNameError::Path)?;
        let change = Change::Remove { folder, name };
        let same = |one: &Changing| one.drive == drive && one.change == change;
        if self.changing.as_ref().is_some_and(same) {
            return Ok(());
        }
        self.refresh();
        self.begin_change((&drive, file.take_out.into()), change, What::Remove)
    }

    fn begin_change(
        &mut self,
        (drive, take_out): (&ImageName, TakeOut),
        change: Change,
        what: What,
    ) -> Result<(), StorageError> {
        if let Some(other) = &self.changing {
            return Err(StorageError::Changing(other.drive.clone()));
        }
        self.refresh();
        self.admit_change(drive, take_out, 0)?;
        self.with_tree(drive, |tree| change.check(tree))?;
        self.out_for_now(drive)?;
        let started = self.spawn(drive, &change);
        let done = match started {
            Ok(done) => done,
            Err(error) => {
                self.converge();
                return Err(StorageError::io("starting a thread")(error));
            }
        };
        self.placed = None;
        self.changing = Some(Changing {
            drive: drive.clone(),
            change,
            what,
            done,
        });
        Ok(())
    }

    fn spawn(
        &self,
        drive: &ImageName,
        change: &Change,
    ) -> std::io::Result<Receiver<Result<(), FatError>>> {
        let (tell, done) = sync_channel(1);
        let (path, draft) = (
            self.library.path(drive),
            self.library.incoming().join(DRAFT),
        );
        let change = change.clone();
        let thread = thread::Builder::new().name("files".into());
        thread.spawn(move || {
            // Whoever wants to know has ended when this fails.
            let _ = tell.send(fat::change(&path, &draft, &change));
        })?;
        Ok(done)
    }

    /// Out of the target's drive, whose slot keeps it. The target's lock is respected.
    fn out_for_now(&mut self, drive: &ImageName) -> Result<(), StorageError> {
        let Some(lun) = self.record.drive_of(drive) else {
            return Ok(());
        };
        // Without drives now, it is in none.
        match self.held(lun) {
            Ok(Held::Image(name)) if name == *drive => self.take_out(lun, Force::No),
            _ => Ok(()),
        }
    }

    /// What became of the change, if it is over.
    pub(super) fn look_at_change(&mut self) -> Option<Ended> {
        let result = match self.changing.as_ref()?.done.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(FatError::Damaged("its change broke off")),
            Ok(result) => result,
        };
        let Changing { drive, what, .. } = self.changing.take()?;
        let result = result.map_err(|why| fat_error(&drive, why));
        let result = result.and_then(|()| self.replace(&drive));
        // What is not there need not be removed.
        let _ = fs::remove_file(self.library.incoming().join(DRAFT));
        self.refresh();
        self.converge();
        Some(match what {
            What::Remove => Ended::Removed(result),
            What::Put { id, finished } => {
                let result = result.map(|()| self.placed(&id, finished));
                Ended::Put(id, result)
            }
        })
    }

    fn replace(&mut self, drive: &ImageName) -> Result<(), StorageError> {
        let known = self.record.images.entry(drive.clone()).or_default();
        known.since = Since::Modified;
        self.save()?;
        let draft = self.library.incoming().join(DRAFT);
        self.library.publish(&draft, drive)
    }

    /// Known until the next change: whoever lost the answer asks again.
    fn placed(&mut self, id: &str, finished: Finished) -> Finished {
        if let Some(intake) = self.uploads.remove(id) {
            intake.remove();
        }
        self.placed = Some((id.to_owned(), finished.clone()));
        finished
    }
}

fn fat_error(name: &ImageName, why: FatError) -> StorageError {
    let name = name.clone();
    StorageError::Fat { name, why }
}

fn info(entry: Entry) -> FileInfo {
    FileInfo {
        name: entry.name,
        size: u64::from(entry.size),
        folder: entry.kind == Kind::Folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::{Backend, Drives},
        config::{BackendKind, Config, Folders, InMemory},
    };
    use dkvm_wire::vocab::storage::{Access, Attach, Drive, Medium, Rename};
    use std::{path::Path, time::Duration};

    fn engine(folder: &Path) -> Engine {
        let config = Config {
            backend: BackendKind::Dummy,
            in_memory: InMemory::Allow,
            reserve_mib: 0,
        };
        let folders = Folders {
            state: folder.to_owned(),
            run: Some(folder.to_owned()),
        };
        let mut engine = Engine::start(&config, &folders).unwrap();
        let drive = Drive {
            image: "d".into(),
            size: 1 << 20,
        };
        engine.make_drive(&drive).unwrap();
        let attach = Attach {
            lun: 0,
            image: "d".into(),
            medium: Medium::Disk,
            access: Access::Writable,
        };
        engine.attach(&attach).unwrap();
        engine
    }

    fn name() -> ImageName {
        ImageName::try_from("d").unwrap()
    }

    /// A change that goes on until something is said.
    fn begin(engine: &mut Engine) -> std::sync::mpsc::SyncSender<Result<(), FatError>> {
        let (tell, done) = sync_channel(1);
        engine.out_for_now(&name()).unwrap();
        engine.changing = Some(Changing {
            drive: name(),
            change: Change::Remove {
                folder: Vec::new(),
                name: "x".into(),
            },
            what: What::Remove,
            done,
        });
        tell
    }

    fn in_it(engine: &mut Engine) -> Held {
        engine.held(0).unwrap()
    }

    #[test]
    fn while_it_changes_a_drive_stays_out_and_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine(folder.path());
        let tell = begin(&mut engine);
        engine.look();
        assert_eq!(in_it(&mut engine), Held::Empty);
        assert_eq!(engine.state().luns[0].image.as_deref(), Some("d"));
        let attach = Attach {
            lun: 1,
            image: "d".into(),
            medium: Medium::Disk,
            access: Access::Writable,
        };
        let rename = Rename {
            image: "d".into(),
            to: "e".into(),
        };
        let refused = [
            engine.attach(&attach),
            engine.rename(&rename),
            engine.delete("d"),
        ];
        for result in refused {
            assert!(matches!(result, Err(StorageError::Changing(_))));
        }
        assert!(engine.look_at_change().is_none());
        tell.send(Err(FatError::NoFile("x".into()))).unwrap();
        assert!(matches!(
            engine.look_at_change(),
            Some(Ended::Removed(Err(_)))
        ));
        assert_eq!(in_it(&mut engine), Held::Image(name()));
    }

    #[test]
    fn a_death_in_between_puts_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = engine(folder.path());
        let _tell = begin(&mut first);
        drop(first);
        let config = Config {
            backend: BackendKind::Dummy,
            in_memory: InMemory::Allow,
            reserve_mib: 0,
        };
        let folders = Folders {
            state: folder.path().to_owned(),
            run: Some(folder.path().to_owned()),
        };
        let mut again = Engine::start(&config, &folders).unwrap();
        assert_eq!(in_it(&mut again), Held::Image(name()));
    }

    #[test]
    fn a_drive_that_the_target_locked_stays_in_and_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine(folder.path());
        let before = fs::read(folder.path().join("images/d")).unwrap();
        match engine.port_for_tests(0) {
            Backend::Dummy(dummy) => dummy.lock(0),
            Backend::Configfs(_) => unreachable!(),
        }
        let from = folder.path().join("file");
        fs::write(&from, "abc").unwrap();
        let change = Change::Put {
            from,
            folder: Vec::new(),
            name: "a".into(),
        };
        let refused = engine.begin_change((&name(), TakeOut::Yes), change, What::Remove);
        assert!(
            matches!(refused, Err(StorageError::Locked(0))),
            "{refused:?}"
        );
        assert!(!engine.is_busy());
        assert!(engine.port_for_tests(0).look(0).unwrap().is_some());
        assert!(fs::read(folder.path().join("images/d")).unwrap() == before);
    }

    #[test]
    fn without_room_for_a_copy_nothing_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine(folder.path());
        engine.space.free = 1000;
        let refused = engine.admit_change(&name(), TakeOut::Yes, 0);
        assert!(
            matches!(refused, Err(StorageError::NoCopy { left: 1000, .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_deletion_asked_for_twice_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = engine(folder.path());
        let from = folder.path().join("file");
        fs::write(&from, "abc").unwrap();
        let change = Change::Put {
            from,
            folder: Vec::new(),
            name: "x".into(),
        };
        engine
            .begin_change((&name(), TakeOut::Yes), change, What::Remove)
            .unwrap();
        wait(&mut engine);
        let file = FileRef {
            image: "d".into(),
            path: "x".into(),
            take_out: true,
        };
        engine.remove_file(&file).unwrap();
        engine.remove_file(&file).unwrap();
        wait(&mut engine);
        assert!(engine.remove_file(&file).is_err());
    }

    fn wait(engine: &mut Engine) {
        loop {
            match engine.look_at_change() {
                Some(Ended::Removed(result)) => return result.unwrap(),
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}
