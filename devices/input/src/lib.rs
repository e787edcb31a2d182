//! # dkvm-input
//!
//! The workstation's keyboards and mice. They are this machine's until a person goes to a target: by a hotkey, over the edge of
//! the screen, by `dkvm focus`. Then they are grabbed, and what they do goes to that node's hid. `docs/workstation.md` tells its use.
//!
//! In: `input.ack`, `hid.state`, `video.state` and `typist.state` of other nodes, `peer.state`. Out: `input.hid`, `input.state`. Methods:
//! `input.focus`, `input.get`.
//!
//! Needs of Linux: `/dev/input/event*`, by the group `input`. Its death gives everything back: Linux ends a grab with its process, and
//! hid releases what a sender held that is gone. It sees to its death itself where nobody takes what it says ([`watchdog`]).
//!
//! The decisions are in [`core`](crate::core), which is tested in virtual time; [`device`] carries them out.

pub mod backend;
pub mod codes;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
pub mod watchdog;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[
            topics::INPUT_ACK,
            topics::HID_STATE,
            topics::VIDEO_STATE,
            topics::TYPIST_STATE,
            topics::PEER_STATE,
        ],
        produces: &[
            (topics::INPUT, QueueClass::Input),
            (topics::INPUT_STATE, QueueClass::State),
        ],
        ..Identity::new("input", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
