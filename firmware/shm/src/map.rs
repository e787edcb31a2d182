//! A mapping of a whole pool file, with the only pointer arithmetic of this crate.

use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::sync::atomic::AtomicU32;

/// What a mapping is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A shared mapping of the first `len` bytes of a pool file.
#[derive(Debug)]
pub(crate) struct Map {
    raw: MmapRaw,
}

impl Map {
    /// Maps `len` bytes; the caller has seen that the file has so many.
    pub fn new(file: &File, len: usize, access: Access) -> std::io::Result<Self> {
        let mut options = MmapOptions::new();
        options.len(len);
        let raw = match access {
            Access::Read => options.map_raw_read_only(file)?,
            Access::Write => options.map_raw(file)?,
        };
        Ok(Self { raw })
    }

    /// An aligned word of the mapping, or `None` outside of it.
    /// Storing into it needs a mapping for writing; only the producer's side does.
    pub fn word(&self, offset: usize) -> Option<&AtomicU32> {
        let end = offset.checked_add(size_of::<AtomicU32>())?;
        if end > self.raw.len() || !offset.is_multiple_of(align_of::<AtomicU32>()) {
            return None;
        }
        // SAFETY: `offset..end` lies in the mapping (checked above), which lives as long as `self`; the mapping
        // begins on a page, so the word is aligned; other processes access these words atomically by the
        // contract of the layout, and this crate has no other way to them; stores come from the producer alone, whose mapping
        // is writable, and 32-bit relaxed loads work on read-only mappings too.
        Some(unsafe { AtomicU32::from_ptr(self.raw.as_mut_ptr().add(offset).cast()) })
    }

    /// A pointer to `len` bytes at `offset`, or `None` if they are not all in the mapping.
    pub fn range(&self, offset: usize, len: usize) -> Option<*mut u8> {
        let end = offset.checked_add(len)?;
        if end > self.raw.len() {
            return None;
        }
        // SAFETY: `offset` is at most `end`, which is at most the length of the mapping (checked above).
        Some(unsafe { self.raw.as_mut_ptr().add(offset) })
    }
}
