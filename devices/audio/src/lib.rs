//! # dkvm-audio
//!
//! Takes the target's sound from the gadget's own sound card (UAC2), or that of an HDMI dongle from its card, and gives the target what a
//! page's microphone hears.
//!
//! | | |
//! |---|---|
//! | sends | `audio.speaker` (stream, only while somebody wants it), `audio.state` (state) |
//! | takes | `audio.microphone`, `gadget.state` |
//! | answers | `audio.get`, `audio.source`, `audio.microphone.open`, `audio.microphone.close` |
//! | needs of Linux | ALSA: its library, and the nodes in `/dev/snd` |
//!
//! Each direction has a thread of its own, since a call into a sound driver may take its time or never end; the loop goes on, and ends the
//! device when a thread stands still. Clocks are three: the target's, the page's and the node's. What the target plays is
//! sent on as it comes, brought to 48 kHz by a fixed ratio, and whoever plays it follows it. What the microphone gives comes
//! by the page's clock and goes by the target's: a controller on what waits sets the ratio ([`core::drift`]).

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod ear;
pub mod error;
mod kept;
pub mod mouth;
pub mod shared;
mod turns;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::AUDIO_MICROPHONE, topics::GADGET_STATE],
        produces: &[
            (topics::AUDIO_SPEAKER, QueueClass::Stream),
            (topics::AUDIO_STATE, QueueClass::State),
        ],
        ..Identity::new("audio", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
