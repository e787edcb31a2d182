//! Names of files on a drive: what every system that reads FAT takes.

use crate::core::name::ImageName;
use thiserror::Error;

/// Not in a name on FAT; `/` and control characters are in no name at all.
const RESERVED: [char; 8] = ['"', '*', ':', '<', '>', '?', '\\', '|'];
/// Deeper than people go; FAT's paths have at most 260 characters.
const MOST_FOLDERS: usize = 32;
/// FAT's paths in bytes of UTF-8.
const MOST_PATH: usize = 1024;

/// Why a text is no name on a drive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the sentences say it
pub enum FileNameError {
    #[error("the name {0:?} has one of the characters \" * : < > ? \\ | in it, which FAT has not: give the file another name")]
    Reserved(String),
    #[error(
        "the name {0:?} ends with a dot or a blank, which FAT drops: give the file another name"
    )]
    End(String),
    #[error("a folder's path has at most 1024 bytes and 32 folders, none of which is `.` or `..`, and no control characters")]
    Path,
}

/// A new file's name. An image's is one of an image first: both are safe in messages and on a command line, and have at most 128
/// bytes of FAT's 255 UTF-16 units.
pub fn checked(name: &ImageName) -> Result<(), FileNameError> {
    let text = name.as_str();
    if text.contains(RESERVED) {
        return Err(FileNameError::Reserved(text.to_owned()));
    }
    if text.ends_with(['.', ' ']) || text.starts_with(' ') {
        return Err(FileNameError::End(text.to_owned()));
    }
    Ok(())
}

/// The folders of a path, the outermost first; none is the root.
pub fn folders(path: &str) -> Result<Vec<&str>, FileNameError> {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_up = |part: &&str| matches!(*part, "." | "..");
    let fits = path.len() <= MOST_PATH && parts.len() <= MOST_FOLDERS;
    if !fits || parts.iter().any(is_up) || path.contains(char::is_control) {
        return Err(FileNameError::Path);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fat_has_not_is_refused_and_all_else_is_taken() {
        let check = |name: &str| checked(&ImageName::try_from(name).unwrap());
        for name in [
            "a:b", "a\\b", "a?", "*", "a|b", "<a>", "\"a\"", "a.", "a ", " a",
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in ["a.txt", "Übung 1.pdf", "a..b", "archive.tar.gz", "日本.txt"] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(folders("/a//b/").unwrap(), ["a", "b"]);
        assert!(folders("").unwrap().is_empty());
        for path in [
            "..",
            "a/../b",
            "./a",
            "a\nb",
            &"a/".repeat(33),
            &"x".repeat(1025),
        ] {
            assert!(folders(path).is_err(), "{path:?}");
        }
    }
}
