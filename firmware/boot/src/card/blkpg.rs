//! Tells Linux that a partition of a disk in use has become longer (`BLKPG_RESIZE_PARTITION`, linux/blkpg.h).
//!
//! Reading the whole table again (`BLKRRPART`) is refused while a partition is mounted, as the root always is; no crate
//! has a safe call for this one.
#![allow(unsafe_code)]

use dkvm_card::{Extent, SECTOR};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// `_IO(0x12, 105)`
const BLKPG: libc::c_ulong = 0x1269;
const BLKPG_RESIZE_PARTITION: libc::c_int = 3;

#[repr(C)]
struct Partition {
    start: libc::c_longlong,
    length: libc::c_longlong,
    number: libc::c_int,
    device_name: [libc::c_char; 64],
    volume_name: [libc::c_char; 64],
}

#[repr(C)]
struct Argument {
    operation: libc::c_int,
    flags: libc::c_int,
    length: libc::c_int,
    data: *mut Partition,
}

/// Partition `number` of the disk has this extent from now on.
pub fn resize(disk: &File, number: u32, extent: Extent) -> io::Result<()> {
    let bytes = |sectors: u64| {
        libc::c_longlong::try_from(sectors * SECTOR as u64).unwrap_or(libc::c_longlong::MAX)
    };
    let mut partition = Partition {
        start: bytes(extent.start),
        length: bytes(extent.sectors),
        number: libc::c_int::try_from(number).unwrap_or(0),
        device_name: [0; 64],
        volume_name: [0; 64],
    };
    let mut argument = Argument {
        operation: BLKPG_RESIZE_PARTITION,
        flags: 0,
        length: size_of::<Partition>() as libc::c_int,
        data: &mut partition,
    };
    // SAFETY: both structures are laid out as linux/blkpg.h has them and live until the call returns; Linux reads
    // `length` bytes behind `data`, which is the size of what is there, and keeps neither pointer.
    let result = unsafe { libc::ioctl(disk.as_raw_fd(), BLKPG as _, &mut argument) };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
