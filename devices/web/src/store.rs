//! Files that only this device may read, written so that a power cut leaves the old or the new one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Owner only: the key, the password's hash and the sessions are in these files.
const MODE: u32 = 0o600;

/// Writes a file in whole, in place of what was there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = write_beside(path, bytes)?;
    fs::rename(&fresh, path).inspect_err(|_| discard(&fresh))?;
    sync_folder(path)
}

/// Writes a file in whole; `AlreadyExists` when there is one, whoever was first.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = write_beside(path, bytes)?;
    let linked = fs::hard_link(&fresh, path);
    discard(&fresh);
    linked?;
    sync_folder(path)
}

/// The file's text, or `None` when there is none.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    discard(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&fresh)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .inspect_err(|_| discard(&fresh))?;
    Ok(fresh)
}

fn discard(path: &Path) {
    // It was never the file itself; one that stays is overwritten next time.
    let _ = fs::remove_file(path);
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_replaced_file_is_private_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_the_first_creates() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"one").unwrap();
        assert_eq!(
            create(&path, b"two").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(read(&path).unwrap().as_deref(), Some("one"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
