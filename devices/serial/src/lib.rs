//! # dkvm-serial
//!
//! Works the serial port that the target gets by USB (CDC ACM): reads what the target says, keeps the last of it, writes what a
//! person types. `docs/serial.md` tells its use.
//!
//! In: `gadget.state`. Out: `serial.output`, `serial.state`. Methods: `serial.get`, `serial.history`, `serial.write`.
//!
//! Needs of Linux: the terminal of the function `acm`, which the gadget device gives to this device's user. Its death costs
//! nothing that was kept: that is in a file in its run directory.
//!
//! The decisions are in [`core`](crate::core), which is tested in virtual time; [`device`] carries them out.

pub mod config;
pub mod core;
pub mod device;
pub mod port;
pub mod store;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::GADGET_STATE],
        produces: &[
            (topics::SERIAL_OUTPUT, QueueClass::Stream),
            (topics::SERIAL_STATE, QueueClass::State),
        ],
        ..Identity::new("serial", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
