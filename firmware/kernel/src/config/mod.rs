//! The one TOML file that is the system: read, checked, compared.

mod check;
mod device;
mod diff;
mod end;
mod error;
mod grant;
mod kernel;
mod lacks;
mod msgpack;
mod read;
mod route;
mod section;
mod size;
mod source;
mod suggest;

pub use device::{DeviceConfig, Landlock};
pub use diff::{diff, Difference};
pub use end::{End, Far};
pub use error::{ConfigError, Mistake};
pub use grant::GrantConfig;
pub use kernel::KernelConfig;
pub use lacks::lacks;
pub use read::{load, parse};
pub use route::{Route, TopicPattern};
pub use source::{Chosen, LastResort, Source, BUILT_IN, IMAGES, OWNERS};

use dkvm_wire::DeviceName;
use std::path::PathBuf;

/// Most devices of one kernel: each costs a process, and the router walks all of them.
pub const MAX_DEVICES: usize = 64;
/// Most routes: far more than 64 devices can use in earnest.
pub const MAX_ROUTES: usize = 1024;

/// Most devices of other nodes that routes name: an event for all of them carries their names.
pub const MAX_FAR: usize = 128;

/// The whole system, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it came from.
    pub path: PathBuf,
    /// As it stands there.
    pub text: String,
    /// The kernel's own part.
    pub kernel: KernelConfig,
    /// Bytes of shared memory for all pools.
    pub memory_budget: u64,
    /// In the order of the file.
    pub devices: Vec<DeviceConfig>,
    /// In the order of the file.
    pub routes: Vec<Route>,
    /// In the order of the file; one that is not there allows nothing.
    pub grants: Vec<GrantConfig>,
}

impl Config {
    /// The device of that name.
    pub fn device(&self, name: &DeviceName) -> Option<&DeviceConfig> {
        self.devices.iter().find(|device| &device.name == name)
    }
}

#[cfg(test)]
mod tests;
