//! # dkvm-gadget
//!
//! The USB gadget. Owns configfs (`/sys/kernel/config/usb_gadget`) and the USB device controller, alone.
//!
//! In: requests `gadget.plug`, `gadget.replug`, `gadget.profile`, `gadget.get`. Out: `gadget.state`.
//!
//! Needs of Linux: `CONFIG_USB_GADGET`, `CONFIG_USB_CONFIGFS`, the options of the functions ([`functions::Function::option`]), a
//! driver for the controller (`dwc2` on a Pi), configfs mounted. It mounts nothing: init does.
//!
//! One composite gadget with the functions of a profile ([`profile`]), always in the same order. Another profile is another
//! device to the target, which sees one unplugged and another plugged; so it changes only when somebody asks for it, and stays
//! chosen over restarts ([`choice`]). Whether the controller carries a profile is reckoned before it is bound ([`budget`]). What
//! this device finds bound after its own death is compared attribute by attribute with what it wants ([`plan`]) and adopted
//! when it is the same: the target sees nothing. It stays bound when the device ends.

pub mod backend;
pub mod budget;
pub mod choice;
pub mod config;
pub mod device;
pub mod error;
pub mod functions;
pub mod gadget;
pub mod journal;
pub mod plan;
pub mod profile;
pub mod serial;
pub mod status;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        produces: &[(topics::GADGET_STATE, QueueClass::State)],
        ..Identity::new("gadget", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
