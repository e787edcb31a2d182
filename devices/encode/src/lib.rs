//! # The encode device
//!
//! Makes pictures small enough for the network: raw frames of capture become JPEGs, by libjpeg-turbo, from planes and never
//! by way of RGB. A dongle's own JPEGs are checked and passed on by their own lease, without a copy.
//!
//! | | |
//! |---|---|
//! | sends | `video.jpeg` (stream, one lease per frame), `video.thumb` (stream), `encode.state` (state) |
//! | takes | `video.raw`, `video.state` |
//! | answers | `encode.set` |
//! | needs of Linux | nothing beyond shared memory |
//!
//! Nothing is done while nobody wants `video.jpeg`. Of frames that wait, the newest is taken. A picture that did not change
//! is not encoded again; it is sent again once a second, and at once to a new viewer.
//!
//! `video.thumb` is the picture at 320 by 200 at most, for an overview: one frame a second is averaged (a dongle's JPEG is decoded at
//! an eighth, a quarter or a half), and sent where it shows something new. Where nobody wants more, capture is asked for that frame alone.
//!
//! What any maker of pictures needs (its loop, frames checked, compared, the pool that pictures leave by) is public: `h264` uses it too.

pub mod backend;
#[doc(hidden)]
pub mod bench;
pub mod complaints;
pub mod config;
pub mod core;
pub mod device;
pub mod error;
pub mod frame;
pub mod jpeg;
pub mod maker;
pub mod output;
pub mod picture;
pub mod planes;
pub mod reduce;
pub mod thumb;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

/// The device's process: returns its exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[topics::VIDEO_RAW, topics::VIDEO_STATE],
        produces: &[
            (topics::VIDEO_JPEG, QueueClass::Stream),
            (topics::VIDEO_THUMB, QueueClass::Stream),
            (topics::ENCODE_STATE, QueueClass::State),
        ],
        ..Identity::new("encode", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
