//! The folders: `images/NAME` is a finished image and nothing else is ever there; `incoming/` is where they grow; `library.json` is
//! what is known about them.

mod drive;
mod intake;

pub use drive::{make as make_drive, LEAST_MIB, MOST_MIB};
pub use intake::{Intake, Verify};

use crate::core::{
    error::StorageError,
    kind::HEAD,
    name::ImageName,
    record::Record,
    space::{Place, Space},
    upload::LinuxDied,
};
use dkvm_sdk::files::{replace, sync_folder};
use rustix::fs::{fstatfs, statvfs};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

const IMAGES: &str = "images";
const INCOMING: &str = "incoming";
const RECORD: &str = "library.json";
/// An entry has some 200 bytes; see [`MAX_IMAGES`].
const MAX_RECORD: u64 = 1024 * 1024;
/// More than a card has room for, few enough for one message of the state.
pub const MAX_IMAGES: usize = 256;
/// What a page and a command line have under way, several times over.
pub const MAX_UPLOADS: usize = 8;
/// `statfs(2)`: file systems that live in memory.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// The library on the data partition.
#[derive(Debug)]
pub struct Library {
    state: PathBuf,
    images: PathBuf,
    incoming: PathBuf,
}

impl Library {
    /// Makes what is missing of it.
    pub fn open(state: &Path) -> Result<Self, StorageError> {
        let library = Self {
            state: state.to_owned(),
            images: state.join(IMAGES),
            incoming: state.join(INCOMING),
        };
        for folder in [&library.images, &library.incoming] {
            fs::create_dir_all(folder)
                .map_err(StorageError::io(format!("making {}", folder.display())))?;
        }
        Ok(library)
    }

    /// Where an image is.
    pub fn path(&self, name: &ImageName) -> PathBuf {
        self.images.join(name.as_str())
    }

    /// Where uploads grow.
    pub fn incoming(&self) -> &Path {
        &self.incoming
    }

    /// The image that a path is, if it is one of ours.
    pub fn name_of(&self, path: &Path) -> Option<ImageName> {
        let name = path.strip_prefix(&self.images).ok()?.to_str()?;
        ImageName::try_from(name).ok().filter(|_| path.is_file())
    }

    /// Finished images by name, with their sizes. What has no name of an image is none.
    pub fn images(&self) -> Result<Vec<(ImageName, u64)>, StorageError> {
        let act = || format!("reading {}", self.images.display());
        let entries = fs::read_dir(&self.images).map_err(StorageError::io(act()))?;
        let mut images: Vec<_> = entries.filter_map(|entry| image(&entry.ok()?)).collect();
        images.sort();
        Ok(images)
    }

    /// An image's size, if there is such an image.
    pub fn size(&self, name: &ImageName) -> Option<u64> {
        let found = fs::symlink_metadata(self.path(name)).ok()?;
        found.is_file().then_some(found.len())
    }

    /// An image's first bytes: enough to tell what it is.
    pub fn head(&self, name: &ImageName) -> Result<Vec<u8>, StorageError> {
        let mut head = Vec::new();
        let read = File::open(self.path(name))
            .and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
        read.map_err(StorageError::io(format!("reading {name}")))?;
        Ok(head)
    }

    /// A file of `incoming/` becomes an image: it is on the card before it has its name.
    pub fn publish(&self, file: &Path, name: &ImageName) -> Result<(), StorageError> {
        let act = format!("making {name} an image");
        let done = File::open(file).and_then(|file| file.sync_all());
        let done = done.and_then(|()| fs::rename(file, self.path(name)));
        let done = done.and_then(|()| sync_folder(&self.images));
        done.and_then(|()| sync_folder(&self.incoming))
            .map_err(StorageError::io(act))
    }

    /// Another name for an image.
    pub fn rename(&self, from: &ImageName, to: &ImageName) -> Result<(), StorageError> {
        let done = fs::rename(self.path(from), self.path(to));
        done.and_then(|()| sync_folder(&self.images))
            .map_err(StorageError::io(format!("renaming {from}")))
    }

    /// An image is gone.
    pub fn delete(&self, name: &ImageName) -> Result<(), StorageError> {
        let done = fs::remove_file(self.path(name));
        done.and_then(|()| sync_folder(&self.images))
            .map_err(StorageError::io(format!("deleting {name}")))
    }

    /// Uploads that earlier lives left; what cannot be gone on with is removed.
    pub fn intakes(&self, died: LinuxDied) -> Result<Vec<Intake>, StorageError> {
        let act = || format!("reading {}", self.incoming.display());
        intake::find(&self.incoming, died).map_err(StorageError::io(act()))
    }

    /// What the data partition has.
    pub fn space(&self) -> Result<Space, StorageError> {
        let act = || format!("asking for the free space of {}", self.state.display());
        let asked = statvfs(&self.state).map_err(io::Error::from);
        let asked = asked.map_err(StorageError::io(act()))?;
        let folder = File::open(&self.state).map_err(StorageError::io(act()))?;
        let kind = fstatfs(&folder).map_err(io::Error::from);
        let kind = kind.map_err(StorageError::io(act()))?;
        let in_memory = u64::try_from(kind.f_type).is_ok_and(|kind| IN_MEMORY.contains(&kind));
        Ok(Space {
            free: asked.f_bavail.saturating_mul(asked.f_frsize),
            total: asked.f_blocks.saturating_mul(asked.f_frsize),
            place: if in_memory {
                Place::Memory
            } else {
                Place::Card
            },
        })
    }

    /// What was kept. A record that cannot be read is told and counts as none: images are there all the same.
    pub fn load(&self) -> Record {
        let path = self.state.join(RECORD);
        let bytes = match dkvm_sdk::files::read(&path, MAX_RECORD) {
            Ok(bytes) => bytes,
            Err(error) => {
                dkvm_sdk::warn!("cannot read {}: {error}", path.display());
                None
            }
        };
        let read = bytes
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose();
        let record = read.unwrap_or_else(|error| {
            dkvm_sdk::warn!("{} is damaged ({error}): hashes of images and what was in the drives are not known", path.display());
            None
        });
        record.unwrap_or_default()
    }

    /// Keeps it; on return it is on the card.
    pub fn save(&self, record: &Record) -> Result<(), StorageError> {
        let path = self.state.join(RECORD);
        let bytes = serde_json::to_vec(record).map_err(io::Error::other);
        bytes
            .and_then(|bytes| replace(&path, &bytes))
            .map_err(StorageError::io(format!("writing {}", path.display())))
    }
}

fn image(entry: &fs::DirEntry) -> Option<(ImageName, u64)> {
    let found = entry.metadata().ok()?;
    let name = ImageName::try_from(entry.file_name().to_str()?).ok()?;
    found.is_file().then_some((name, found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_the_name_of_an_image_are_images() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(folder.path()).unwrap();
        let images = folder.path().join(IMAGES);
        fs::write(images.join("b.iso"), "12").unwrap();
        fs::write(images.join(".hidden"), "").unwrap();
        fs::create_dir(images.join("folder")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", images.join("link")).unwrap();
        let name = ImageName::try_from("b.iso").unwrap();
        assert_eq!(library.images().unwrap(), [(name.clone(), 2)]);
        assert_eq!(library.name_of(&images.join("b.iso")), Some(name));
        assert_eq!(library.name_of(&images.join("b.iso (deleted)")), None);
        assert_eq!(library.name_of(Path::new("/etc/passwd")), None);
        let link = ImageName::try_from("link").unwrap();
        assert_eq!(library.size(&link), None);
    }

    #[test]
    fn uploads_that_cannot_be_looked_for_are_not_none() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(folder.path()).unwrap();
        assert!(library.intakes(LinuxDied::Yes).unwrap().is_empty());
        fs::remove_dir(library.incoming()).unwrap();
        let error = library.intakes(LinuxDied::Yes).unwrap_err();
        assert!(error.to_string().contains("incoming"), "{error}");
    }

    #[test]
    fn a_damaged_record_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(folder.path()).unwrap();
        for rubbish in ["", "{", "[]", r#"{"luns":{"x":1}}"#] {
            fs::write(folder.path().join(RECORD), rubbish).unwrap();
            assert_eq!(library.load(), Record::default());
        }
        library.save(&Record::default()).unwrap();
        assert_eq!(library.load(), Record::default());
    }
}
