//! Which file is the configuration: the owner's where there is one that is right, else the image's.

use super::{load, parse, Config, ConfigError};
use std::path::{Path, PathBuf};

/// The owner's, on the data partition.
pub const OWNERS: &str = "/var/lib/dkvm/config/dkvm.toml";
/// The image's, which is read-only there.
pub const IMAGES: &str = "/etc/dkvm/dkvm.toml";
/// Under this name errors and notices speak of it.
pub const BUILT_IN: &str = "(built in)";
const MINIMAL: &str = include_str!("minimal.toml");

/// Where a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This file, and no other.
    File(PathBuf),
    /// The owner's, else the image's.
    OwnersOrImages {
        /// The owner's; need not be there.
        owners: PathBuf,
        /// The image's.
        images: PathBuf,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::OwnersOrImages {
            owners: OWNERS.into(),
            images: IMAGES.into(),
        }
    }
}

/// What else may be used when no file is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastResort {
    /// Nothing: whoever started the kernel reads what is wrong.
    None,
    /// A minimal configuration: there is nobody who could read it, so the machine must be reachable.
    BuiltIn,
}

/// A configuration that is right, and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The one.
    pub config: Config,
    /// Why it is not the one that a person would expect: a sentence.
    pub notice: Option<String>,
}

impl Source {
    /// The file that counts now, right or wrong.
    pub fn file(&self) -> &Path {
        match self {
            Self::File(file) => file,
            Self::OwnersOrImages { owners, .. } if owners.exists() => owners,
            Self::OwnersOrImages { images, .. } => images,
        }
    }

    /// The owner's file, which is written when a configuration is applied.
    pub fn owners(&self) -> &Path {
        match self {
            Self::File(file) => file,
            Self::OwnersOrImages { owners, .. } => owners,
        }
    }

    /// The same without the owner's.
    pub fn images(&self) -> Self {
        match self {
            Self::File(file) => Self::File(file.clone()),
            Self::OwnersOrImages { images, .. } => Self::File(images.clone()),
        }
    }

    /// The best that can be had.
    pub fn choose(&self, last: LastResort) -> Result<Chosen, Vec<ConfigError>> {
        let file = self.file();
        let errors = match load(file) {
            Ok(config) => return Ok(Chosen::quiet(config)),
            Err(errors) => errors,
        };
        let images = match self {
            Self::OwnersOrImages { images, .. } if images.as_path() != file => load(images).ok(),
            _ => None,
        };
        match (images, last) {
            (Some(config), _) => Ok(Chosen::because(config, &errors, "that of the image")),
            (None, LastResort::BuiltIn) => minimal().map(|config| {
                Chosen::because(config, &errors, "a minimal one with page and network alone")
            }),
            (None, LastResort::None) => Err(errors),
        }
    }
}

impl Chosen {
    fn quiet(config: Config) -> Self {
        Self {
            config,
            notice: None,
        }
    }

    fn because(config: Config, errors: &[ConfigError], instead: &str) -> Self {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        let more = match errors.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let notice = format!("The configuration is wrong, and {instead} is used: {first}{more}. Correct it (`dkvm check` tells all), then `dkvm reload`.");
        Self {
            config,
            notice: Some(notice),
        }
    }
}

fn minimal() -> Result<Config, Vec<ConfigError>> {
    parse(Path::new(BUILT_IN), MINIMAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const RIGHT: &str = "[device.a]\ncommand = [\"a\"]\n";
    const WRONG: &str = "[device.a]\ncommand = [\"a\"]\nnicer = 1\nx = 2\n";

    fn source(owners: Option<&str>, images: Option<&str>) -> (TempDir, Source) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        for (name, text) in [("owners", owners), ("images", images)] {
            if let Some(text) = text {
                std::fs::write(path(name), text).expect("written");
            }
        }
        let source = Source::OwnersOrImages {
            owners: path("owners"),
            images: path("images"),
        };
        (dir, source)
    }

    fn chosen(owners: Option<&str>, images: Option<&str>) -> (String, Option<String>) {
        let (_dir, source) = source(owners, images);
        let chosen = source.choose(LastResort::BuiltIn).expect("one");
        let name = chosen.config.path.file_name().expect("a name");
        (name.to_string_lossy().into_owned(), chosen.notice)
    }

    #[test]
    fn the_owners_wins_when_it_is_right() {
        assert_eq!(chosen(Some(RIGHT), Some(RIGHT)), ("owners".into(), None));
        assert_eq!(chosen(None, Some(RIGHT)), ("images".into(), None));
    }

    #[test]
    fn a_wrong_one_is_told_with_file_line_and_key() {
        let (name, notice) = chosen(Some(WRONG), Some(RIGHT));
        assert_eq!(name, "images");
        let notice = notice.expect("told");
        assert!(notice.contains("owners:3: device.a.nicer"), "{notice}");
        assert!(notice.contains("and 1 more)"), "{notice}");
    }

    #[test]
    fn the_last_resort_is_right_and_only_for_machines_that_nobody_reads() {
        let (name, notice) = chosen(None, Some(WRONG));
        assert_eq!(name, BUILT_IN);
        assert!(notice.is_some_and(|text| text.contains("images:3")));
        let (_dir, source) = source(Some(WRONG), None);
        assert!(source.choose(LastResort::None).is_err());
        let file = Source::File("/nowhere/dkvm.toml".into());
        assert!(file.choose(LastResort::None).is_err());
    }

    #[test]
    fn the_minimal_one_has_a_page_and_safe_devices_alone() {
        let config = minimal().expect("right");
        assert!(config.devices.iter().all(|device| device.safe));
        assert!(config
            .devices
            .iter()
            .any(|d| d.name.as_str() == "web" && d.network));
    }
}
