//! An upload: which byte is wanted next, and where it belongs.

use super::error::UpdateError;
use dkvm_bundle::{Head, PartName};

/// A bundle on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its head, whose signature was checked.
    pub head: Head,
    /// Names it.
    pub id: String,
    offset: u64,
}

/// Bytes for one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Which.
    pub part: PartName,
    /// Where in it.
    pub at: u64,
    /// What.
    pub bytes: &'a [u8],
}

impl Upload {
    /// From its first part's first byte.
    pub fn new(head: Head) -> Self {
        Self {
            offset: head.length as u64,
            id: head.manifest.id(),
            head,
        }
    }

    /// The same further on, if that is in it.
    pub fn at(head: Head, offset: u64) -> Option<Self> {
        let inside = head.length as u64..=head.bundle_size();
        let upload = Self::new(head);
        inside
            .contains(&offset)
            .then_some(Self { offset, ..upload })
    }

    /// All of it, as a slot that holds it already.
    pub fn whole(head: Head) -> Self {
        Self {
            offset: head.bundle_size(),
            ..Self::new(head)
        }
    }

    /// The next byte that is wanted.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing is wanted any more.
    pub fn is_complete(&self) -> bool {
        self.offset == self.head.bundle_size()
    }

    /// Bytes from `offset` on: where they belong. They are taken only by [`Upload::took`].
    pub fn place<'a>(&self, offset: u64, data: &'a [u8]) -> Result<Vec<Piece<'a>>, UpdateError> {
        let end = offset.checked_add(data.len() as u64);
        if offset != self.offset || end.is_none_or(|end| end > self.head.bundle_size()) {
            return Err(UpdateError::Offset {
                wanted: self.offset,
            });
        }
        let mut at = self.head.length as u64;
        let mut pieces = Vec::with_capacity(2);
        for part in &self.head.manifest.parts {
            pieces.extend(piece(part.name, at, part.size, (offset, data)));
            at += part.size;
        }
        Ok(pieces)
    }

    /// They are written.
    pub fn took(&mut self, count: usize) {
        self.offset = (self.offset + count as u64).min(self.head.bundle_size());
    }
}

/// What of `data`, which begins at `offset`, lies in the part that begins at `start`.
fn piece(part: PartName, start: u64, size: u64, (offset, data): (u64, &[u8])) -> Option<Piece<'_>> {
    let from = offset.max(start);
    let to = (offset + data.len() as u64).min(start + size);
    let inside = usize::try_from(from.checked_sub(offset)?).ok()?
        ..usize::try_from(to.checked_sub(offset)?).ok()?;
    let bytes = data.get(inside).filter(|bytes| !bytes.is_empty())?;
    Some(Piece {
        part,
        at: from - start,
        bytes,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use dkvm_bundle::{Manifest, Part, Sha256};
    use proptest::prelude::*;

    pub(crate) fn head(boot: u64, root: u64) -> Vec<u8> {
        let part = |name, size| Part {
            name,
            size,
            extent: size,
            sha256: Sha256([0; 32]),
        };
        let manifest = Manifest {
            board: "lab".into(),
            version: semver::Version::new(1, 0, 0),
            build: String::new(),
            min_version: None,
            parts: [part(PartName::Boot, boot), part(PartName::Root, root)],
        };
        Head::build(&manifest, |_| [0; 64]).unwrap()
    }

    fn upload(boot: u64, root: u64) -> Upload {
        Upload::new(Head::parse(&head(boot, root)).unwrap())
    }

    #[test]
    fn only_the_wanted_bytes_are_taken() {
        let upload = upload(10, 10);
        let wanted = upload.offset();
        let long = [0; 21];
        for (offset, data) in [
            (0, &b"x"[..]),
            (wanted + 1, b"x"),
            (u64::MAX, b"xx"),
            (wanted, &long),
        ] {
            assert!(
                matches!(upload.place(offset, data), Err(UpdateError::Offset { wanted: w }) if w == wanted)
            );
        }
    }

    proptest! {
        #[test]
        fn every_byte_comes_to_its_place_however_it_is_cut(
            boot in 1usize..200, root in 1usize..200, cuts in proptest::collection::vec(1usize..90, 1..20),
        ) {
            let mut upload = upload(boot as u64, root as u64);
            let payload: Vec<u8> = (0..boot + root).map(|n| n as u8).collect();
            let (mut got, mut sent, mut cuts) = ([vec![0; boot], vec![0; root]], 0, cuts.into_iter().cycle());
            while !upload.is_complete() {
                let data = &payload[sent..payload.len().min(sent + cuts.next().unwrap())];
                for piece in upload.place(upload.offset(), data).unwrap() {
                    got[piece.part as usize][piece.at as usize..][..piece.bytes.len()].copy_from_slice(piece.bytes);
                }
                upload.took(data.len());
                sent += data.len();
            }
            prop_assert_eq!(got.concat(), payload);
        }
    }
}
