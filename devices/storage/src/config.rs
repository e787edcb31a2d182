//! The device's part of the configuration.

use serde::Deserialize;
use std::path::PathBuf;

/// Where the library is when the kernel does not say it.
const DEFAULT_STATE: &str = "/var/lib/dkvm/storage";
/// What uploads leave free, MiB: passwords, certificates and updates need to be written too.
const RESERVE_MIB: u64 = 64;
/// Drives that the dummy has.
const DUMMY_LUNS: u32 = 2;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `configfs` (default) or `dummy`, which has two drives and no USB.
    pub backend: BackendKind,
    /// What uploads leave free on the data partition, MiB.
    pub reserve_mib: u64,
    /// Whether images are taken where they would be kept in memory: no card, or a data partition that does not mount.
    pub in_memory: InMemory,
}

/// What works the drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// Linux's mass storage function.
    #[default]
    Configfs,
    /// Drives without a target.
    Dummy,
}

/// A library in memory takes the memory that everything else needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum InMemory {
    #[default]
    Refuse,
    Allow,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::default(),
            reserve_mib: RESERVE_MIB,
            in_memory: InMemory::default(),
        }
    }
}

impl Config {
    /// What uploads leave free, bytes.
    pub fn reserve(&self) -> u64 {
        self.reserve_mib.saturating_mul(1 << 20)
    }

    /// Drives of the dummy.
    pub fn dummy_luns() -> u32 {
        DUMMY_LUNS
    }
}

/// The two directories that the kernel gives a device.
#[derive(Debug, Clone)]
pub struct Folders {
    /// On the card.
    pub state: PathBuf,
    /// In memory, gone when the machine restarts. Without it, every start counts as one of the machine.
    pub run: Option<PathBuf>,
}

impl Folders {
    /// From the environment that the kernel sets for each start.
    pub fn from_env() -> Self {
        let folder = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            state: folder("DKVM_STATE_DIR").unwrap_or_else(|| DEFAULT_STATE.into()),
            run: folder("DKVM_RUN_DIR"),
        }
    }
}
