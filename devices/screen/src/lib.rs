//! # The screen device
//!
//! A window with a target's picture, on a workstation: of the node that keyboard and mouse go to (`input`), or of the one that
//! the configuration names; of a target with several screens all of them; and an overview of all targets, where a click goes there.
//!
//! | | |
//! |---|---|
//! | sends | nothing |
//! | calls | `input/input.focus` |
//! | takes | `video.h264`, `video.jpeg`, `video.raw`, `video.thumb`, `video.state`, `h264.state`, `encode.state`, `peer.state`, `input.state` |
//! | needs of Linux | an X server (also XWayland) with RENDER; MIT-SHM where it has it |
//!
//! Only what is shown is streamed, and nothing while the window is closed or hidden. A picture is never torn: after a lost access
//! unit the last whole one stays until the next key frame, which is asked for. A node that gives no H.264 is asked for JPEGs.

pub mod board;
pub mod config;
pub mod core;
pub mod decode;
pub mod device;
pub mod error;
pub mod pane;
pub mod pixels;
pub mod text;
pub mod thumbs;
pub mod watch;
pub mod window;

use dkvm_sdk::Identity;
use dkvm_wire::topics;

/// The device's process: returns its exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[
            topics::VIDEO_H264,
            topics::VIDEO_JPEG,
            topics::VIDEO_RAW,
            topics::VIDEO_THUMB,
            topics::VIDEO_STATE,
            topics::H264_STATE,
            topics::ENCODE_STATE,
            topics::PEER_STATE,
            topics::INPUT_STATE,
        ],
        ..Identity::new("screen", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
