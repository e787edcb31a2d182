//! A ready-made FAT drive.

use crate::core::error::StorageError;
use fatfs::{format_volume, FormatVolumeOptions};
use rustix::{
    fs::{fallocate, FallocateFlags},
    io::Errno,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// A FAT with less is not worth its name.
pub const LEAST_MIB: u64 = 1;
/// Small, as it was asked for: to make a larger one takes longer than a call may.
pub const MOST_MIB: u64 = 4096;
/// As `mkfs.vfat` pads it.
const LABEL: [u8; 11] = *b"DKVM       ";

/// Makes one in a new file, all of its space its own: a target that writes to it never finds the card full.
pub fn make(path: &Path, mib: u64) -> Result<(), StorageError> {
    let act = "making the drive";
    make_file(path, mib << 20).map_err(StorageError::io(act))
}

fn make_file(path: &Path, size: u64) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true);
    let file = file.open(path)?;
    file.set_len(size)?;
    match fallocate(&file, FallocateFlags::empty(), 0, size) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut disk = Disk(BufWriter::with_capacity(1 << 16, file));
    format_volume(&mut disk, FormatVolumeOptions::new().volume_label(LABEL))?;
    disk.flush()
}

/// A FAT table is written in entries of a few bytes: gathered, or a card takes minutes.
struct Disk(BufWriter<File>);

impl Read for Disk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.flush()?;
        self.0.get_mut().read(buffer)
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fatfs::{FileSystem, FsOptions};

    #[test]
    fn it_is_a_file_system_that_takes_files() {
        let folder = tempfile::tempdir().unwrap();
        for mib in [LEAST_MIB, 64, 600] {
            let path = folder.path().join("drive");
            make(&path, mib).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len(), mib << 20);
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).open(&path).unwrap();
            let disk = FileSystem::new(file, FsOptions::new()).unwrap();
            assert_eq!(disk.volume_label_as_bytes(), b"DKVM");
            let mut file = disk.root_dir().create_file("hello.txt").unwrap();
            file.write_all(b"hello").unwrap();
        }
    }
}
