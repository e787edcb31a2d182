//! What the kernel and devices tell, for a test to change where it matters to it.

use dkvm_wire::{
    service::{Desired, DeviceInfo, Phase},
    vocab::{
        gadget::{GadgetState, UsbState},
        video::{Signal, VideoMode, VideoState},
    },
    DeviceName, Generation,
};

/// A device that is wanted, in its first life, with nothing counted yet.
#[expect(clippy::expect_used, reason = "a test's own names")]
pub fn device_info(name: &str, phase: Phase) -> DeviceInfo {
    DeviceInfo {
        name: DeviceName::try_from(name).expect("a device's name"),
        desired: Desired::Up,
        phase,
        detail: None,
        generation: Generation(1),
        pid: None,
        uptime_ms: 0,
        deaths: 0,
        events_out: 0,
        events_in: 0,
        frames_out: 0,
        dropped: 0,
        rss: 0,
        leases: 0,
    }
}

/// A gadget without functions, bound once.
pub fn gadget_state(state: UsbState) -> GadgetState {
    GadgetState {
        state,
        udc: String::new(),
        speed: String::new(),
        binding: 1,
        functions: vec![],
        profile: String::new(),
        profiles: vec![],
    }
}

/// A source that shows a picture of 320 by 240, which somebody watches.
pub fn video_state() -> VideoState {
    VideoState {
        signal: Signal::Ok,
        mode: VideoMode {
            width: 320,
            height: 240,
            millihertz: 60_000,
        },
        format: "YUYV".into(),
        source: "test".into(),
        modes: vec![],
        streaming: true,
        rate: 60,
        detail: None,
    }
}
