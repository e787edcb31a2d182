//! # dkvm-typist
//!
//! Types text on the target, key by key, in the target's own keyboard layout: a holder of the focus like a page.
//! `docs/typing.md` tells its use; its tables are those of `dkvm-keymap`.
//!
//! In: `input.ack`, `hid.state`. Out: `input.hid`, `typist.state`, `macro.state`. Methods: `typist.get`, `typist.check`, `typist.type`,
//! `typist.cancel`, and `macro.list`, `.put`, `.remove`, `.run`, `.cancel`.
//!
//! Needs of Linux: nothing. Its death leaves nothing pressed: hid releases what a sender held that is gone.
//!
//! The decisions are in [`core`](crate::core), which is tested in virtual time; [`device`] carries them out.

pub mod config;
pub mod core;
pub mod device;
pub mod error;
pub mod keeping;
pub mod macros;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::INPUT_ACK, topics::HID_STATE],
        produces: &[
            (topics::INPUT, QueueClass::Input),
            (topics::TYPIST_STATE, QueueClass::State),
            (topics::MACRO_STATE, QueueClass::State),
        ],
        ..Identity::new("typist", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
