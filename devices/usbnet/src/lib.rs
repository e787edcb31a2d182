//! # dkvm-usbnet
//!
//! The network between node and target, by USB: the gadget's function `network` makes the interface, this device gives it an
//! address, runs dnsmasq that gives the target one, and sees to it that nothing else goes through. `docs/usbnet.md` tells its
//! use.
//!
//! In: `gadget.state`. Out: `usbnet.state`. Methods: `usbnet.get`, `usbnet.set`.
//!
//! Needs of Linux: the capabilities NET_ADMIN and NET_BIND_SERVICE, `nf_tables` with masquerading, the programs `dnsmasq` and
//! `nft`. `nft` and no netlink crate: those that there are wrap C libraries, and one text is one transaction, which a person
//! can read (`nft list ruleset`).
//!
//! Addresses and rules are Linux's and outlive this device: its death costs the target neither its lease nor what is under
//! way. The next life looks at what is there and makes it what it should be.

mod bound;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
mod firewall;
mod forwarding;
mod gadget;
mod keep;
mod names;
mod server;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    if let Some(code) = bound::run_if_asked() {
        return code;
    }
    let identity = Identity {
        consumes: &[topics::GADGET_STATE],
        produces: &[(topics::USBNET_STATE, QueueClass::State)],
        ..Identity::new("usbnet", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
