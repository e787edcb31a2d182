//! # dkvm-storage
//!
//! The image library on the data partition, uploads into it that go on after any break, and which image is in which of the
//! target's USB drives. The drives themselves are Linux's mass storage function: that this device dies costs the target nothing.
//!
//! In: `gadget.state` (where the function is); the methods of [`dkvm_wire::vocab::storage`]. Out: `storage.state`.
//!
//! Needs of Linux: its state directory, and the attributes of `mass_storage.*/lun.*` in configfs, which the gadget device gives to
//! its user.
//!
//! [`core`](crate::core) decides; [`library`] keeps images and uploads; [`backend`] is the drives; [`engine`] holds them together
//! and [`worker`] runs it in a thread of its own, because a card may take long; [`device`] is the shell. See `docs/storage.md`.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod engine;
pub mod error;
pub mod fat;
pub mod library;
pub mod worker;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::GADGET_STATE],
        produces: &[(topics::STORAGE_STATE, QueueClass::State)],
        ..Identity::new("storage", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
