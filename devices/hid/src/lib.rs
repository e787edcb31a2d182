//! # dkvm-hid
//!
//! The target's keyboard and mouse. Owns `/dev/hidg0`, `1` and `2`: keyboard, absolute mouse, relative mouse.
//!
//! In: `input.hid` (what a page or workstation holds), `gadget.state` (binds, sleep), `source.gone`.
//! Out: `hid.state`, `input.ack`.
//!
//! Needs of Linux: `CONFIG_USB_CONFIGFS_F_HID`, and the gadget device, which binds the functions and gives this device's group
//! the files.
//!
//! The decisions are in [`core`](crate::core), which is tested in virtual time; [`device`] carries them out. [`reports`] is
//! shared with the gadget device. What survives this device's own death is in [`applied`].

pub mod applied;
pub mod backend;
pub mod config;
pub mod core;
mod descriptors;
pub mod device;
pub mod error;
pub mod form;
pub mod jiggle;
pub mod reports;
pub mod store;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::INPUT, topics::GADGET_STATE],
        produces: &[
            (topics::HID_STATE, QueueClass::State),
            (topics::INPUT_ACK, QueueClass::Stream),
        ],
        ..Identity::new("hid", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
