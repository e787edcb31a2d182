use crate::{Failure, FakeKernel};
use dkvm_wire::{
    topics::VIDEO_RAW,
    vocab::video::{Colors, FrameInfo},
    LeaseRef,
};

/// From one frame to the next, at 60 a second.
const INTERVAL_NS: u64 = 16_666_667;

/// The frames of a capture device that a test plays.
#[derive(Debug, Clone)]
pub struct Film {
    colors: Colors,
    shown: u64,
}

impl Film {
    /// Of this matrix and range; nothing of it is shown yet.
    pub const fn new(colors: Colors) -> Self {
        Self { colors, shown: 0 }
    }

    /// The next frame, lent to the device: in `format` (a FourCC), of so many by so many pixels.
    pub fn show(
        &mut self,
        kernel: &mut FakeKernel,
        format: &str,
        (width, height): (u32, u32),
        bytes: &[u8],
    ) -> Result<LeaseRef, Failure> {
        let lease = kernel.lend(bytes)?;
        self.shown += 1;
        let info = FrameInfo {
            sequence: self.shown,
            captured_ns: self.shown * INTERVAL_NS,
            width,
            height,
            format: format.to_owned(),
            colors: self.colors,
            ..FrameInfo::default()
        };
        kernel.emit_with("capture", VIDEO_RAW, &info, &[lease])?;
        Ok(lease)
    }
}
