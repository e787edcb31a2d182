//! The attributes of `mass_storage.*/lun.*`. Media change without a new binding: the target sees a disc taken out and another put in.
//!
//! The order is Linux's (`storage_common.c`): `ro` and `cdrom` only change while no file is open; `cdrom` sets `ro`; a `file` that the
//! target has locked (PREVENT MEDIUM REMOVAL) answers EBUSY, and `forced_eject` opens it all the same.

use super::{DriveError, Drives, Force};
use dkvm_wire::vocab::storage::{Access, Medium};
use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// More than the gadget device ever makes; Linux's own limit.
const MOST: u32 = 16;
/// An empty write does not reach configfs: the line break alone means no file.
const NOTHING: &[u8] = b"\n";

/// The function's directory.
#[derive(Debug)]
pub struct Configfs {
    function: PathBuf,
    count: u32,
}

impl Configfs {
    /// The function at `/sys/kernel/config/usb_gadget/…/functions/mass_storage.0`.
    pub fn open(function: &Path) -> Result<Self, DriveError> {
        let there = |lun: &u32| function.join(format!("lun.{lun}")).is_dir();
        let count = (0..MOST).take_while(there).count();
        if count == 0 {
            let source = io::Error::from(io::ErrorKind::NotFound);
            let act = format!("looking for drives in {}", function.display());
            return Err(DriveError::Io { act, source });
        }
        Ok(Self {
            function: function.to_owned(),
            count: u32::try_from(count).unwrap_or(MOST),
        })
    }

    fn attribute(&self, lun: u32, name: &str) -> PathBuf {
        self.function.join(format!("lun.{lun}")).join(name)
    }

    fn write(&self, lun: u32, name: &str, value: &[u8]) -> Result<(), DriveError> {
        let path = self.attribute(lun, name);
        fs::write(&path, value).map_err(|source| match source.kind() {
            io::ErrorKind::ResourceBusy => DriveError::Locked,
            _ => DriveError::Io {
                act: format!("writing {}", path.display()),
                source,
            },
        })
    }
}

impl Drives for Configfs {
    fn count(&self) -> u32 {
        self.count
    }

    fn look(&self, lun: u32) -> Result<Option<PathBuf>, DriveError> {
        let path = self.attribute(lun, "file");
        let text = fs::read(&path).map_err(|source| DriveError::Io {
            act: format!("reading {}", path.display()),
            source,
        })?;
        let text = text.strip_suffix(NOTHING).unwrap_or(&text);
        let file = (!text.is_empty()).then(|| PathBuf::from(std::ffi::OsStr::from_bytes(text)));
        Ok(file)
    }

    fn insert(
        &mut self,
        lun: u32,
        file: &Path,
        (medium, access): (Medium, Access),
    ) -> Result<(), DriveError> {
        let flag = |on: bool| if on { &b"1"[..] } else { &b"0"[..] };
        self.write(lun, "removable", flag(true))?;
        self.write(lun, "cdrom", flag(medium == Medium::Cdrom))?;
        let read_only = medium == Medium::Cdrom || access == Access::ReadOnly;
        self.write(lun, "ro", flag(read_only))?;
        self.write(lun, "file", file.as_os_str().as_bytes())
    }

    fn eject(&mut self, lun: u32, force: Force) -> Result<(), DriveError> {
        if force == Force::Yes {
            // Any text does.
            self.write(lun, "forced_eject", b"1")?;
        }
        self.write(lun, "file", NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(luns: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for lun in 0..luns {
            let lun = folder.path().join(format!("lun.{lun}"));
            fs::create_dir(&lun).unwrap();
            fs::write(lun.join("file"), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_function_without_drives_is_none() {
        assert!(Configfs::open(function(0).path()).is_err());
        assert_eq!(Configfs::open(function(2).path()).unwrap().count(), 2);
    }

    #[test]
    fn attributes_are_as_linux_takes_them() {
        let folder = function(1);
        let mut drives = Configfs::open(folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join("lun.0").join(name)).unwrap();
        assert_eq!(drives.look(0).unwrap(), None);
        let file = Path::new("/x/a b.iso");
        drives
            .insert(0, file, (Medium::Cdrom, Access::Writable))
            .unwrap();
        assert_eq!((read("cdrom"), read("ro")), ("1".into(), "1".into()));
        assert_eq!(drives.look(0).unwrap().as_deref(), Some(file));
        drives.eject(0, Force::Yes).unwrap();
        assert_eq!(drives.look(0).unwrap(), None);
        drives
            .insert(0, file, (Medium::Disk, Access::Writable))
            .unwrap();
        assert_eq!((read("cdrom"), read("ro")), ("0".into(), "0".into()));
    }
}
