//! Encoded pictures on their way out: the pool that they travel in.

use crate::backend::Quality;
use dkvm_sdk::{FramePool, Link, PoolError, PoolRequest, SendError, Slot};
use dkvm_wire::vocab::video::FrameInfo;

/// Two being read, one on its way, two to write into.
const SLOTS: u32 = 5;
/// Free slots that the kernel grants ahead.
const WINDOW: u32 = 2;
/// Small pictures are noisier per pixel, and the head of a JPEG has its 600 bytes too.
const SLOT_MIN: u64 = 256 * 1024;
/// Up to this quality even a photo has less than a byte per pixel; a desktop has a tenth of it.
const ORDINARY_QUALITY: u8 = 85;
/// With more, noise has up to two. The worst case of the format itself is four, which no screen shows: not
/// worth the memory. A picture that does not fit is encoded again with less quality.
const BYTES_PER_PIXEL_FINE: u64 = 2;

/// Bytes of a slot that JPEGs of this size fit in.
pub fn slot_size(info: &FrameInfo, quality: Quality) -> u64 {
    let pixels = u64::from(info.width) * u64::from(info.height);
    let per_pixel = if quality.0 > ORDINARY_QUALITY {
        BYTES_PER_PIXEL_FINE
    } else {
        1
    };
    (pixels * per_pixel).max(SLOT_MIN)
}

/// The pool, made when the first frame of a size comes.
pub struct Output {
    topic: &'static str,
    device: &'static str,
    pool: Option<FramePool>,
    wanted: u64,
}

impl Output {
    /// For a topic of this device.
    pub const fn new(topic: &'static str, device: &'static str) -> Self {
        Self {
            topic,
            device,
            pool: None,
            wanted: 0,
        }
    }

    /// Makes sure that there is a pool with slots of this size. The error is a sentence for people.
    pub async fn fit(&mut self, link: &Link, slot_size: u64) -> Result<(), String> {
        if self.pool.is_some() && self.wanted == slot_size {
            return Ok(());
        }
        self.pool = None;
        let request = PoolRequest {
            slot_size,
            slots: SLOTS,
            window: WINDOW,
        };
        let pool = FramePool::open(link, request).await;
        self.pool = Some(pool.map_err(|error| {
            let device = self.device;
            format!("no shared memory for pictures: {error}; raise `memory` of {device}")
        })?);
        self.wanted = slot_size;
        Ok(())
    }

    /// Gives the pool back while nobody watches.
    pub fn close(&mut self) {
        self.pool = None;
    }

    /// A slot; `None` while readers hold all.
    pub fn take(&self) -> Option<Slot> {
        self.pool.as_ref().and_then(FramePool::take)
    }

    /// Sends a picture that fits the slot.
    pub fn publish(&self, info: &FrameInfo, mut slot: Slot, bytes: &[u8]) -> Result<(), SendError> {
        let Some(pool) = &self.pool else {
            return Ok(());
        };
        if let Some(place) = slot.bytes_mut().get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
            match pool.publish(self.topic, info, slot, bytes.len()) {
                Err(PoolError::Send(error)) => return Err(error),
                Err(error) => dkvm_sdk::warn!("{error}"),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}
