//! # dkvm-fetch
//!
//! Fetches an image by its URL and gives it to `storage`, by the same calls as a page's upload: this device faces the network and
//! has no right to the drives or the card. `docs/storage.md` tells its use.
//!
//! Out: `fetch.state`. Methods: `fetch.get`, `fetch.start`, `fetch.cancel`. Calls: `storage.put.*`.
//!
//! Needs of Linux: TCP, names. Its death costs a moment: what is fetched is remembered and goes on where it was.

pub mod client;
pub mod config;
pub mod core;
pub mod device;
pub mod pump;
pub mod put;
pub mod store;
pub mod worker;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        produces: &[(topics::FETCH_STATE, QueueClass::State)],
        ..Identity::new("fetch", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
