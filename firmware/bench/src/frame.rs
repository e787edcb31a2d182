//! What is handed over.

use rustix::time::{clock_gettime, ClockId};
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

/// Fills a frame as a driver would: every byte is written.
pub fn paint(bytes: &mut [u8], sequence: u64) {
    bytes.fill((sequence % 251) as u8);
}
