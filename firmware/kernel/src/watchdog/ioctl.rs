//! The one request to a watchdog that no safe wrapper has.

#![allow(unsafe_code)]

use rustix::ioctl::{ioctl, opcode, Opcode, Updater};
use std::fs::File;
use std::io;

/// `WDIOC_SETTIMEOUT` of linux/watchdog.h: an int of seconds, in and out.
const SET_TIMEOUT: Opcode = opcode::read_write::<libc::c_int>(b'W', 6);

/// Returns what it was set to.
pub(super) fn set_timeout(file: &File, seconds: u32) -> io::Result<u32> {
    let mut value = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    // SAFETY: the request reads and writes one int, which is what it is given; another driver than a watchdog's
    // refuses its number.
    unsafe { ioctl(file, Updater::<SET_TIMEOUT, libc::c_int>::new(&mut value)) }?;
    Ok(u32::try_from(value).unwrap_or_default())
}
