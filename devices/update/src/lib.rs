//! # dkvm-update
//!
//! Brings a signed bundle into the slot that does not run, starts it once, and commits it when a health check says that it is
//! well; else the machine goes back by itself. Owns the card's boot and root partitions and `autoboot.txt`.
//!
//! In: `gadget.state`, `hid.state`, `video.state` (for the health check); the methods of [`dkvm_wire::vocab::update`].
//! Out: `update.state`.
//!
//! Needs of Linux: write access to the card and its partitions (group `disk`), and of the kernel the service `system.restart`.
//!
//! [`core`](crate::core) decides and keeps the order in which things become lasting; it is tested over every point at which power may
//! be cut, on a model of a card with an unordered cache. [`backend`] is the card; [`worker`] does what may take long in a thread of
//! its own; [`device`] is the shell. See `docs/updates.md`.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
pub mod keep;
pub mod machine;
pub mod page;
pub mod worker;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::GADGET_STATE, topics::HID_STATE, topics::VIDEO_STATE],
        produces: &[(topics::UPDATE_STATE, QueueClass::State)],
        ..Identity::new("update", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
