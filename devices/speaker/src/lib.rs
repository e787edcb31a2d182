//! # dkvm-speaker
//!
//! Plays what a target plays, on a workstation: of the node that keyboard and mouse go to, or of the one that the configuration
//! names.
//!
//! | | |
//! |---|---|
//! | sends | nothing |
//! | takes | `audio.speaker` of one node, `input.state` |
//! | needs of Linux | ALSA's `default`, which is PipeWire where that runs; or a card |
//!
//! The way to the card is that of the device `audio`: a thread of its own, a buffer that follows the other clock, silence where
//! nothing comes. Where nothing has come for a while, the card is let go.

pub mod config;
pub mod device;
pub mod follow;

use dkvm_sdk::Identity;
use dkvm_wire::topics;

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::AUDIO_SPEAKER, topics::INPUT_STATE],
        ..Identity::new("speaker", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
