use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// What kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// A value, or what is missing.
    Wrong,
    /// A key that this version does not know: a typing error, or one of a newer version.
    UnknownKey,
}

/// One thing that is wrong with the configuration: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; `None` when the file could not be read at all.
    pub line: Option<usize>,
    /// The key with its tables, `device.hid.after`; empty when it is about the text itself.
    pub key: String,
    /// What is wrong and what to write.
    pub message: String,
    /// What kind of mistake it is.
    pub kind: Mistake,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}
