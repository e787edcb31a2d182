//! Where a program is.

use std::{
    env,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A path as it is, a bare name along PATH; `None` when there is no file there that can be run.
pub fn program(word: &str) -> Option<PathBuf> {
    if word.contains('/') {
        return Some(PathBuf::from(word)).filter(|path| can_run(path));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(word))
        .find(|file| can_run(file))
}

fn can_run(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        assert!(program("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(program("/bin/sh"), Some("/bin/sh".into()));
        assert_eq!(program("/etc/passwd"), None);
        assert_eq!(program("no-such-program"), None);
    }
}
