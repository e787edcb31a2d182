//! Names of images: whatever a visitor says, it stays in its folder and on its line.

use dkvm_wire::vocab::storage::MAX_NAME;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// A name that is safe as a file's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageName(String);

/// Why a text is no name of an image. The name is shown escaped: it may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing.
    #[error("an image needs a name")]
    Empty,
    /// More than a file name takes on every system.
    #[error("the name {0:?}… is too long: an image's name has at most {MAX_NAME} bytes")]
    Long(String),
    /// It would be somewhere else.
    #[error("the name {0:?} has a `/`, a line break or another control character in it: give the image another name")]
    Character(String),
    /// Hidden, or taken for an option.
    #[error("the name {0:?} begins with `.` or `-`: give the image another name")]
    Beginning(String),
}

/// Enough of a long name to recognize it.
const SHOWN: usize = 32;

impl TryFrom<&str> for ImageName {
    type Error = NameError;

    fn try_from(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > MAX_NAME {
            return Err(NameError::Long(name.chars().take(SHOWN).collect()));
        }
        if name.contains(|c: char| c == '/' || c.is_control()) {
            return Err(NameError::Character(name.to_owned()));
        }
        if name.starts_with(['.', '-']) {
            return Err(NameError::Beginning(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for ImageName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::try_from(name.as_str())
    }
}

impl From<ImageName> for String {
    fn from(name: ImageName) -> Self {
        name.0
    }
}

impl ImageName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn hostile_names_go_nowhere() {
        for name in [
            "",
            "..",
            ".",
            "../etc/passwd",
            "a/b",
            "/etc/passwd",
            "a\nb",
            "a\0b",
            "a\u{7f}",
            "a\u{85}",
            "\r",
            ".hidden",
            "-rf",
        ] {
            assert!(ImageName::try_from(name).is_err(), "{name:?}");
        }
        let long = "x".repeat(MAX_NAME + 1);
        let told = ImageName::try_from(long.as_str()).unwrap_err().to_string();
        assert!(told.contains("at most 128"), "{told}");
        // Bytes count, not characters.
        assert!(ImageName::try_from("ä".repeat(65).as_str()).is_err());
        let told = ImageName::try_from("a\nb").unwrap_err().to_string();
        assert!(!told.contains('\n'), "it would forge a line of the log");
    }

    #[test]
    fn what_people_call_their_images_is_taken() {
        for name in [
            "debian-12.5.0-amd64-netinst.iso",
            "Windows 11 (Deutsch).iso",
            "дебиан.img",
            "a..b",
            "x",
            "C:\\x",
            "a%2fb",
        ] {
            assert!(ImageName::try_from(name).is_ok(), "{name:?}");
        }
        assert!(ImageName::try_from("ä".repeat(64).as_str()).is_ok());
    }

    proptest! {
        #[test]
        fn any_name_that_is_taken_is_one_file_of_its_folder(name in any::<String>()) {
            if let Ok(name) = ImageName::try_from(name.as_str()) {
                let parts: Vec<_> = Path::new(name.as_str()).components().collect();
                prop_assert!(matches!(parts[..], [Component::Normal(part)] if part == name.as_str()));
                prop_assert_eq!(name.as_str().lines().count(), 1);
            }
        }
    }
}
