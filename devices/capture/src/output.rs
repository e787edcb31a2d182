//! Frames on their way out: the pool, and what is said of each frame.

use crate::{backend::Captured, core::Running, error::Error};
use dkvm_sdk::{FramePool, Link, PoolError, PoolRequest};
use dkvm_wire::{topics, vocab::video::FrameInfo};

/// Free slots that the kernel grants ahead, the most there are: they are the driver's queue.
const WINDOW: u32 = 4;

/// The pool of one running stream.
pub struct Output {
    pool: FramePool,
    info: FrameInfo,
    sequence: Sequence,
}

impl Output {
    /// A pool for frames of this stream. The error is a sentence for people.
    pub async fn open(link: &Link, running: &Running, slots: u32) -> Result<Self, String> {
        let request = PoolRequest {
            slot_size: running.frame_len as u64,
            slots,
            window: WINDOW,
        };
        let pool = FramePool::open(link, request)
            .await
            .map_err(|error| no_pool(&error))?;
        let info = FrameInfo {
            width: running.size.width,
            height: running.size.height,
            stride: if running.format.is_jpeg() {
                0
            } else {
                running.stride
            },
            format: running.format.name(),
            colors: running.colors,
            ..FrameInfo::default()
        };
        Ok(Self {
            pool,
            info,
            sequence: Sequence::default(),
        })
    }

    /// Where frames are written.
    pub fn pool(&self) -> &FramePool {
        &self.pool
    }

    /// Sends one frame; `base` is where the count of this stream begins.
    pub fn publish(&mut self, captured: Captured, base: u64) -> Result<(), Error> {
        self.info.sequence = base + self.sequence.widen(captured.sequence);
        self.info.captured_ns = u64::try_from(captured.at.as_nanos()).unwrap_or(u64::MAX);
        match self.pool.publish(
            topics::VIDEO_RAW,
            &self.info,
            captured.slot,
            captured.length,
        ) {
            Err(PoolError::Send(error)) => Err(error.into()),
            // The slot's own fault costs the frame.
            Err(error) => {
                dkvm_sdk::warn!("{error}");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Where the next stream's count begins.
    pub fn next_sequence(&self) -> u64 {
        self.info.sequence + 1
    }
}

fn no_pool(error: &PoolError) -> String {
    format!("no shared memory for frames: {error}; raise `memory` of capture, or lower its `slots` or the resolution")
}

/// A driver's 32-bit count as one that does not wrap.
#[derive(Debug, Clone, Copy, Default)]
struct Sequence {
    last: u64,
}

impl Sequence {
    fn widen(&mut self, count: u32) -> u64 {
        // The distance is right as long as fewer than 2^31 frames went by unseen; a count that went back stays.
        let step = count.wrapping_sub(self.last as u32);
        self.last += if step > u32::MAX / 2 {
            0
        } else {
            u64::from(step)
        };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_wraps_goes_on() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.widen(5), 5);
        assert_eq!(sequence.widen(u32::MAX / 2), u64::from(u32::MAX / 2));
        assert_eq!(sequence.widen(u32::MAX - 1), u64::from(u32::MAX - 1));
        assert_eq!(sequence.widen(3), u64::from(u32::MAX) + 4);
        assert_eq!(
            sequence.widen(1),
            u64::from(u32::MAX) + 4,
            "back: a driver's fault"
        );
    }
}
