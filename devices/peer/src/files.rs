//! Files that only this device may read, written so that a power cut leaves the old or the new one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The node's key is in one of them.
const MODE: u32 = 0o600;
/// More than any file of this device has: what is larger is none of ours.
const LARGEST: u64 = 1024 * 1024;

/// Writes a file in whole, in place of what was there. After an error what was there stands.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let written = write(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        // It was never the file itself.
        let _ = fs::remove_file(&fresh);
    }
    written?;
    if let Some(Err(error)) = path.parent().map(settle) {
        dkvm_sdk::warn!(
            "{} is written, but a power cut may bring back what was there before: {error}",
            path.display()
        );
    }
    Ok(())
}

/// What was renamed in it stays so after a power cut.
fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The file's text, or `None` where there is none.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_replaced_file_is_private_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(read(&path).unwrap(), None);
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
