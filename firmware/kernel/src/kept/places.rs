use super::disk::Step;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where all of it is: beside the owner's file.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The owner's.
    pub(super) file: PathBuf,
}

impl Places {
    /// What is on trial.
    pub(super) fn trial(&self) -> PathBuf {
        with_suffix(&self.file, ".trial")
    }

    pub(super) fn history(&self) -> PathBuf {
        with_suffix(&self.file, ".history")
    }

    pub(super) fn entry(&self, number: u32) -> PathBuf {
        self.history().join(format!("{number:08}"))
    }

    pub(super) fn dir(&self) -> &Path {
        dir_of(&self.file)
    }

    /// That there is where to write.
    pub(super) fn prepare(&self) -> Vec<Step> {
        vec![
            Step::MakeDir(self.dir().to_owned()),
            Step::MakeDir(self.history()),
            Step::Sync(self.dir().to_owned()),
        ]
    }
}

/// A file with these bytes, or what was there before, whatever happens on the way.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Vec<Step> {
    let part = with_suffix(path, ".new");
    let dir = dir_of(path).to_owned();
    vec![
        Step::Write(part.clone(), bytes.to_vec()),
        Step::Sync(part.clone()),
        Step::Rename(part, path.to_owned()),
        Step::Sync(dir),
    ]
}

/// Takes back what [`put`] has done of it.
pub(super) fn unput(path: &Path) -> Vec<Step> {
    vec![
        Step::Remove(with_suffix(path, ".new")),
        Step::Remove(path.to_owned()),
    ]
}

/// That of a name alone is the one that the kernel was started in.
fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => Path::new("."),
        Some(dir) => dir,
        None => Path::new("/"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_where_the_kernel_is() {
        for (file, dir) in [("dkvm.toml", "."), ("a/dkvm.toml", "a"), ("/x", "/")] {
            let places = Places { file: file.into() };
            assert_eq!(places.dir(), Path::new(dir));
            let synced = Step::Sync(dir.into());
            assert!(put(&places.trial(), b"").contains(&synced), "{file}");
        }
    }
}
