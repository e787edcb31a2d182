//! The V4L2 calls that the `v4l` crate has no API for, or whose API panics on a driver's odd answers
//! (`Capabilities` on a card name that is not UTF-8, `Format` on an unknown colour space). All safe to call.

#![allow(unsafe_code)]

use crate::core::{FourCc, Rate, Size};
use std::{
    io,
    marker::PhantomData,
    mem,
    os::fd::{AsRawFd, RawFd},
    ptr,
    sync::Arc,
};
use tokio::io::{unix::AsyncFd, Interest};
use v4l::v4l2::vidioc::{self, _IOC_TYPE};
use v4l::v4l_sys::*;
use v4l::Device;

/// An open node as epoll sees it.
pub struct Descriptor(Arc<Device>);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.handle().fd()
    }
}

/// Readiness of a node: readable for frames, priority for events.
pub fn watch(device: Arc<Device>, interest: Interest) -> io::Result<AsyncFd<Descriptor>> {
    // SAFETY: `Descriptor` gives the same descriptor always and keeps it open for as long as it lives.
    Ok(unsafe { AsyncFd::register_with_interest(Descriptor(device), interest) }?)
}

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`.
pub(super) const CAPTURE: u32 = v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;
/// Drivers list a dozen formats; more is a fault.
const FORMATS_MAX: u32 = 64;
/// A call that signals interrupt is tried again so often.
const INTERRUPTS_MAX: usize = 16;

/// C structures of which any bytes, zeroes included, are a value.
///
/// # Safety
/// Only for `repr(C)` data of integers, unions of them and pointers that are not followed here.
unsafe trait Plain: Sized {
    fn zeroed() -> Self {
        // SAFETY: by the contract of this trait.
        unsafe { mem::zeroed() }
    }
}

macro_rules! plain {
    ($($name:ty),*) => { $(
        // SAFETY: bindgen's image of a structure of videodev2.h: integers and unions of integers.
        unsafe impl Plain for $name {}
    )* };
}
plain!(
    v4l2_capability,
    v4l2_fmtdesc,
    v4l2_format,
    v4l2_streamparm,
    v4l2_requestbuffers,
    v4l2_input
);
plain!(
    v4l2_dv_timings,
    v4l2_event,
    v4l2_event_subscription,
    std::os::raw::c_int,
    v4l2_buffer
);

/// An ioctl number with the type that its size was computed from.
pub(super) struct Request<T>(_IOC_TYPE, PhantomData<T>);

const IOC_WRITE: _IOC_TYPE = 1;
const IOC_READ: _IOC_TYPE = 2;

impl<T> Request<T> {
    /// A number of the `v4l` crate. It was made with `_IOWR!` from `T`, which `code_matches` checks.
    const fn known(code: _IOC_TYPE) -> Self {
        assert!((code >> 16) as usize & 0x3fff == mem::size_of::<T>());
        Self(code, PhantomData)
    }

    /// The kernel's `_IOC(direction, 'V', number, sizeof(T))`.
    const fn new(direction: _IOC_TYPE, number: _IOC_TYPE) -> Self {
        let size = mem::size_of::<T>() as _IOC_TYPE;
        Self(
            direction << 30 | size << 16 | (b'V' as _IOC_TYPE) << 8 | number,
            PhantomData,
        )
    }
}

const QUERYCAP: Request<v4l2_capability> = Request::known(vidioc::VIDIOC_QUERYCAP);
const ENUM_FMT: Request<v4l2_fmtdesc> = Request::known(vidioc::VIDIOC_ENUM_FMT);
const G_FMT: Request<v4l2_format> = Request::known(vidioc::VIDIOC_G_FMT);
const S_FMT: Request<v4l2_format> = Request::known(vidioc::VIDIOC_S_FMT);
const G_PARM: Request<v4l2_streamparm> = Request::known(vidioc::VIDIOC_G_PARM);
const S_PARM: Request<v4l2_streamparm> = Request::known(vidioc::VIDIOC_S_PARM);
const REQBUFS: Request<v4l2_requestbuffers> = Request::known(vidioc::VIDIOC_REQBUFS);
const STREAMON: Request<std::os::raw::c_int> = Request::known(vidioc::VIDIOC_STREAMON);
const STREAMOFF: Request<std::os::raw::c_int> = Request::known(vidioc::VIDIOC_STREAMOFF);
const ENUMINPUT: Request<v4l2_input> = Request::known(vidioc::VIDIOC_ENUMINPUT);
const G_INPUT: Request<std::os::raw::c_int> = Request::known(vidioc::VIDIOC_G_INPUT);
const S_INPUT: Request<std::os::raw::c_int> = Request::known(vidioc::VIDIOC_S_INPUT);
const S_DV_TIMINGS: Request<v4l2_dv_timings> = Request::new(IOC_READ | IOC_WRITE, 87);
const G_DV_TIMINGS: Request<v4l2_dv_timings> = Request::new(IOC_READ | IOC_WRITE, 88);
const DQEVENT: Request<v4l2_event> = Request::new(IOC_READ, 89);
const SUBSCRIBE_EVENT: Request<v4l2_event_subscription> = Request::new(IOC_WRITE, 90);
const QUERY_DV_TIMINGS: Request<v4l2_dv_timings> = Request::new(IOC_READ, 99);
pub(super) const QUERYBUF: Request<v4l2_buffer> = Request::known(vidioc::VIDIOC_QUERYBUF);
pub(super) const QBUF: Request<v4l2_buffer> = Request::known(vidioc::VIDIOC_QBUF);
pub(super) const DQBUF: Request<v4l2_buffer> = Request::known(vidioc::VIDIOC_DQBUF);

/// A call whose argument holds no pointer that Linux follows.
fn call<T: Plain>(device: &Device, request: &Request<T>, argument: &mut T) -> io::Result<()> {
    for _ in 0..INTERRUPTS_MAX {
        // SAFETY: `argument` is alive, ours alone, and of the size that is in the request's number; Linux reads and writes
        // just that many bytes. None of the types that this is called with has a pointer in it.
        let result = unsafe {
            v4l::v4l2::ioctl(
                device.handle().fd(),
                request.0,
                ptr::from_mut(argument).cast(),
            )
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}

/// A buffer call.
///
/// # Safety
/// With `V4L2_MEMORY_USERPTR`, `m.userptr` and `length` must describe memory that stays valid and untouched until
/// the buffer is dequeued or the stream is off.
pub(super) unsafe fn buffer_call(
    device: &Device,
    request: &Request<v4l2_buffer>,
    buffer: &mut v4l2_buffer,
) -> io::Result<()> {
    call(device, request, buffer)
}

/// An empty buffer argument.
pub(super) fn empty_buffer(memory: u32) -> v4l2_buffer {
    let mut buffer = v4l2_buffer::zeroed();
    (buffer.type_, buffer.memory) = (CAPTURE, memory);
    buffer
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// The card's name, made presentable.
    pub card: String,
    /// `V4L2_CAP_*` of this node.
    pub flags: u32,
}

/// Asks what a node is.
pub fn caps(device: &Device) -> io::Result<Caps> {
    let mut raw = v4l2_capability::zeroed();
    call(device, &QUERYCAP, &mut raw)?;
    let own = raw.capabilities & V4L2_CAP_DEVICE_CAPS != 0;
    let flags = if own {
        raw.device_caps
    } else {
        raw.capabilities
    };
    Ok(Caps {
        card: text(&raw.card),
        flags,
    })
}

/// A C string of a driver, which a USB device may have chosen: printable characters only.
fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end])
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

/// All pixel formats.
pub fn formats(device: &Device) -> Vec<FourCc> {
    let format = |index| {
        let mut raw = v4l2_fmtdesc {
            index,
            type_: CAPTURE,
            ..v4l2_fmtdesc::zeroed()
        };
        call(device, &ENUM_FMT, &mut raw)
            .ok()
            .map(|()| FourCc(raw.pixelformat.to_le_bytes()))
    };
    (0..FORMATS_MAX).map_while(format).collect()
}

/// The format in force, or after a wish the one that the driver took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PixFormat {
    pub format: FourCc,
    pub size: Size,
    pub stride: u32,
    pub frame_len: u32,
    pub colorspace: u32,
    pub encoding: u32,
    pub quantization: u32,
}

fn pix(raw: &v4l2_format) -> PixFormat {
    // SAFETY: `type_` is CAPTURE, for which the driver fills `pix`; any bytes are integers.
    let (pix, encoding) = unsafe { (raw.fmt.pix, raw.fmt.pix.__bindgen_anon_1.ycbcr_enc) };
    PixFormat {
        format: FourCc(pix.pixelformat.to_le_bytes()),
        size: Size {
            width: pix.width,
            height: pix.height,
        },
        stride: pix.bytesperline,
        frame_len: pix.sizeimage,
        colorspace: pix.colorspace,
        encoding,
        quantization: pix.quantization,
    }
}

/// Asks for a format and size; the driver may answer with another.
pub fn set_format(device: &Device, format: FourCc, size: Size) -> io::Result<PixFormat> {
    let mut raw = v4l2_format {
        type_: CAPTURE,
        ..v4l2_format::zeroed()
    };
    // What the driver has now is the ground: colour fields that are no wish of ours stay as they are.
    let _ = call(device, &G_FMT, &mut raw);
    let mut pix_wish = pix_of(&raw);
    pix_wish.width = size.width;
    pix_wish.height = size.height;
    pix_wish.pixelformat = u32::from_le_bytes(format.0);
    pix_wish.field = v4l2_field_V4L2_FIELD_NONE;
    // vivid keeps an old, larger line length unless it is told to compute its own.
    (pix_wish.bytesperline, pix_wish.sizeimage) = (0, 0);
    raw.fmt.pix = pix_wish;
    call(device, &S_FMT, &mut raw)?;
    Ok(pix(&raw))
}

fn pix_of(raw: &v4l2_format) -> v4l2_pix_format {
    // SAFETY: as in `pix`.
    unsafe { raw.fmt.pix }
}

/// Asks for a rate; gives what the driver took, [`Rate::ANY`] when it has no say in it.
pub fn set_rate(device: &Device, rate: Rate) -> io::Result<Rate> {
    let mut raw = v4l2_streamparm {
        type_: CAPTURE,
        ..v4l2_streamparm::zeroed()
    };
    call(device, &G_PARM, &mut raw)?;
    // SAFETY: `type_` is CAPTURE, for which `capture` is the member; all its fields are integers.
    let mut parm = unsafe { raw.parm.capture };
    if rate != Rate::ANY && parm.capability & V4L2_CAP_TIMEPERFRAME != 0 {
        parm.timeperframe = v4l2_fract {
            numerator: 1000,
            denominator: rate.0,
        };
        raw.parm.capture = parm;
        call(device, &S_PARM, &mut raw)?;
        // SAFETY: as above.
        parm = unsafe { raw.parm.capture };
    }
    Ok(Rate::from_fraction(
        parm.timeperframe.denominator.into(),
        parm.timeperframe.numerator.into(),
    ))
}

/// An input of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// `V4L2_IN_ST_*`.
    pub status: u32,
    /// `V4L2_IN_CAP_*`.
    pub capabilities: u32,
}

/// The input in use.
pub fn input(device: &Device) -> io::Result<Input> {
    let mut index = 0;
    call(device, &G_INPUT, &mut index)?;
    let mut raw = v4l2_input {
        index: u32::try_from(index).unwrap_or(0),
        ..v4l2_input::zeroed()
    };
    call(device, &ENUMINPUT, &mut raw)?;
    Ok(Input {
        status: raw.status,
        capabilities: raw.capabilities,
    })
}

/// Changes the input.
pub fn set_input(device: &Device, index: u32) -> io::Result<()> {
    call(
        device,
        &S_INPUT,
        &mut std::os::raw::c_int::try_from(index).unwrap_or(std::os::raw::c_int::MAX),
    )
}

/// DV timings: the shape of an HDMI signal.
#[derive(Clone, Copy)]
pub struct Timings(v4l2_dv_timings);

impl Timings {
    /// Picture size.
    pub fn size(&self) -> Size {
        let bt = self.bt();
        Size {
            width: bt.width,
            height: bt.height,
        }
    }

    /// Two fields per picture.
    pub fn is_interlaced(&self) -> bool {
        self.bt().interlaced != 0
    }

    /// Pictures per second, from the pixel clock and the whole frame with its blanking.
    pub fn rate(&self) -> Rate {
        let bt = self.bt();
        let sum = |parts: [u32; 4]| parts.into_iter().map(u64::from).sum::<u64>();
        let line = sum([bt.width, bt.hfrontporch, bt.hsync, bt.hbackporch]);
        let lines = sum([bt.height, bt.vfrontporch, bt.vsync, bt.vbackporch]);
        Rate::from_fraction(bt.pixelclock, line.saturating_mul(lines))
    }

    fn bt(&self) -> v4l2_bt_timings {
        // SAFETY: all of the union's members are integers.
        unsafe { self.0.__bindgen_anon_1.bt }
    }
}

/// What the receiver sees on the cable now.
pub fn query_timings(device: &Device) -> io::Result<Timings> {
    let mut raw = v4l2_dv_timings::zeroed();
    call(device, &QUERY_DV_TIMINGS, &mut raw).map(|()| Timings(raw))
}

/// What the receiver is set to.
pub fn timings(device: &Device) -> io::Result<Timings> {
    let mut raw = v4l2_dv_timings::zeroed();
    call(device, &G_DV_TIMINGS, &mut raw).map(|()| Timings(raw))
}

/// Sets the receiver to what it sees.
pub fn set_timings(device: &Device, timings: &Timings) -> io::Result<()> {
    let mut raw = timings.0;
    call(device, &S_DV_TIMINGS, &mut raw)
}

/// Asks to be woken when the source changes. Cameras refuse, which is no fault.
pub fn subscribe_source_change(device: &Device) -> io::Result<()> {
    let mut raw = v4l2_event_subscription {
        type_: V4L2_EVENT_SOURCE_CHANGE,
        ..v4l2_event_subscription::zeroed()
    };
    call(device, &SUBSCRIBE_EVENT, &mut raw)
}

/// Whether a source change is among the pending events, all of which are taken.
pub fn take_events(device: &Device) -> Option<SourceChange> {
    /// Linux queues a few per subscription.
    const EVENTS_MAX: usize = 16;
    let mut raw = v4l2_event::zeroed();
    let pending =
        (0..EVENTS_MAX).map_while(|_| call(device, &DQEVENT, &mut raw).ok().map(|()| raw.type_));
    pending
        .filter(|kind| *kind == V4L2_EVENT_SOURCE_CHANGE)
        .last()
        .map(|_| SourceChange)
}

/// The driver says that the source changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceChange;

/// Asks for buffers; 0 gives them back. The driver answers with how many it made.
pub(super) fn request_buffers(device: &Device, memory: u32, count: u32) -> io::Result<u32> {
    let mut raw = v4l2_requestbuffers {
        count,
        type_: CAPTURE,
        memory,
        ..v4l2_requestbuffers::zeroed()
    };
    call(device, &REQBUFS, &mut raw).map(|()| raw.count)
}

/// Frames begin to flow into queued buffers.
pub(super) fn stream_on(device: &Device) -> io::Result<()> {
    call(device, &STREAMON, &mut CAPTURE.cast_signed())
}

/// The driver lets go of all buffers: when this returns it writes into none.
pub(super) fn stream_off(device: &Device) -> io::Result<()> {
    call(device, &STREAMOFF, &mut CAPTURE.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_numbers_are_those_of_videodev2_h() {
        // As the C preprocessor gives them on a 64-bit machine.
        assert_eq!(S_DV_TIMINGS.0, 0xc084_5657);
        assert_eq!(G_DV_TIMINGS.0, 0xc084_5658);
        assert_eq!(DQEVENT.0, 0x8088_5659);
        assert_eq!(SUBSCRIBE_EVENT.0, 0x4020_565a);
        assert_eq!(QUERY_DV_TIMINGS.0, 0x8084_5663);
    }

    #[test]
    fn rates_come_from_the_whole_frame() {
        let bt = v4l2_bt_timings {
            width: 1280,
            height: 720,
            pixelclock: 74_250_000,
            hfrontporch: 110,
            hsync: 40,
            hbackporch: 220,
            vfrontporch: 5,
            vsync: 5,
            vbackporch: 20,
            ..Timings(v4l2_dv_timings::zeroed()).bt()
        };
        let mut raw = v4l2_dv_timings::zeroed();
        raw.__bindgen_anon_1.bt = bt;
        assert_eq!(Timings(raw).rate(), Rate(60_000));
        assert_eq!(Timings(v4l2_dv_timings::zeroed()).rate(), Rate::ANY);
    }

    #[test]
    fn names_of_usb_devices_are_made_presentable() {
        assert_eq!(text(b"USB\xff Video\x1b[2J\0rest"), "USB\u{fffd} Video[2J");
    }
}
