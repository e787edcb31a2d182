use dkvm_wire::{
    encode_body, DeviceName, Generation, Limits, Welcome, LIMIT_DEFAULT, WIRE_VERSION,
};
use serde_json::{json, Value};
use std::path::Path;

/// Shared memory that a device under test may have: more than any test needs.
const MEMORY: u64 = 256 * 1024 * 1024;
/// As a real kernel has it.
const HEARTBEAT_MS: u32 = 2000;
const READY_MS: u32 = 15_000;

/// What the fake kernel tells the device in `welcome`.
#[derive(Debug, Clone)]
pub struct Setup {
    name: String,
    generation: u32,
    config: Value,
}

impl Setup {
    /// A device of that name, first generation, with an empty configuration.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            generation: 1,
            config: json!({}),
        }
    }

    /// The device's own configuration: what stands in `[device.NAME.config]`.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// A later life of the device.
    #[must_use]
    pub fn generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    pub(crate) fn welcome(&self, pools: &Path) -> Result<Welcome, dkvm_wire::NameError> {
        Ok(Welcome {
            wire: WIRE_VERSION,
            device_id: DeviceName::try_from(self.name.as_str())?,
            generation: Generation(self.generation),
            limits: Limits {
                frame: u32::try_from(LIMIT_DEFAULT).unwrap_or(u32::MAX),
                memory: MEMORY,
                heartbeat_ms: HEARTBEAT_MS,
                ready_ms: READY_MS,
            },
            pools: pools.to_string_lossy().into_owned(),
            config: encode_body(&self.config),
        })
    }
}
