//! An upload: what it is to become and how far it is. It is the same one as long as name, size, hash and tag are the same.

use super::{error::StorageError, hash::Hash, name::ImageName};
use crate::fat;
use dkvm_wire::vocab::storage::{self as wire, PutBegin, MAX_CHUNK};
use serde::{Deserialize, Serialize};

/// Longest tag, bytes: a page's is some 40.
const MAX_TAG: usize = 256;
/// Hexadecimal digits of an upload's name: 128 bits are not met twice by chance.
const ID_DIGITS: usize = 32;

/// What an upload is to become: kept beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the image to be.
    pub name: ImageName,
    /// Its size; never 0.
    pub size: u64,
    /// What it must have.
    pub sha256: Option<Hash>,
    /// Tells it from another of that name and size.
    pub tag: String,
    /// It becomes a file there; absent: an image.
    #[serde(default)]
    pub onto: Option<Onto>,
}

/// Where on a FAT drive it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onto {
    /// The drive.
    pub drive: ImageName,
    /// Folders that are there, the outermost first.
    pub folder: Vec<String>,
    /// Whether it is taken out of the target's drive for that.
    pub take_out: TakeOut,
}

/// Whether an image is taken out of the target's drive for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum TakeOut {
    No,
    Yes,
}

impl From<bool> for TakeOut {
    fn from(take_out: bool) -> Self {
        match take_out {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

impl Onto {
    fn of(onto: &wire::Onto) -> Result<Self, StorageError> {
        let folder = fat::folders(&onto.folder)?;
        Ok(Self {
            drive: ImageName::try_from(onto.image.as_str())?,
            folder: folder.into_iter().map(str::to_owned).collect(),
            take_out: onto.take_out.into(),
        })
    }
}

impl Plan {
    /// From what an uploader says.
    pub fn of(begin: &PutBegin) -> Result<Self, StorageError> {
        let name = ImageName::try_from(begin.name.as_str())?;
        if begin.size == 0 {
            return Err(StorageError::Empty(name));
        }
        if begin.tag.len() > MAX_TAG {
            return Err(StorageError::Tag);
        }
        let onto = begin.onto.as_ref().map(Onto::of).transpose()?;
        if onto.is_some() {
            fat::checked(&name)?;
        }
        Ok(Self {
            name,
            size: begin.size,
            sha256: parse(begin.sha256.as_deref())?,
            tag: begin.tag.clone(),
            onto,
        })
    }

    /// As people are told it: an image's name, or `DRIVE/FOLDER/NAME`, which no image has.
    pub fn label(&self) -> String {
        let Some(onto) = &self.onto else {
            return self.name.to_string();
        };
        let folders = onto.folder.iter().map(String::as_str);
        let parts = [onto.drive.as_str()].into_iter().chain(folders);
        parts
            .chain([self.name.as_str()])
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Its name: made of all that makes it the same.
    pub fn id(&self) -> String {
        let hash = self.sha256.map(|hash| hash.to_string());
        let label = self.label();
        let parts = [
            label.as_str(),
            &self.size.to_string(),
            hash.as_deref().unwrap_or_default(),
            &self.tag,
        ];
        let mut id = Hash::of(parts.join("\0").as_bytes()).to_string();
        id.truncate(ID_DIGITS);
        id
    }
}

/// A hash as an uploader says it, if any.
pub fn parse(text: Option<&str>) -> Result<Option<Hash>, StorageError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    Hash::parse(text).map(Some).ok_or(StorageError::NoHash)
}

/// An upload's name as somebody says it: it becomes a part of a path.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether these bytes are the next ones.
pub fn accept(plan: &Plan, at: u64, chunk: (u64, usize)) -> Result<(), StorageError> {
    let (offset, length) = chunk;
    if length == 0 || length > MAX_CHUNK {
        return Err(StorageError::ChunkLength(length));
    }
    if offset != at {
        return Err(StorageError::Offset {
            wanted: at,
            got: offset,
        });
    }
    match offset.checked_add(length as u64) {
        Some(end) if end <= plan.size => Ok(()),
        _ => Err(StorageError::TooLong { size: plan.size }),
    }
}

/// Where an upload goes on: with what Linux shows while it lives, with what is on the card for certain after it died.
pub fn resume(plan: &Plan, length: u64, certain: u64, memory: LinuxDied) -> u64 {
    let there = length.min(plan.size);
    match memory {
        LinuxDied::No => there,
        LinuxDied::Yes => there.min(certain),
    }
}

/// Whether Linux itself was restarted since the bytes were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LinuxDied {
    No,
    Yes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begin(name: &str, size: u64) -> PutBegin {
        PutBegin {
            name: name.into(),
            size,
            sha256: None,
            tag: String::new(),
            onto: None,
        }
    }

    fn plan(size: u64) -> Plan {
        Plan::of(&begin("a", size)).unwrap()
    }

    #[test]
    fn the_same_upload_has_the_same_name_and_no_other_has_it() {
        let one = plan(5);
        assert_eq!(one.id(), plan(5).id());
        assert!(is_id(&one.id()));
        let mut others = vec![plan(6), Plan::of(&begin("b", 5)).unwrap()];
        others.push(Plan {
            tag: "t".into(),
            ..one.clone()
        });
        others.push(Plan {
            sha256: Some(Hash::of(b"")),
            ..one.clone()
        });
        for other in others {
            assert_ne!(other.id(), one.id(), "{other:?}");
        }
    }

    #[test]
    fn nothing_is_no_image_and_a_hash_is_one() {
        assert!(matches!(
            Plan::of(&begin("a", 0)),
            Err(StorageError::Empty(_))
        ));
        let mut wrong = begin("a", 1);
        wrong.sha256 = Some("xyz".into());
        assert!(matches!(Plan::of(&wrong), Err(StorageError::NoHash)));
        wrong.sha256 = Some(String::new());
        assert_eq!(Plan::of(&wrong).unwrap().sha256, None);
        wrong.tag = "x".repeat(MAX_TAG + 1);
        assert!(matches!(Plan::of(&wrong), Err(StorageError::Tag)));
    }

    #[test]
    fn only_the_next_bytes_are_taken() {
        let plan = plan(100);
        assert!(accept(&plan, 10, (10, 90)).is_ok());
        assert!(matches!(
            accept(&plan, 10, (0, 5)),
            Err(StorageError::Offset { wanted: 10, got: 0 })
        ));
        assert!(matches!(
            accept(&plan, 10, (10, 91)),
            Err(StorageError::TooLong { size: 100 })
        ));
        assert!(matches!(
            accept(&plan, 10, (10, 0)),
            Err(StorageError::ChunkLength(0))
        ));
        assert!(accept(&plan, u64::MAX, (u64::MAX, 1)).is_err());
    }

    #[test]
    fn after_a_cut_of_power_only_what_was_flushed_counts() {
        let plan = plan(100);
        assert_eq!(resume(&plan, 80, 60, LinuxDied::No), 80);
        assert_eq!(resume(&plan, 80, 60, LinuxDied::Yes), 60);
        assert_eq!(resume(&plan, 40, 60, LinuxDied::Yes), 40);
        assert_eq!(resume(&plan, 900, 60, LinuxDied::No), 100);
    }

    proptest! {
        #[test]
        fn no_chunk_reaches_over_the_end(size in 1..1_000_000u64, at in any::<u64>(), offset in any::<u64>(), length in 0..100_000usize) {
            if accept(&plan(size), at, (offset, length)).is_ok() {
                prop_assert!(offset == at && offset + length as u64 <= size && length <= MAX_CHUNK);
            }
        }
    }
}
