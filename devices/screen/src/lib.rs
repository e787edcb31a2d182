//! # The screen device
//!
//! A window with a target's picture, on a workstation: of the node that keyboard and mouse go to (`input`), or of the one that
//! the configuration names.
//!
//! | | |
//! |---|---|
//! | sends | nothing |
//! | takes | `video.h264`, `video.raw`, `video.state`, `h264.state`, `peer.state`, `input.state` |
//! | needs of Linux | an X server (also XWayland) with RENDER; MIT-SHM where it has it |
//!
//! Only what is shown is streamed: one source, and none while the window is closed or hidden. A picture is never torn: after a
//! lost access unit the last whole one stays until the next key frame, which is asked for.

pub mod config;
pub mod core;
pub mod decode;
pub mod device;
pub mod error;
pub mod pixels;
pub mod text;
pub mod watch;
pub mod window;

use dkvm_sdk::Identity;
use dkvm_wire::topics;

/// The device's process: returns its exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[
            topics::VIDEO_H264,
            topics::VIDEO_RAW,
            topics::VIDEO_STATE,
            topics::H264_STATE,
            topics::PEER_STATE,
            topics::INPUT_STATE,
        ],
        ..Identity::new("screen", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
