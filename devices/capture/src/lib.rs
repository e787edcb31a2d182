//! # The capture device
//!
//! Sees the target's screen: owns one V4L2 node (an HDMI receiver or a USB dongle), or a synthetic source, and puts
//! its frames into shared memory.
//!
//! | | |
//! |---|---|
//! | sends | `video.raw` (stream, one lease per frame), `video.state` (state) |
//! | takes | nothing |
//! | answers | `video.set_mode` |
//! | needs of Linux | `VIDEO_DEV`, the driver of the hardware (`USB_VIDEO_CLASS`, `VIDEO_TC358743`, in the lab `VIDEO_VIVID`), `INOTIFY_USER` |
//!
//! With the feature `nokhwa` it is the camera of a person's own machine too.
//!
//! It captures only while somebody wants `video.raw`, and 3 s longer, in which no frame is copied or sent. A missing signal, a missing device, a mode that changes
//! are states (`video.state`), never an end of the process. Where the driver can, it writes straight into the
//! slots that readers see; else there is one copy per frame.
//!
//! Decisions are made in [`core`], without I/O and in virtual time; [`device`] carries them out.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
mod hotplug;
mod output;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// The device's process: returns its exit code.
pub fn main() -> i32 {
    let identity = Identity {
        produces: &[
            (topics::VIDEO_RAW, QueueClass::Stream),
            (topics::VIDEO_STATE, QueueClass::State),
        ],
        ..Identity::new("capture", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
