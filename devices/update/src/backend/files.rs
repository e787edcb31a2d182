//! The card by its device nodes.

use super::card::{Medium, Volume};
use rustix::fs::{fadvise, Advice};
use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens what is needed when it is needed.
#[derive(Debug)]
pub struct Files {
    card: PathBuf,
    open: RefCell<HashMap<Volume, Arc<File>>>,
}

impl Files {
    /// The card at a node such as `/dev/mmcblk0`.
    pub fn new(card: &Path) -> Self {
        Self {
            card: card.to_owned(),
            open: RefCell::default(),
        }
    }

    fn file(&self, volume: Volume) -> io::Result<Arc<File>> {
        let mut open = self.open.borrow_mut();
        if let Some(file) = open.get(&volume) {
            return Ok(file.clone());
        }
        let path = node(&self.card, volume);
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(named)?;
        Ok(open.entry(volume).or_insert(Arc::new(file)).clone())
    }
}

fn node(card: &Path, volume: Volume) -> PathBuf {
    let number = volume.number();
    number.map_or_else(|| card.to_owned(), |number| dkvm_card::node(card, number))
}

impl Medium for Files {
    fn size(&self, volume: Volume) -> io::Result<u64> {
        (&*self.file(volume)?).seek(SeekFrom::End(0))
    }

    fn read(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file(volume)?.read_exact_at(buffer, at)
    }

    fn write(&mut self, volume: Volume, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file(volume)?.write_all_at(bytes, at)
    }

    fn flush(&mut self, volume: Volume) -> io::Result<()> {
        let file = self.file(volume)?;
        file.sync_data()?;
        // Else what is read back comes from memory.
        Ok(fadvise(&*file, 0, None, Advice::DontNeed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_bundle::PartName;
    use dkvm_wire::service::Slot;

    #[test]
    fn nodes_are_named_as_linux_names_them() {
        let name = |card: &str, volume| node(Path::new(card), volume).display().to_string();
        assert_eq!(name("/dev/mmcblk0", Volume::Select), "/dev/mmcblk0p1");
        assert_eq!(
            name("/dev/sda", Volume::Part(Slot::B, PartName::Boot)),
            "/dev/sda3"
        );
        assert_eq!(
            name("/dev/ubda", Volume::Part(Slot::B, PartName::Root)),
            "/dev/ubda6"
        );
        assert_eq!(name("/dev/mmcblk0", Volume::Whole), "/dev/mmcblk0");
    }
}
