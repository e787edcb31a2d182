mod files;
mod properties;
mod rules;

use super::Holder;
use dkvm_wire::service::PoolRequest;
use dkvm_wire::{DeviceName, Generation};

const MIB: u64 = 1024 * 1024;

fn holder(name: &str, generation: u32) -> Holder {
    Holder {
        device: DeviceName::try_from(name).unwrap(),
        generation: Generation(generation),
    }
}

fn request(slots: u32, window: u32) -> PoolRequest {
    PoolRequest {
        slot_size: 4096,
        slots,
        window,
    }
}
