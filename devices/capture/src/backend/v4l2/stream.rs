//! A running stream: buffers go round between driver, pool and readers.

use super::{
    buffers::{Health, MappedBuffers, Meta, UserBuffers},
    ioctl,
};
use crate::backend::{Captured, Keep, LeftOut, Next};
use dkvm_sdk::{monotonic, FramePool, Slot};
use std::{fmt, io, sync::Arc, time::Duration};
use v4l::Device;

/// With fewer buffers queued a driver loses frames, some stop altogether; then a frame is given up instead.
const QUEUED_MIN: usize = 2;

/// How frames get from the driver into slots; found out at the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// Not tried yet.
    Unknown,
    /// The driver writes into our slots.
    Ours,
    /// The driver has its own memory.
    Drivers,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "memory not chosen",
            Self::Ours => "the driver writes into shared memory itself (no copy)",
            Self::Drivers => "the driver writes into its own memory (one copy per frame)",
        })
    }
}

enum Buffers {
    User(UserBuffers),
    Mapped(MappedBuffers),
}

/// A running stream. Dropping it stops the driver.
pub(super) struct Stream {
    buffers: Buffers,
}

impl Stream {
    /// Starts, without copies where the driver can.
    pub fn begin(
        device: &Arc<Device>,
        pool: &FramePool,
        slots: u32,
        memory: Memory,
    ) -> io::Result<Self> {
        if memory != Memory::Drivers {
            match Self::with_user_buffers(device, pool, slots) {
                Ok(stream) => return Ok(stream),
                // What worked before must not fall back because of a passing fault.
                Err(error) if memory == Memory::Ours || !is_refusal(&error) => return Err(error),
                Err(_) => {}
            }
        }
        let buffers = Buffers::Mapped(MappedBuffers::request(device.clone())?);
        ioctl::stream_on(device)?;
        Ok(Self { buffers })
    }

    fn with_user_buffers(device: &Arc<Device>, pool: &FramePool, slots: u32) -> io::Result<Self> {
        let mut buffers = UserBuffers::request(device.clone(), slots)?;
        while let Some(slot) = pool.take() {
            buffers.queue(slot)?;
        }
        if buffers.queued() < QUEUED_MIN {
            return Err(io::Error::other("the pool has no free slots"));
        }
        ioctl::stream_on(device)?;
        Ok(Self {
            buffers: Buffers::User(buffers),
        })
    }

    /// Which way was found.
    pub fn memory(&self) -> Memory {
        match self.buffers {
            Buffers::User(_) => Memory::Ours,
            Buffers::Mapped(_) => Memory::Drivers,
        }
    }

    /// The next frame.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> io::Result<Next> {
        match &mut self.buffers {
            Buffers::User(buffers) => next_of_user(buffers, pool, keep),
            Buffers::Mapped(buffers) => {
                let next = buffers.dequeue(|bytes, meta| copy(bytes, &meta, pool, keep))?;
                Ok(next.unwrap_or(Next::Nothing))
            }
        }
    }
}

/// `EINVAL` and friends: the driver has no such memory, or cannot reach ours.
fn is_refusal(error: &io::Error) -> bool {
    /// `EFAULT`: the driver could not pin the pages.
    const EFAULT: i32 = 14;
    let refused = matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    );
    refused || error.raw_os_error() == Some(EFAULT)
}

fn next_of_user(buffers: &mut UserBuffers, pool: &FramePool, keep: Keep<'_>) -> io::Result<Next> {
    let Some((slot, meta)) = buffers.dequeue()? else {
        return Ok(Next::Nothing);
    };
    while let Some(free) = pool.take() {
        buffers.queue(free)?;
    }
    let starved = buffers.queued() < QUEUED_MIN;
    match verdict(&meta, keep) {
        Ok(at) if !starved => Ok(Next::Frame(captured(slot, &meta, at))),
        Ok(_) => back(buffers, slot, LeftOut::NoSlot),
        Err(why) => back(buffers, slot, why),
    }
}

fn back(buffers: &mut UserBuffers, slot: Slot, why: LeftOut) -> io::Result<Next> {
    buffers.queue(slot)?;
    Ok(Next::LeftOut(why))
}

fn verdict(meta: &Meta, keep: Keep<'_>) -> Result<Duration, LeftOut> {
    let at = meta.captured.unwrap_or_else(monotonic);
    match meta.health {
        Health::Broken => Err(LeftOut::Broken),
        Health::Good if !keep(at) => Err(LeftOut::Pace),
        Health::Good => Ok(at),
    }
}

fn captured(slot: Slot, meta: &Meta, at: Duration) -> Captured {
    let length = meta.length.min(slot.capacity());
    Captured {
        slot,
        length,
        sequence: meta.sequence,
        at,
    }
}

fn copy(bytes: &[u8], meta: &Meta, pool: &FramePool, keep: Keep<'_>) -> Next {
    let at = match verdict(meta, keep) {
        Ok(at) => at,
        Err(why) => return Next::LeftOut(why),
    };
    let Some(mut slot) = pool.take() else {
        return Next::LeftOut(LeftOut::NoSlot);
    };
    let Some(place) = slot.bytes_mut().get_mut(..bytes.len()) else {
        return Next::LeftOut(LeftOut::Broken);
    };
    place.copy_from_slice(bytes);
    Next::Frame(captured(slot, meta, at))
}
