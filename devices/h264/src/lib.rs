//! # The h264 device
//!
//! Makes a moving picture small: raw frames of capture become H.264, by openh264, for those who decode it. `encode` stands
//! beside it and makes JPEGs of the same frames; each works only for its own viewers.
//!
//! | | |
//! |---|---|
//! | sends | `video.h264` (stream, one lease per access unit), `h264.state` (state) |
//! | takes | `video.raw`, `video.state` |
//! | answers | `h264.set`, `h264.link`, `video.key_frame` |
//! | needs of Linux | nothing beyond shared memory |
//!
//! Nothing is done while nobody wants `video.h264`, and nothing for a picture that did not change, but that one which was sent
//! coarsely while it moved is sent finely when it rests. How coarse, and how many frames, follows what the links carry. A
//! source that gives JPEGs is not encoded anew: `encode` passes those on, and `h264.state` says so.

pub mod backend;
pub mod config;
pub mod core;
pub mod device;
pub mod planes;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// The device's process: returns its exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::VIDEO_RAW, topics::VIDEO_STATE],
        produces: &[
            (topics::VIDEO_H264, QueueClass::Stream),
            (topics::H264_STATE, QueueClass::State),
        ],
        ..Identity::new("h264", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
