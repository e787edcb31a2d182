//! Buffers that a driver writes frames into: the slots of our own pool, or memory of the driver's.

#![allow(unsafe_code)]

use super::ioctl::{self, DQBUF, QBUF, QUERYBUF};
use dkvm_sdk::Slot;
use rustix::mm::{mmap, munmap, MapFlags, ProtFlags};
use std::{ffi::c_void, io, os::fd::BorrowedFd, ptr, slice, sync::Arc, time::Duration};
use v4l::v4l_sys::{
    timeval, v4l2_buffer, v4l2_memory_V4L2_MEMORY_MMAP as MMAP,
    v4l2_memory_V4L2_MEMORY_USERPTR as USERPTR, V4L2_BUF_FLAG_ERROR, V4L2_BUF_FLAG_TIMESTAMP_MASK,
    V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
};
use v4l::Device;

/// Buffers of the driver's own, where it cannot write into ours: two being filled, one full, one being copied.
const MAPPED: u32 = 4;

/// What the driver says of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Bytes written.
    pub length: usize,
    /// The driver's count.
    pub sequence: u32,
    /// `CLOCK_MONOTONIC`; `None` where the driver uses another clock.
    pub captured: Option<Duration>,
    /// Whether the data may be used.
    pub health: Health,
}

/// Whether a frame's data may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As far as the driver knows.
    Good,
    /// The driver says that data was lost, or there is none.
    Broken,
}

fn meta(buffer: &v4l2_buffer) -> Meta {
    let monotonic =
        buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    let broken = buffer.flags & V4L2_BUF_FLAG_ERROR != 0 || buffer.bytesused == 0;
    Meta {
        length: buffer.bytesused as usize,
        sequence: buffer.sequence,
        captured: monotonic.then(|| since_boot(buffer.timestamp)).flatten(),
        health: if broken { Health::Broken } else { Health::Good },
    }
}

fn since_boot(time: timeval) -> Option<Duration> {
    let (seconds, micros) = (
        u64::try_from(time.tv_sec).ok()?,
        u64::try_from(time.tv_usec).ok()?,
    );
    Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
        .filter(|time| !time.is_zero())
}

/// `None` for "not now".
fn unless_empty<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

/// Our slots, lent to the driver (`V4L2_MEMORY_USERPTR`): the zero-copy path.
///
/// A slot in here is written by the driver, so it is kept out of everybody's reach until it is dequeued. Buffer number
/// and slot number are the same, so the driver pins each slot's pages once and not for each frame.
pub struct UserBuffers {
    device: Arc<Device>,
    lent: Vec<Option<Slot>>,
}

impl UserBuffers {
    /// Fails where the driver cannot write into memory of others.
    pub fn request(device: Arc<Device>, slots: u32) -> io::Result<Self> {
        let count = ioctl::request_buffers(&device, USERPTR, slots)?;
        if count < slots {
            let _ = ioctl::request_buffers(&device, USERPTR, 0);
            return Err(io::ErrorKind::Unsupported.into());
        }
        let lent = (0..slots).map(|_| None).collect();
        Ok(Self { device, lent })
    }

    /// Lends a slot to the driver.
    pub fn queue(&mut self, mut slot: Slot) -> io::Result<()> {
        let index = slot.lease().slot.0;
        let place = self
            .lent
            .get_mut(index as usize)
            .filter(|place| place.is_none());
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        let mut buffer = ioctl::empty_buffer(USERPTR);
        buffer.index = index;
        buffer.m.userptr = slot.as_mut_ptr() as std::os::raw::c_ulong;
        buffer.length = u32::try_from(slot.capacity()).unwrap_or(u32::MAX);
        // SAFETY: `userptr` and `length` are the slot's own memory, which is valid while the slot lives. It lives in `lent`,
        // where nothing touches it, until `dequeue` takes it after the driver gave it back, or until `drop`, after STREAMOFF.
        unsafe { ioctl::buffer_call(&self.device, &QBUF, &mut buffer)? };
        *place = Some(slot);
        Ok(())
    }

    /// The oldest full slot, if there is one.
    pub fn dequeue(&mut self) -> io::Result<Option<(Slot, Meta)>> {
        let mut buffer = ioctl::empty_buffer(USERPTR);
        // SAFETY: DQBUF writes into `buffer` alone.
        let Some(()) =
            unless_empty(unsafe { ioctl::buffer_call(&self.device, &DQBUF, &mut buffer) })?
        else {
            return Ok(None);
        };
        let slot = self
            .lent
            .get_mut(buffer.index as usize)
            .and_then(Option::take);
        let unknown = || io::Error::other("the driver gave back a buffer that it was not lent");
        slot.map(|slot| (slot, meta(&buffer)))
            .ok_or_else(unknown)
            .map(Some)
    }

    /// Slots with the driver.
    pub fn queued(&self) -> usize {
        self.lent.iter().flatten().count()
    }
}

impl Drop for UserBuffers {
    fn drop(&mut self) {
        // Both fail only on a device that is gone, which writes no more. The slots are dropped after this.
        let _ = ioctl::stream_off(&self.device);
        let _ = ioctl::request_buffers(&self.device, USERPTR, 0);
    }
}

struct Mapping {
    start: *mut c_void,
    length: usize,
}

// SAFETY: the mapping is plain memory, owned by this value alone.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `start` and `length` came from one mmap, and no borrow outlives the value.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

/// The driver's own memory, mapped (`V4L2_MEMORY_MMAP`): one copy per frame.
pub struct MappedBuffers {
    device: Arc<Device>,
    maps: Vec<Mapping>,
}

impl MappedBuffers {
    /// Makes the buffers and queues all of them.
    pub fn request(device: Arc<Device>) -> io::Result<Self> {
        let count = ioctl::request_buffers(&device, MMAP, MAPPED)?;
        let mut buffers = Self {
            device,
            maps: Vec::new(),
        };
        for index in 0..count {
            let map = buffers.map(index)?;
            buffers.maps.push(map);
            buffers.queue(index)?;
        }
        Ok(buffers)
    }

    fn map(&self, index: u32) -> io::Result<Mapping> {
        let mut buffer = ioctl::empty_buffer(MMAP);
        buffer.index = index;
        // SAFETY: QUERYBUF writes into `buffer` alone.
        unsafe { ioctl::buffer_call(&self.device, &QUERYBUF, &mut buffer)? };
        let length = buffer.length as usize;
        // SAFETY: the descriptor is the device's, which `self` keeps open; a new mapping at a place that Linux chooses
        // touches no other memory. For MMAP buffers `offset` is the union's member.
        let start = unsafe {
            let fd = BorrowedFd::borrow_raw(self.device.handle().fd());
            let offset = u64::from(buffer.m.offset);
            mmap(
                ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::SHARED,
                fd,
                offset,
            )?
        };
        Ok(Mapping { start, length })
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        let mut buffer = ioctl::empty_buffer(MMAP);
        buffer.index = index;
        // SAFETY: the memory of an MMAP buffer is the driver's.
        unsafe { ioctl::buffer_call(&self.device, &QBUF, &mut buffer) }
    }

    /// Gives the oldest full buffer to `read` and then back to the driver.
    pub fn dequeue<R>(&mut self, read: impl FnOnce(&[u8], Meta) -> R) -> io::Result<Option<R>> {
        let mut buffer = ioctl::empty_buffer(MMAP);
        // SAFETY: DQBUF writes into `buffer` alone.
        let Some(()) =
            unless_empty(unsafe { ioctl::buffer_call(&self.device, &DQBUF, &mut buffer) })?
        else {
            return Ok(None);
        };
        let meta = meta(&buffer);
        let map = self
            .maps
            .get(buffer.index as usize)
            .ok_or_else(|| io::Error::other("the driver gave an unknown buffer"))?;
        // SAFETY: `length` is cut to the mapping, which lives in `self`; the buffer is dequeued, so the driver does not write.
        let bytes =
            unsafe { slice::from_raw_parts(map.start.cast::<u8>(), meta.length.min(map.length)) };
        let result = read(bytes, meta);
        self.queue(buffer.index)?;
        Ok(Some(result))
    }
}

impl Drop for MappedBuffers {
    fn drop(&mut self) {
        let _ = ioctl::stream_off(&self.device);
        // Linux frees the buffers only once nothing maps them.
        self.maps.clear();
        let _ = ioctl::request_buffers(&self.device, MMAP, 0);
    }
}
