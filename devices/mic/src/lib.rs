//! # dkvm-mic
//!
//! Gives a target this workstation's microphone: that of the node that keyboard and mouse go to now, or of the one that the
//! configuration names. While they are here it is closed.
//!
//! | | |
//! |---|---|
//! | sends | `audio.microphone` to one node |
//! | takes | `input.state` |
//! | needs of Linux | ALSA's `default`, which is PipeWire where that runs; or a card |
//!
//! The way from the card is that of the device `audio`.

pub mod config;
pub mod device;
pub mod out;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::INPUT_STATE],
        // Streams are sent to who asks for them, and a gateway asks for none that is for other nodes: what a person says goes to the
        // node that he works, as what he types does.
        produces: &[(topics::AUDIO_MICROPHONE, QueueClass::Input)],
        ..Identity::new("mic", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
