//! The device's part of the configuration.

use serde::Deserialize;
use std::path::PathBuf;

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A file of certificates (PEM) whose servers are trusted, in place of those that browsers trust.
    pub ca_file: Option<PathBuf>,
}
