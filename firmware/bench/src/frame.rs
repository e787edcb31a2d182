//! What is handed over.

use rustix::time::{clock_gettime, ClockId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// 1920 × 1080 pixels of 2 bytes, as YUYV has.
pub const BYTES: usize = 1920 * 1080 * 2;
/// Frames per second.
pub const RATE: usize = 60;
/// Frames that are not measured: page faults, caches, the scheduler's first guesses.
pub const WARM_UP: usize = 60;
/// The topic of ours.
pub const TOPIC: &str = "bench.frame";

/// Time between two frames.
pub fn interval() -> Duration {
    Duration::from_secs(1) / 60
}

/// CLOCK_MONOTONIC, the same for all processes of the machine.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Who writes the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Painter {
    /// The producer's CPU, every byte, as uvcvideo copies; it empties the caches and the TLB.
    Cpu,
    /// Hardware, as a CSI bridge does by DMA: the CPU touches only the ends, by which readers check them.
    Dma,
}

impl Painter {
    /// Writes frame `sequence`.
    pub fn paint(self, bytes: &mut [u8], sequence: u64) {
        let value = (sequence % 251) as u8;
        match (self, bytes) {
            (Self::Cpu, bytes) => bytes.fill(value),
            (Self::Dma, [first, .., last]) => (*first, *last) = (value, value),
            (Self::Dma, _) => {}
        }
    }
}

impl From<bool> for Painter {
    fn from(dma: bool) -> Self {
        if dma {
            Self::Dma
        } else {
            Self::Cpu
        }
    }
}
