//! The drives: where they are, what is put in and taken out, and what is put back after a death.

use super::{
    place::{Node, Where},
    Engine,
};
use crate::{
    backend::{Backend, Configfs, Drives, Dummy, Force},
    config::{BackendKind, Config},
    core::{
        error::StorageError,
        kind::fits,
        name::ImageName,
        record::{Record, Since},
        table::{step, Held, Inserted, Slot, Step},
    },
};
use dkvm_sdk::files::replace;
use dkvm_wire::vocab::storage::{Access, Attach, Eject, LunInfo, Medium};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// In the run directory: what was put into which drive since the gadget was bound.
const INSERTED: &str = "inserted.json";
const NOT_SAID: &str = "the gadget device has not said yet what it has bound";

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    binding: u32,
    #[serde(default)]
    node: Node,
    luns: BTreeMap<u32, ImageName>,
}

/// The drives, if there are any.
#[derive(Debug)]
pub struct Port {
    kind: BackendKind,
    backend: Option<Backend>,
    reason: String,
    seen: Seen,
    problems: BTreeMap<u32, String>,
    run: Option<PathBuf>,
}

impl Port {
    /// Nothing is known of the gadget yet; the dummy needs none.
    pub fn new(kind: BackendKind, run: Option<&Path>) -> Self {
        let dummy = || Backend::Dummy(Dummy::new(Config::dummy_luns()));
        let run = run.map(|run| run.join(INSERTED));
        let seen = run.as_ref().and_then(|path| fs::read(path).ok());
        Self {
            kind,
            backend: (kind == BackendKind::Dummy).then(dummy),
            reason: NOT_SAID.to_owned(),
            seen: seen
                .filter(|_| kind == BackendKind::Configfs)
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default(),
            problems: BTreeMap::new(),
            run,
        }
    }

    /// Why there are none.
    pub fn reason(&self) -> Option<String> {
        self.backend.is_none().then(|| self.reason.clone())
    }

    /// Each drive as it is told.
    pub fn infos(&self, record: &Record) -> Vec<LunInfo> {
        (0..self.count())
            .map(|lun| {
                let slot = record.luns.get(&lun);
                LunInfo {
                    index: lun,
                    image: slot.map(|slot| slot.image.to_string()),
                    medium: slot.map_or(Medium::Disk, |slot| slot.medium),
                    access: slot.map_or(Access::ReadOnly, |slot| slot.access),
                    problem: self.problems.get(&lun).cloned(),
                }
            })
            .collect()
    }

    fn count(&self) -> u32 {
        self.backend.as_ref().map_or(0, Drives::count)
    }

    fn backend(&mut self, lun: u32) -> Result<&mut Backend, StorageError> {
        let count = self.count();
        match &mut self.backend {
            None => Err(StorageError::NoDrives(self.reason.clone())),
            Some(_) if lun >= count => Err(StorageError::NoLun { lun, count }),
            Some(backend) => Ok(backend),
        }
    }

    fn bind(&mut self, place: Where) {
        if self.kind == BackendKind::Dummy {
            return;
        }
        self.problems.clear();
        self.backend = None;
        match place {
            Where::Nowhere(reason) => self.reason = reason,
            Where::At(node, binding) => match Configfs::open(&node.path) {
                Ok(drives) => {
                    self.backend = Some(Backend::Configfs(drives));
                    if (self.seen.binding, &self.seen.node) != (binding, &node) {
                        let luns = BTreeMap::new();
                        self.see(Seen {
                            binding,
                            node,
                            luns,
                        });
                    }
                }
                Err(error) => self.reason = error.to_string(),
            },
        }
    }

    /// Into a function that was rebuilt meanwhile nothing was put, whatever it is called.
    fn inserted(&self, lun: u32, slot: Option<&Slot>) -> Inserted {
        match (self.seen.luns.get(&lun), slot) {
            (Some(name), Some(slot)) if *name == slot.image && self.is_seen() => Inserted::Yes,
            _ => Inserted::NotYet,
        }
    }

    fn is_seen(&self) -> bool {
        self.kind == BackendKind::Dummy || self.seen.node.is_there()
    }

    /// What a drive holds since; kept, so that the next life of this process tells what the target ejects.
    fn holds(&mut self, lun: u32, image: Option<&ImageName>) {
        if self.seen.luns.get(&lun) == image {
            return;
        }
        let mut luns = self.seen.luns.clone();
        match image {
            Some(name) => drop(luns.insert(lun, name.clone())),
            None => drop(luns.remove(&lun)),
        }
        self.see(Seen {
            binding: self.seen.binding,
            node: self.seen.node.clone(),
            luns,
        });
    }

    fn see(&mut self, seen: Seen) {
        if let Some(path) = &self.run {
            let bytes = serde_json::to_vec(&seen).map_err(std::io::Error::other);
            if let Err(error) = bytes.and_then(|bytes| replace(path, &bytes)) {
                dkvm_sdk::warn!("cannot write {}: {error}", path.display());
            }
        }
        self.seen = seen;
    }

    fn found(&mut self, lun: u32, problem: Option<String>) {
        match problem {
            Some(problem) => {
                if self.problems.get(&lun) != Some(&problem) {
                    dkvm_sdk::warn!("drive {lun}: {problem}");
                }
                self.problems.insert(lun, problem);
            }
            None => drop(self.problems.remove(&lun)),
        }
    }
}

impl Engine {
    /// The gadget said where the drives are.
    pub fn bound(&mut self, place: Where) {
        self.port.bind(place);
        self.converge();
    }

    /// Makes each drive hold what it should.
    pub(super) fn converge(&mut self) {
        for lun in 0..self.port.count() {
            match self.converge_one(lun) {
                Ok(problem) => self.port.found(lun, problem),
                Err(error) => self.port.found(lun, Some(error.to_string())),
            }
        }
    }

    /// One drive; what is to be said about it.
    fn converge_one(&mut self, lun: u32) -> Result<Option<String>, StorageError> {
        let slot = self.record.luns.get(&lun).cloned();
        let known = self.port.problems.get(&lun).cloned();
        if slot
            .as_ref()
            .is_some_and(|slot| self.is_changing(&slot.image))
        {
            // It is out for the moment.
            return Ok(known);
        }
        let held = self.held(lun)?;
        match step(slot.as_ref(), &held, self.port.inserted(lun, slot.as_ref())) {
            Step::Nothing => {
                self.port.holds(lun, slot.as_ref().map(|slot| &slot.image));
                // An empty drive goes on saying why it is empty.
                return Ok(known.filter(|_| slot.is_none()));
            }
            Step::Eject => self.take_out(lun, Force::No)?,
            Step::Forget => {
                self.empty(lun)?;
                let name = slot.map(|slot| slot.image.to_string()).unwrap_or_default();
                return Ok(Some(format!("the target ejected {name}")));
            }
            Step::Insert => return self.put_back(lun, slot, &held),
        }
        Ok(known)
    }

    pub(super) fn held(&mut self, lun: u32) -> Result<Held, StorageError> {
        let file = self.port.backend(lun)?.look(lun);
        Ok(match file.map_err(|error| error.of(lun))? {
            None => Held::Empty,
            Some(path) => self
                .library
                .name_of(&path)
                .map_or(Held::Foreign, Held::Image),
        })
    }

    fn put_back(
        &mut self,
        lun: u32,
        slot: Option<Slot>,
        held: &Held,
    ) -> Result<Option<String>, StorageError> {
        let Some(slot) = slot else { return Ok(None) };
        if *held != Held::Empty {
            self.take_out(lun, Force::No)?;
        }
        if self.library.size(&slot.image).is_none() {
            self.empty(lun)?;
            let name = slot.image;
            return Ok(Some(format!("{name} was in it, and is not there any more")));
        }
        self.put_in(lun, &slot)?;
        Ok(None)
    }

    fn put_in(&mut self, lun: u32, slot: &Slot) -> Result<(), StorageError> {
        let file = self.library.path(&slot.image);
        let backend = self.port.backend(lun)?;
        let done = backend.insert(lun, &file, (slot.medium, slot.access));
        done.map_err(|error| error.of(lun))?;
        self.port.holds(lun, Some(&slot.image));
        Ok(())
    }

    pub(super) fn take_out(&mut self, lun: u32, force: Force) -> Result<(), StorageError> {
        let done = self.port.backend(lun)?.eject(lun, force);
        done.map_err(|error| error.of(lun))?;
        self.port.holds(lun, None);
        Ok(())
    }

    /// Nothing is to be in it.
    fn empty(&mut self, lun: u32) -> Result<(), StorageError> {
        self.port.holds(lun, None);
        match self.record.luns.remove(&lun) {
            Some(_) => self.save(),
            None => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn port_for_tests(&mut self, lun: u32) -> &mut Backend {
        self.port.backend(lun).unwrap()
    }

    /// Puts an image into a drive.
    pub fn attach(&mut self, attach: &Attach) -> Result<(), StorageError> {
        let (name, size) = self.known(&attach.image)?;
        self.is_still(&name)?;
        self.port.backend(attach.lun)?;
        if let Some(lun) = self.record.drive_of(&name).filter(|lun| *lun != attach.lun) {
            return Err(StorageError::InDrive { name, lun });
        }
        let head = self.library.head(&name)?;
        if let Err(unfit) = fits(size, &head, attach.medium) {
            return Err(StorageError::Unfit { name, unfit });
        }
        if self.held(attach.lun)? != Held::Empty {
            self.take_out(attach.lun, Force::No)?;
        }
        let access = match attach.medium {
            Medium::Cdrom => Access::ReadOnly,
            Medium::Disk => attach.access,
        };
        let slot = Slot {
            image: name,
            medium: attach.medium,
            access,
        };
        self.fill(attach.lun, slot)
    }

    /// What is kept is written first: after a death the drive gets it.
    fn fill(&mut self, lun: u32, slot: Slot) -> Result<(), StorageError> {
        if slot.access == Access::Writable {
            let known = self.record.images.entry(slot.image.clone()).or_default();
            known.since = Since::Modified;
        }
        self.record.luns.insert(lun, slot.clone());
        self.save()?;
        let done = self.put_in(lun, &slot);
        match &done {
            Ok(()) => self.port.found(lun, None),
            Err(_) => self.empty(lun)?,
        }
        done
    }

    /// Takes out what is in a drive.
    pub fn eject(&mut self, eject: Eject) -> Result<(), StorageError> {
        match self.port.backend(eject.lun).map(drop) {
            Ok(()) if self.held(eject.lun)? != Held::Empty => {
                self.take_out(eject.lun, eject.force.into())?;
            }
            // A drive that the profile has not now: its image only waits to be put back, and can be had out of it.
            Err(error) if !self.record.luns.contains_key(&eject.lun) => return Err(error),
            _ => {}
        }
        self.port.found(eject.lun, None);
        self.empty(eject.lun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Folders, InMemory};

    fn engine(folder: &Path) -> Engine {
        let config = Config {
            backend: BackendKind::Dummy,
            in_memory: InMemory::Allow,
            reserve_mib: 0,
        };
        let folders = Folders {
            state: folder.to_owned(),
            run: None,
        };
        Engine::start(&config, &folders).unwrap()
    }

    fn with_image() -> (tempfile::TempDir, Engine) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("images")).unwrap();
        fs::write(folder.path().join("images/a.img"), [0; 1024]).unwrap();
        let engine = engine(folder.path());
        (folder, engine)
    }

    fn attach(access: Access) -> Attach {
        Attach {
            lun: 0,
            image: "a.img".into(),
            medium: Medium::Disk,
            access,
        }
    }

    fn dummy(engine: &mut Engine) -> &mut Dummy {
        match engine.port.backend(0).unwrap() {
            Backend::Dummy(dummy) => dummy,
            Backend::Configfs(_) => unreachable!(),
        }
    }

    #[test]
    fn a_drive_that_the_target_locked_opens_by_force_alone() {
        let (_folder, mut engine) = with_image();
        engine.attach(&attach(Access::Writable)).unwrap();
        dummy(&mut engine).lock(0);
        let eject = |force| Eject { lun: 0, force };
        let error = engine.eject(eject(false)).unwrap_err();
        assert!(matches!(error, StorageError::Locked(0)), "{error}");
        assert!(engine.attach(&attach(Access::ReadOnly)).is_err());
        assert!(engine.state().luns[0].image.is_some());
        engine.eject(eject(true)).unwrap();
        assert_eq!(engine.state().luns[0].image, None);
    }

    #[test]
    fn what_may_have_been_written_is_told() {
        let (_folder, mut engine) = with_image();
        engine.attach(&attach(Access::ReadOnly)).unwrap();
        assert!(!engine.state().images[0].modified);
        engine.attach(&attach(Access::Writable)).unwrap();
        assert!(engine.state().images[0].modified);
    }

    #[test]
    fn an_image_in_a_drive_is_neither_deleted_nor_renamed_nor_put_into_another() {
        let (_folder, mut engine) = with_image();
        engine.attach(&attach(Access::Writable)).unwrap();
        assert!(engine.delete("a.img").is_err());
        let rename = dkvm_wire::vocab::storage::Rename {
            image: "a.img".into(),
            to: "b.img".into(),
        };
        assert!(engine.rename(&rename).is_err());
        let other = Attach {
            lun: 1,
            ..attach(Access::ReadOnly)
        };
        let error = engine.attach(&other).unwrap_err();
        assert!(error.to_string().contains("drive 0"), "{error}");
        engine
            .eject(Eject {
                lun: 0,
                force: false,
            })
            .unwrap();
        engine.rename(&rename).unwrap();
        engine.delete("b.img").unwrap();
        assert!(engine.state().images.is_empty());
    }

    #[test]
    fn a_file_that_vanishes_is_told_and_its_drive_empty() {
        let (folder, mut engine) = with_image();
        engine.attach(&attach(Access::Writable)).unwrap();
        fs::remove_file(folder.path().join("images/a.img")).unwrap();
        engine.look();
        let lun = &engine.state().luns[0];
        assert_eq!(lun.image, None);
        assert!(lun.problem.as_ref().unwrap().contains("a.img"), "{lun:?}");
        assert_eq!(dummy(&mut engine).look(0).unwrap(), None);
    }

    #[test]
    fn drives_that_are_not_there_are_told() {
        let (_folder, mut engine) = with_image();
        let error = engine.attach(&Attach {
            lun: 7,
            ..attach(Access::ReadOnly)
        });
        assert!(matches!(
            error,
            Err(StorageError::NoLun { lun: 7, count: 2 })
        ));
    }

    fn function(folder: &Path, name: &str) -> PathBuf {
        let function = folder.join(name);
        for lun in 0..2 {
            let lun = function.join(format!("lun.{lun}"));
            fs::create_dir_all(&lun).unwrap();
            fs::write(lun.join("file"), "").unwrap();
        }
        function
    }

    /// In drive 0 of a function of Linux's.
    fn plugged() -> (tempfile::TempDir, Engine, PathBuf) {
        let (folder, engine) = with_image();
        drop(engine);
        let config = Config {
            backend: BackendKind::Configfs,
            in_memory: InMemory::Allow,
            reserve_mib: 0,
        };
        let folders = Folders {
            state: folder.path().to_owned(),
            run: Some(folder.path().to_owned()),
        };
        let mut engine = Engine::start(&config, &folders).unwrap();
        let function = function(folder.path(), "mass_storage.X-3");
        engine.bound(Where::at(&function, 1));
        engine.attach(&attach(Access::Writable)).unwrap();
        (folder, engine, function)
    }

    fn in_it(function: &Path) -> String {
        fs::read_to_string(function.join("lun.0/file")).unwrap()
    }

    #[test]
    fn a_function_of_another_profile_told_before_its_binding_gets_the_image() {
        let (folder, mut engine, _) = plugged();
        let other = function(folder.path(), "mass_storage.X-0");
        engine.bound(Where::at(&other, 1));
        assert!(in_it(&other).ends_with("/a.img"), "{:?}", engine.state());
        engine.bound(Where::at(&other, 2));
        assert_eq!(engine.state().luns[0].image.as_deref(), Some("a.img"));
        // There it is known again that only the target can have ejected it.
        fs::write(other.join("lun.0/file"), "").unwrap();
        engine.look();
        assert_eq!(engine.state().luns[0].image, None);
    }

    #[test]
    fn a_function_rebuilt_at_the_same_path_gets_the_image_also_before_it_is_told() {
        let (folder, mut engine, old) = plugged();
        let fresh = function(folder.path(), "fresh");
        fs::rename(&old, folder.path().join("away")).unwrap();
        fs::rename(&fresh, &old).unwrap();
        engine.look();
        assert!(in_it(&old).ends_with("/a.img"), "{:?}", engine.state());
        let told = Where::at(&old, 1);
        engine.bound(told);
        assert_eq!(engine.state().luns[0].image.as_deref(), Some("a.img"));
    }

    #[test]
    fn the_image_of_a_drive_that_is_not_there_now_can_be_had_out_of_it() {
        let (_folder, mut engine, _) = plugged();
        engine.bound(Where::Nowhere("no storage in it".into()));
        let refused = engine.delete("a.img").unwrap_err();
        assert!(refused.to_string().contains("drive 0"), "{refused}");
        let eject = |lun| Eject { lun, force: false };
        assert!(matches!(
            engine.eject(eject(1)),
            Err(StorageError::NoDrives(_))
        ));
        engine.eject(eject(0)).unwrap();
        engine.delete("a.img").unwrap();
    }

    #[test]
    fn after_a_restart_the_drive_gets_its_image_back() {
        let (folder, mut first) = with_image();
        first.attach(&attach(Access::Writable)).unwrap();
        drop(first);
        let again = engine(folder.path());
        assert_eq!(again.state().luns[0].image.as_deref(), Some("a.img"));
        assert_eq!(again.state().luns[0].access, Access::Writable);
    }
}
