//! The library, the uploads and the drives together: what each method does. Runs in the worker's thread.

mod drives;
mod files;
mod images;
mod place;
mod uploads;

pub use files::Ended;
pub use place::Where;
pub use uploads::Finish;

use crate::{
    config::{Config, Folders, InMemory},
    core::{
        error::StorageError,
        name::ImageName,
        record::{Record, Since},
        space::{Kept, Place, Space},
        upload::LinuxDied,
    },
    fat::is_fat,
    library::{Intake, Library},
};
use dkvm_wire::vocab::storage::{Finished, Incoming, StorageState, StoredImage};
use drives::Port;
use files::Changing;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};
use uploads::Reading;

/// There as long as Linux has not been restarted since.
const ALIVE: &str = "alive";

/// All that the device keeps.
#[derive(Debug)]
pub struct Engine {
    library: Library,
    record: Record,
    /// As the folder said last: it is not read for every chunk.
    images: Vec<(ImageName, u64)>,
    /// Those of them that begin as a FAT drive does.
    fat: BTreeSet<ImageName>,
    uploads: BTreeMap<String, Intake>,
    reading: Vec<Reading>,
    /// The drive whose files change.
    changing: Option<Changing>,
    /// The upload that became a file last.
    placed: Option<(String, Finished)>,
    port: Port,
    space: Space,
    reserve: u64,
    in_memory: InMemory,
}

impl Engine {
    /// With what earlier lives left.
    pub fn start(config: &Config, folders: &Folders) -> Result<Self, StorageError> {
        let mut engine = Self::found(config, folders)?;
        engine.look();
        // Only now: a death before all uploads were cut back to what is certain must not make the next life trust the rest.
        mark_alive(folders);
        Ok(engine)
    }

    /// What earlier lives left, uploads cut back to what of them is certain.
    fn found(config: &Config, folders: &Folders) -> Result<Self, StorageError> {
        let library = Library::open(&folders.state)?;
        let intakes = library.intakes(linux_died(folders))?;
        let mut engine = Self {
            record: library.load(),
            images: library.images()?,
            fat: BTreeSet::new(),
            uploads: intakes.into_iter().map(|one| (one.id(), one)).collect(),
            reading: Vec::new(),
            changing: None,
            placed: None,
            port: Port::new(config.backend, folders.run.as_deref()),
            space: library.space()?,
            reserve: config.reserve(),
            in_memory: config.in_memory,
            library,
        };
        engine.forget_published();
        Ok(engine)
    }

    /// A death between an image's name and the end of its upload leaves a plan without bytes.
    fn forget_published(&mut self) {
        let there: Vec<_> = self.images.iter().map(|(name, _)| name.clone()).collect();
        self.record.keep_only(&there);
        let record = &self.record;
        let over = |id: &String| record.finished(id).is_some();
        let ids: Vec<_> = self.uploads.keys().filter(|id| over(id)).cloned().collect();
        for id in ids {
            if let Some(intake) = self.uploads.remove(&id) {
                intake.remove();
            }
        }
    }

    /// What changes without us: files, space, what the target ejects.
    pub fn look(&mut self) {
        self.refresh();
        self.converge();
    }

    /// The folder's content and the free space, as they are now.
    fn refresh(&mut self) {
        match self.library.images() {
            Ok(images) => {
                let fat = images
                    .iter()
                    .filter(|(name, _)| is_fat(&self.library.path(name)));
                self.fat = fat.map(|(name, _)| name.clone()).collect();
                self.images = images;
            }
            Err(error) => dkvm_sdk::warn!("{error}"),
        }
        match self.library.space() {
            Ok(space) => self.space = space,
            Err(error) => dkvm_sdk::warn!("{error}"),
        }
    }

    /// For all to see.
    pub fn state(&self) -> StorageState {
        StorageState {
            images: self.images.iter().map(|image| self.info(image)).collect(),
            incoming: self.uploads.values().map(|one| self.told(one)).collect(),
            luns: self.port.infos(&self.record),
            reason: self.port.reason(),
            free: self.free(),
            total: self.space.total,
        }
    }

    fn info(&self, (name, size): &(ImageName, u64)) -> StoredImage {
        let known = self.record.images.get(name);
        StoredImage {
            name: name.to_string(),
            size: *size,
            sha256: known
                .and_then(|known| known.sha256)
                .map(|hash| hash.to_string()),
            modified: known.is_some_and(|known| known.since == Since::Modified),
            fat: self.fat.contains(name),
        }
    }

    fn told(&self, intake: &Intake) -> Incoming {
        let id = intake.id();
        Incoming {
            verifying: self.is_put(&id) || self.reading.iter().any(|reading| reading.is_of(&id)),
            id,
            name: intake.plan.label(),
            size: intake.plan.size,
            offset: intake.offset,
        }
    }

    /// What one more upload may have.
    fn free(&self) -> u64 {
        if self.is_refused() {
            return 0;
        }
        let open = self
            .uploads
            .values()
            .filter(|one| one.kept == Kept::Nothing);
        let promised = open.map(|one| one.plan.size - one.offset).sum();
        self.space.left(self.reserve, promised)
    }

    fn is_refused(&self) -> bool {
        self.space.place == Place::Memory && self.in_memory == InMemory::Refuse
    }

    /// Whether so many bytes may become an image of that name.
    fn admit(&self, name: &ImageName, size: u64) -> Result<(), StorageError> {
        use crate::library::MAX_IMAGES;
        if self.is_refused() {
            return Err(StorageError::InMemory);
        }
        if self.library.size(name).is_some() {
            return Err(StorageError::Exists(name.clone()));
        }
        if self.images.len() >= MAX_IMAGES {
            return Err(StorageError::TooManyImages { most: MAX_IMAGES });
        }
        let left = self.free();
        match size > left {
            true => Err(self.no_space(name, (size, left))),
            false => Ok(()),
        }
    }

    fn no_space(&self, name: &ImageName, (size, left): (u64, u64)) -> StorageError {
        let held: u64 = self.uploads.values().map(|one| one.plan.size).sum();
        let unfinished = match held {
            0 => String::new(),
            _ => format!(", or cancel unfinished uploads, which hold {held} bytes"),
        };
        StorageError::NoSpace {
            name: name.clone(),
            size,
            left,
            unfinished,
        }
    }

    fn known(&self, name: &str) -> Result<(ImageName, u64), StorageError> {
        let name = ImageName::try_from(name)?;
        match self.library.size(&name) {
            Some(size) => Ok((name, size)),
            None => Err(StorageError::NoImage(name.to_string())),
        }
    }

    fn save(&self) -> Result<(), StorageError> {
        self.library.save(&self.record)
    }
}

/// Whether this life of Linux has no mark yet.
fn linux_died(folders: &Folders) -> LinuxDied {
    match mark(folders) {
        Some(mark) if mark.exists() => LinuxDied::No,
        _ => LinuxDied::Yes,
    }
}

/// Marks this life of Linux.
fn mark_alive(folders: &Folders) {
    let Some(mark) = mark(folders) else { return };
    if let Err(error) = fs::write(&mark, "") {
        dkvm_sdk::warn!("cannot write {}: {error}", mark.display());
    }
}

fn mark(folders: &Folders) -> Option<PathBuf> {
    folders.run.as_ref().map(|run| run.join(ALIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BackendKind;
    use dkvm_wire::vocab::storage::{PutBegin, PutChunk};

    fn config() -> Config {
        Config {
            backend: BackendKind::Dummy,
            in_memory: InMemory::Allow,
            reserve_mib: 0,
        }
    }

    #[test]
    fn a_death_while_uploads_are_cut_back_leaves_no_mark_that_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            state: folder.path().to_owned(),
            run: Some(folder.path().to_owned()),
        };
        let begin = PutBegin {
            name: "a".into(),
            size: 10,
            sha256: None,
            tag: String::new(),
            onto: None,
        };
        let mut engine = Engine::start(&config(), &folders).unwrap();
        let at = engine.begin(&begin).unwrap();
        let data = b"never flushed".get(..5).unwrap().to_vec();
        let (id, offset) = (at.id, at.offset);
        engine.write(&PutChunk { id, offset, data }).unwrap();
        drop(engine);
        // Linux starts anew; the device dies before it is through with what it found.
        fs::remove_file(folder.path().join(ALIVE)).unwrap();
        drop(Engine::found(&config(), &folders).unwrap());
        assert_eq!(linux_died(&folders), LinuxDied::Yes);
        let mut engine = Engine::start(&config(), &folders).unwrap();
        assert_eq!(engine.begin(&begin).unwrap().offset, 0);
        assert_eq!(linux_died(&folders), LinuxDied::No);
    }
}
