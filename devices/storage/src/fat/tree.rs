//! Reads folders of a FAT file system. Nothing in it is believed: every cluster is one that is there, every chain ends, every folder
//! is bounded.

use super::{
    geometry::{Geometry, Root, Width, SECTOR},
    FatError,
};
use std::{fs::File, ops::Range, os::unix::fs::FileExt};

/// An entry of a folder.
const ENTRY: usize = 32;
/// FAT's own limit: 65536 entries.
const MOST_FOLDER: u64 = 65536 * ENTRY as u64;
/// UTF-16 units in one part of a long name, and parts at most.
const PART: usize = 13;
const MOST_PARTS: usize = 20;
const DELETED: u8 = 0xe5;
const FOLDER: u8 = 0x10;
const VOLUME: u8 = 0x08;
const LONG: u8 = 0x0f;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    File,
    Folder,
}

/// A file or a folder, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The long name, where there is one. The target's words: anything may be in it.
    pub name: String,
    /// The name of eight and three characters.
    short: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes; 0 for a folder.
    pub size: u32,
    first: u32,
}

impl Entry {
    fn is_named(&self, name: &str) -> bool {
        let name = name.to_uppercase();
        self.name.to_uppercase() == name || self.short.to_uppercase() == name
    }
}

/// A FAT file system that can be read.
#[derive(Debug)]
pub struct Tree<'a> {
    file: &'a File,
    /// Where what is.
    pub(super) geometry: Geometry,
    table: Vec<u8>,
}

impl<'a> Tree<'a> {
    /// Reads its first sector and its table.
    pub fn open(file: &'a File) -> Result<Self, FatError> {
        let size = file.metadata()?.len();
        let mut boot = [0; SECTOR];
        if size < SECTOR as u64 {
            return Err(FatError::NoFat);
        }
        file.read_exact_at(&mut boot, 0)?;
        let geometry = Geometry::parse(&boot, size)?;
        let length = usize::try_from(geometry.table_bytes).map_err(|_| FatError::NoFat)?;
        let mut table = vec![0; length];
        file.read_exact_at(&mut table, geometry.table_at)?;
        Ok(Self {
            file,
            geometry,
            table,
        })
    }

    /// Bytes that a new file may have.
    pub fn free(&self) -> u64 {
        let numbers = 2..self.geometry.clusters + 2;
        let free = numbers.filter(|number| self.next(*number) == 0).count();
        free as u64 * self.geometry.cluster
    }

    /// Where something is, up to so many bytes: all but free clusters.
    pub(super) fn used(&self, size: u64) -> Vec<Range<u64>> {
        let geometry = &self.geometry;
        let numbers = 2..geometry.clusters + 2;
        let mut used = Vec::from_iter(std::iter::once(0..geometry.data_at));
        let used_clusters = numbers.filter(|number| self.next(*number) != 0);
        let places = used_clusters.map(|number| geometry.place(number));
        let ranges = places.map(|at| at..at + geometry.cluster);
        let end = geometry.place(geometry.clusters + 2);
        for range in ranges.chain(std::iter::once(end..size)) {
            match used.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => used.push(range),
            }
        }
        used
    }

    /// Whether a file of that size may be made in the folder.
    pub fn admit(&self, folder: &[&str], name: &str, size: u64) -> Result<(), FatError> {
        let entries = self.list(folder)?;
        if entries.iter().any(|entry| entry.is_named(name)) {
            return Err(FatError::Exists(name.to_owned()));
        }
        let free = self.free();
        match size > free {
            true => Err(FatError::Full { size, free }),
            false => Ok(()),
        }
    }

    /// A file that may be deleted: its clusters are its own chain.
    pub fn file(&self, folder: &[&str], name: &str) -> Result<Entry, FatError> {
        let entries = self.list(folder)?;
        let found = entries.into_iter().find(|entry| entry.is_named(name));
        match found {
            None => Err(FatError::NoFile(name.to_owned())),
            Some(entry) if entry.kind == Kind::Folder => Err(FatError::Folder(name.to_owned())),
            Some(entry) => {
                if entry.first != 0 {
                    self.chain(entry.first, u64::MAX)?;
                }
                Ok(entry)
            }
        }
    }

    /// What is in a folder.
    pub fn list(&self, folder: &[&str]) -> Result<Vec<Entry>, FatError> {
        let mut entries = self.entries(&self.root()?);
        for name in folder {
            let named = |entry: &Entry| entry.kind == Kind::Folder && entry.is_named(name);
            let found = entries.into_iter().find(named);
            let found = found.ok_or_else(|| FatError::NoFolder((*name).to_owned()))?;
            entries = self.entries(&self.folder(found.first)?);
        }
        Ok(entries)
    }

    fn root(&self) -> Result<Vec<u8>, FatError> {
        match self.geometry.root {
            Root::Chain(first) => self.folder(first),
            Root::Fixed { at, bytes } => {
                let length = usize::try_from(bytes).unwrap_or_default();
                let mut root = vec![0; length];
                self.file.read_exact_at(&mut root, at)?;
                Ok(root)
            }
        }
    }

    fn folder(&self, first: u32) -> Result<Vec<u8>, FatError> {
        let cluster = usize::try_from(self.geometry.cluster).unwrap_or_default();
        let chain = self.chain(first, MOST_FOLDER / self.geometry.cluster)?;
        let mut bytes = vec![0; chain.len() * cluster];
        for (number, part) in chain.iter().zip(bytes.chunks_exact_mut(cluster)) {
            self.file
                .read_exact_at(part, self.geometry.place(*number))?;
        }
        Ok(bytes)
    }

    /// The clusters from this one on. One that is longer than there are clusters goes round in a ring.
    fn chain(&self, first: u32, most: u64) -> Result<Vec<u32>, FatError> {
        let most = most.min(u64::from(self.geometry.clusters));
        let (mut chain, mut number) = (Vec::new(), first);
        loop {
            if !self.geometry.is_cluster(number) {
                return Err(FatError::Damaged("a chain leads out of it"));
            }
            if chain.len() as u64 >= most {
                return Err(FatError::Damaged("a chain does not end"));
            }
            chain.push(number);
            number = self.next(number);
            if number >= self.end() {
                return Ok(chain);
            }
        }
    }

    /// Numbers from here on end a chain.
    fn end(&self) -> u32 {
        match self.geometry.width {
            Width::Twelve => 0xff8,
            Width::Sixteen => 0xfff8,
            Width::ThirtyTwo => 0x0fff_fff8,
        }
    }

    /// What the table says of a cluster; 0 is free.
    fn next(&self, number: u32) -> u32 {
        let number = number as usize;
        let byte = |at: usize| self.table.get(at).copied().map_or(0, u32::from);
        let half = |at: usize| byte(at) | byte(at + 1) << 8;
        match self.geometry.width {
            Width::Twelve => {
                let packed = half(number + number / 2);
                if number & 1 == 0 {
                    packed & 0xfff
                } else {
                    packed >> 4
                }
            }
            Width::Sixteen => half(number * 2),
            Width::ThirtyTwo => (half(number * 4) | half(number * 4 + 2) << 16) & 0x0fff_ffff,
        }
    }

    fn entries(&self, folder: &[u8]) -> Vec<Entry> {
        let (records, _) = folder.as_chunks::<ENTRY>();
        let (mut found, mut long) = (Vec::new(), Long::default());
        for record in records.iter().take_while(|record| record[0] != 0) {
            match record[11] & 0x3f {
                _ if record[0] == DELETED => long = Long::default(),
                LONG => long.part(record),
                attributes if attributes & VOLUME != 0 => long = Long::default(),
                _ => found.extend(self.entry(record, long.take(&record[..11]))),
            }
        }
        found
    }

    fn entry(&self, record: &[u8; ENTRY], long: Option<String>) -> Option<Entry> {
        let half = |at: usize| u32::from(u16::from_le_bytes([record[at], record[at + 1]]));
        let short = short(record);
        if matches!(short.as_str(), "." | ".." | "") {
            return None;
        }
        let is_folder = record[11] & FOLDER != 0;
        // Elsewhere the upper half is something else's.
        let upper = match self.geometry.width {
            Width::ThirtyTwo => half(20) << 16,
            Width::Twelve | Width::Sixteen => 0,
        };
        Some(Entry {
            name: long.unwrap_or_else(|| short.clone()),
            short,
            kind: if is_folder { Kind::Folder } else { Kind::File },
            size: if is_folder {
                0
            } else {
                half(28) | half(30) << 16
            },
            first: half(26) | upper,
        })
    }
}

/// Parts of a long name, the last one first, as they stand before their short one.
#[derive(Default)]
struct Long {
    units: Vec<u16>,
    wanted: usize,
    sum: u8,
}

impl Long {
    fn part(&mut self, record: &[u8; ENTRY]) {
        let number = usize::from(record[0] & 0x1f);
        if record[0] & 0x40 != 0 && (1..=MOST_PARTS).contains(&number) {
            self.units = vec![0xffff; number * PART];
            (self.wanted, self.sum) = (number, record[13]);
        } else if number == 0 || number + 1 != self.wanted || record[13] != self.sum {
            *self = Self::default();
            return;
        } else {
            self.wanted = number;
        }
        let characters = record[1..11]
            .iter()
            .chain(&record[14..26])
            .chain(&record[28..32]);
        let bytes: Vec<u8> = characters.copied().collect();
        let place = self.units.iter_mut().skip((number - 1) * PART);
        for (unit, pair) in place.zip(bytes.chunks_exact(2)) {
            *unit = u16::from_le_bytes([pair[0], pair[1]]);
        }
    }

    /// The name, if all its parts are there and belong to that short one.
    fn take(&mut self, short: &[u8]) -> Option<String> {
        let long = std::mem::take(self);
        if long.wanted != 1 || long.sum != checksum(short) {
            return None;
        }
        let end = long
            .units
            .iter()
            .position(|unit| matches!(unit, 0 | 0xffff));
        let units = long.units.get(..end.unwrap_or(long.units.len()))?;
        Some(String::from_utf16_lossy(units)).filter(|name| !name.is_empty())
    }
}

fn checksum(short: &[u8]) -> u8 {
    let turn = |sum: u8, byte: &u8| sum.rotate_right(1).wrapping_add(*byte);
    short.iter().fold(0, turn)
}

/// Eight and three characters; Windows keeps in two bits which part was in small letters.
fn short(record: &[u8; ENTRY]) -> String {
    let part = |bytes: &[u8], small: bool| -> String {
        let text: String = bytes
            .iter()
            .map(|byte| match byte {
                0x20..0x7f => char::from(*byte),
                _ => char::REPLACEMENT_CHARACTER,
            })
            .collect();
        let text = text.trim_end().to_owned();
        if small {
            text.to_ascii_lowercase()
        } else {
            text
        }
    };
    let name = part(&record[..8], record[12] & 0x08 != 0);
    match part(&record[8..11], record[12] & 0x10 != 0) {
        end if end.is_empty() => name,
        end => format!("{name}.{end}"),
    }
}
