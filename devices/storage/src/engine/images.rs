//! Finished images: renamed, deleted, made.

use super::Engine;
use crate::{
    core::{error::StorageError, name::ImageName, record::Known},
    library::{make_drive, LEAST_MIB, MOST_MIB},
};
use dkvm_wire::vocab::storage::{Drive, Rename};

/// Where a drive is made: one at a time, removed at the next start if that is cut.
const DRAFT: &str = "drive.new";

impl Engine {
    /// Another name.
    pub fn rename(&mut self, rename: &Rename) -> Result<(), StorageError> {
        let (from, _) = self.known(&rename.image)?;
        let to = ImageName::try_from(rename.to.as_str())?;
        self.is_out(&from)?;
        if self.library.size(&to).is_some() {
            return Err(StorageError::Exists(to));
        }
        // Under both names meanwhile: a cut loses neither the image nor its hash.
        let known = self.record.images.get(&from).cloned();
        if let Some(known) = known {
            self.record.images.insert(to.clone(), known);
            self.save()?;
        }
        self.library.rename(&from, &to)?;
        self.record.images.remove(&from);
        self.refresh();
        self.save()
    }

    /// Gone.
    pub fn delete(&mut self, image: &str) -> Result<(), StorageError> {
        let (name, _) = self.known(image)?;
        self.is_out(&name)?;
        self.library.delete(&name)?;
        self.record.images.remove(&name);
        self.refresh();
        self.save()
    }

    /// A ready-made FAT drive.
    pub fn make_drive(&mut self, drive: &Drive) -> Result<(), StorageError> {
        let name = ImageName::try_from(drive.image.as_str())?;
        let mib = drive.size >> 20;
        if !(LEAST_MIB..=MOST_MIB).contains(&mib) {
            return Err(StorageError::DriveSize {
                least: LEAST_MIB,
                most: MOST_MIB,
                asked: mib,
            });
        }
        self.refresh();
        self.admit(&name, mib << 20)?;
        let draft = self.library.incoming().join(DRAFT);
        let made = make_drive(&draft, mib).and_then(|()| self.library.publish(&draft, &name));
        if made.is_err() {
            // What is not there need not be removed.
            let _ = std::fs::remove_file(&draft);
        }
        made?;
        self.record.images.insert(name, Known::default());
        self.refresh();
        self.save()
    }

    fn is_out(&self, name: &ImageName) -> Result<(), StorageError> {
        self.is_still(name)?;
        match self.record.drive_of(name) {
            Some(lun) => Err(StorageError::InDrive {
                name: name.clone(),
                lun,
            }),
            None => Ok(()),
        }
    }
}
