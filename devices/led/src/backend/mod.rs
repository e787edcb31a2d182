//! What shines.

mod sysfs;

use crate::{
    config::{BackendKind, Config},
    core::Pattern,
};
pub use sysfs::{Sysfs, SysfsError};

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// A LED of Linux.
    Sysfs(Sysfs),
    /// Nothing.
    Dummy,
}

impl Backend {
    /// The backend that the configuration chooses.
    pub fn new(config: &Config) -> Self {
        match config.backend {
            BackendKind::Sysfs => Self::Sysfs(Sysfs::new(config)),
            BackendKind::Dummy => Self::Dummy,
        }
    }

    /// Shows a pattern from now on, if there is a LED.
    pub fn show(&mut self, pattern: &Pattern) -> Result<(), SysfsError> {
        match self {
            Self::Sysfs(led) => led.show(pattern),
            Self::Dummy => Ok(()),
        }
    }

    /// Blinks, where Linux does not: never returns.
    pub async fn run(&mut self) {
        match self {
            Self::Sysfs(led) => led.run().await,
            Self::Dummy => std::future::pending().await,
        }
    }
}
