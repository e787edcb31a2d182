//! What is kept about images and drives, in one small file.

use super::{hash::Hash, name::ImageName, table::Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of it. An image that is not named here is one all the same: the folder says which there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// What is known of images.
    pub images: BTreeMap<ImageName, Known>,
    /// What is to be in which drive.
    pub luns: BTreeMap<u32, Slot>,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// As it was uploaded.
    pub sha256: Option<Hash>,
    /// The upload that it came by: one that asks again whether it is finished is told.
    pub upload: String,
    /// Whether the target may have written to it.
    pub since: Since,
}

/// What became of an image since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Since {
    #[default]
    Unchanged,
    Modified,
}

impl Record {
    /// Forgets images that are not there any more.
    pub fn keep_only(&mut self, there: &[ImageName]) {
        self.images.retain(|name, _| there.contains(name));
    }

    /// The drive that an image is in.
    pub fn drive_of(&self, name: &ImageName) -> Option<u32> {
        let mut slots = self.luns.iter();
        slots.find_map(|(lun, slot)| (slot.image == *name).then_some(*lun))
    }

    /// The finished image that came by an upload and is still what came.
    pub fn finished(&self, upload: &str) -> Option<(&ImageName, Hash)> {
        let mut images = self.images.iter();
        images.find_map(|(name, known)| {
            let same = known.upload == upload && known.since == Since::Unchanged;
            known.sha256.filter(|_| same).map(|hash| (name, hash))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::storage::{Access, Medium};

    #[test]
    fn it_reads_back_and_rubbish_is_refused() {
        let name = ImageName::try_from("a b.iso").unwrap();
        let slot = Slot {
            image: name.clone(),
            medium: Medium::Cdrom,
            access: Access::ReadOnly,
        };
        let known = Known {
            sha256: Some(Hash::of(b"")),
            upload: "u".into(),
            since: Since::Unchanged,
        };
        let record = Record {
            images: [(name.clone(), known)].into(),
            luns: [(1, slot)].into(),
        };
        let text = serde_json::to_string(&record).unwrap();
        let mut read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.drive_of(&name), Some(1));
        assert_eq!(read.finished("u"), Some((&name, Hash::of(b""))));
        read.keep_only(&[]);
        assert!(read.images.is_empty());
        let hostile = r#"{"images":{"../x":{}}}"#;
        assert!(serde_json::from_str::<Record>(hostile).is_err());
    }
}
