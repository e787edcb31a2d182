//! # dkvm-network
//!
//! The node's own network: addresses by DHCP or as the owner set them, Wi-Fi, the name `HOST.local`, the time.
//!
//! Out: `network.state`, `network.nodes`. In: `peer.announce`.
//!
//! It watches the interfaces by rtnetlink and keeps, on each wired and wireless one, what should be there: [`core::link`]
//! decides, `backend` does. The foreign programs are children of this device and die with it: BusyBox' `udhcpc` on each
//! interface with a carrier, `wpa_supplicant` on each radio, `arping` for a moment. What they have brought about stays: an
//! address survives this device's death and is adopted at its next start, so nobody outside notices.
//!
//! Nothing waits for the network, and nothing calls home: time is asked for only where the owner or the DHCP server names
//! a server. The gadget's interface (`usb0`) is told about and otherwise left alone.

pub mod backend;
pub mod complaints;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
mod helper;
mod keep;
mod mdns;
pub mod ntp;
pub mod program;
mod programs;
mod settings;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::PEER_ANNOUNCE],
        produces: &[
            (topics::NETWORK_STATE, QueueClass::State),
            (topics::NETWORK_NODES, QueueClass::State),
        ],
        ..Identity::new("network", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
