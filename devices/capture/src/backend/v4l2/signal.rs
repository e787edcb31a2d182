//! Looking at the signal.

use super::ioctl::{self, Timings};
use crate::{
    backend::Fault,
    core::{Kind, SignalReport},
};
use dkvm_wire::vocab::video::Signal;
use std::io;
use v4l::v4l_sys::{
    V4L2_IN_ST_NO_H_LOCK, V4L2_IN_ST_NO_POWER, V4L2_IN_ST_NO_SIGNAL, V4L2_IN_ST_NO_SYNC,
};
use v4l::Device;

// Linux' error numbers as VIDIOC_QUERY_DV_TIMINGS uses them.
const ENODEV: i32 = 19;
const ERANGE: i32 = 34;
const ENOLINK: i32 = 67;
const ENOLCK: i32 = 37;

const NO_SIGNAL: &str = "no signal: check the HDMI cable, and wake the PC";
const UNSTABLE: &str =
    "the signal does not lock: check the HDMI cable, or set a lower resolution on the PC";

/// The signal now, and its timings when there are some.
pub(super) fn look(device: &Device, kind: Kind) -> Result<(SignalReport, Option<Timings>), Fault> {
    match kind {
        Kind::Receiver => receiver(ioctl::query_timings(device)),
        Kind::Camera => camera(ioctl::input(device)).map(|report| (report, None)),
    }
}

fn receiver(seen: io::Result<Timings>) -> Result<(SignalReport, Option<Timings>), Fault> {
    let bad = |signal, detail: String| Ok((SignalReport::bad(signal, detail), None));
    match seen {
        Ok(timings) => Ok((judge(&timings), Some(timings))),
        Err(error) => match error.raw_os_error() {
            Some(ENODEV) => Err(Fault::Gone),
            Some(ENOLCK) => bad(Signal::Unstable, UNSTABLE.to_owned()),
            Some(ERANGE) => bad(Signal::OutOfRange, out_of_range("it")),
            Some(ENOLINK) => bad(Signal::None, NO_SIGNAL.to_owned()),
            _ => bad(
                Signal::None,
                format!("{NO_SIGNAL} (the receiver says: {error})"),
            ),
        },
    }
}

fn out_of_range(what: &str) -> String {
    format!("the receiver cannot take the PC's mode, {what} is out of its range: set a common one such as 1920x1080 at 60 Hz")
}

fn judge(timings: &Timings) -> SignalReport {
    let (size, rate) = (timings.size(), timings.rate());
    if timings.is_interlaced() {
        return SignalReport::bad(
            Signal::OutOfRange,
            format!("{size} comes interlaced: set a progressive mode on the PC"),
        );
    }
    if !size.is_sane() {
        return SignalReport::bad(Signal::OutOfRange, out_of_range(&size.to_string()));
    }
    SignalReport::ok(Some(size.at(rate)))
}

/// Dongles tell little: most claim a signal always.
fn camera(input: io::Result<ioctl::Input>) -> Result<SignalReport, Fault> {
    let status = match input {
        Ok(input) => input.status,
        Err(error) if error.raw_os_error() == Some(ENODEV) => return Err(Fault::Gone),
        // Not every driver has inputs.
        Err(_) => 0,
    };
    Ok(
        if status & (V4L2_IN_ST_NO_SIGNAL | V4L2_IN_ST_NO_POWER) != 0 {
            SignalReport::bad(Signal::None, NO_SIGNAL)
        } else if status & (V4L2_IN_ST_NO_SYNC | V4L2_IN_ST_NO_H_LOCK) != 0 {
            SignalReport::bad(Signal::Unstable, UNSTABLE)
        } else {
            SignalReport::ok(None)
        },
    )
}

/// Sets the receiver to what it sees, unless it is so already: some drivers reset their link on each setting.
pub(super) fn lock_on(device: &Device, seen: &Timings) -> io::Result<()> {
    let same = |set: &Timings| set.size() == seen.size() && set.rate().is_near(seen.rate());
    match ioctl::timings(device) {
        Ok(set) if same(&set) => Ok(()),
        _ => ioctl::set_timings(device, seen),
    }
}
