//! The one TOML file that is the system: read, checked, compared.

mod check;
mod device;
mod diff;
mod error;
mod kernel;
mod msgpack;
mod read;
mod route;
mod section;
mod size;
mod source;
mod suggest;

pub use device::{DeviceConfig, Landlock};
pub use diff::{diff, Difference};
pub use error::ConfigError;
pub use kernel::KernelConfig;
pub use read::{load, parse};
pub use route::{Route, TopicPattern};
pub use source::{Chosen, LastResort, Source, IMAGES, OWNERS};

use dkvm_wire::DeviceName;
use std::path::PathBuf;

/// Most devices of one kernel: each costs a process, and the router walks all of them.
pub const MAX_DEVICES: usize = 64;
/// Most routes: far more than 64 devices can use in earnest.
pub const MAX_ROUTES: usize = 1024;

/// The whole system, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it came from.
    pub path: PathBuf,
    /// The kernel's own part.
    pub kernel: KernelConfig,
    /// Bytes of shared memory for all pools.
    pub memory_budget: u64,
    /// In the order of the file.
    pub devices: Vec<DeviceConfig>,
    /// In the order of the file.
    pub routes: Vec<Route>,
}

impl Config {
    /// The device of that name.
    pub fn device(&self, name: &DeviceName) -> Option<&DeviceConfig> {
        self.devices.iter().find(|device| &device.name == name)
    }
}

#[cfg(test)]
mod tests;
