//! libjpeg-turbo, by the C calls of the `turbojpeg` crate's bindings.
//!
//! The crate's own compressor takes planes only from its version 1.5 on, which wants libjpeg-turbo 3; Debian 12 has 2.1. The
//! three calls made here are the same in both.

#![allow(unsafe_code)]

use super::{EncodeError, Quality};
use crate::{
    picture::{Layout, Picture},
    planes::{Planes, Subsampling},
};
use std::{ffi::CStr, ptr};
use turbojpeg::{raw, Compressor, Image, PixelFormat, Subsamp};

/// A libjpeg-turbo compressor with its buffers.
pub struct Turbo {
    handle: Handle,
    /// For RGB, which no KVM's hardware gives by choice.
    rgb: Compressor,
    planes: Planes,
    /// Room for the worst case. Linux gives it memory only as far as JPEGs really reach.
    room: Vec<u8>,
    length: usize,
}

struct Handle(raw::tjhandle);

// SAFETY: a handle has no tie to the thread that made it; it is used by one at a time, as `&mut` sees to.
unsafe impl Send for Handle {}

impl Handle {
    fn new() -> Result<Self, EncodeError> {
        // SAFETY: no arguments; null means failure.
        let handle = unsafe { raw::tjInitCompress() };
        if handle.is_null() {
            Err(EncodeError("libjpeg-turbo has no memory".to_owned()))
        } else {
            Ok(Self(handle))
        }
    }

    fn error(&self) -> EncodeError {
        // SAFETY: the handle is alive; the text is a C string that stays until the next call with the handle.
        let text = unsafe { CStr::from_ptr(raw::tjGetErrorStr2(self.0)) };
        EncodeError(text.to_string_lossy().into_owned())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by tjInitCompress, destroyed once.
        unsafe { raw::tjDestroy(self.0) };
    }
}

impl Turbo {
    /// Sets the library up.
    pub fn new() -> Result<Self, EncodeError> {
        let rgb = Compressor::new().map_err(|error| EncodeError(error.to_string()))?;
        Ok(Self {
            handle: Handle::new()?,
            rgb,
            planes: Planes::default(),
            room: Vec::new(),
            length: 0,
        })
    }

    /// Makes a JPEG.
    pub fn encode(
        &mut self,
        picture: &Picture<'_>,
        quality: Quality,
    ) -> Result<&[u8], EncodeError> {
        self.length = 0;
        self.length = match self.planes.fill(picture) {
            Some(()) => self.compress_planes(picture, quality)?,
            None => self.compress_rgb(picture, quality)?,
        };
        Ok(self.last())
    }

    /// The last JPEG.
    pub fn last(&self) -> &[u8] {
        &self.room[..self.length]
    }

    fn compress_planes(
        &mut self,
        picture: &Picture<'_>,
        quality: Quality,
    ) -> Result<usize, EncodeError> {
        let subsamp = match self.planes.subsampling() {
            Subsampling::Pairs => raw::TJSAMP_TJSAMP_422,
            Subsampling::Squares => raw::TJSAMP_TJSAMP_420,
        };
        let subsamp = int(subsamp as usize)?;
        let (width, height) = (int(picture.width)?, int(picture.height)?);
        self.make_room(picture, Subsamp::Sub2x1)?;
        let mut planes = self.planes.planes().map(<[u8]>::as_ptr);
        let strides = [
            int(self.planes.stride())?,
            int(self.planes.stride() / 2)?,
            int(self.planes.stride() / 2)?,
        ];
        let mut out = self.room.as_mut_ptr();
        let mut length = self.room.len() as libc::c_ulong;
        // SAFETY: `fill` made the planes of just these sizes: Y has `stride` (at least `width`, even) times the height (even
        // for 4:2:0), U and V half of it as the subsampling says, all read only. `out` has `tjBufSize` bytes for
        // this size by `make_room`, and more is never written; NOREALLOC keeps the library from moving it.
        let result = unsafe {
            raw::tjCompressFromYUVPlanes(
                self.handle.0,
                planes.as_mut_ptr(),
                width,
                strides.as_ptr(),
                height,
                subsamp,
                ptr::from_mut(&mut out),
                ptr::from_mut(&mut length),
                quality.0.into(),
                raw::TJFLAG_NOREALLOC.cast_signed(),
            )
        };
        if result != 0 {
            return Err(self.handle.error());
        }
        Ok(usize::try_from(length).unwrap_or(0).min(self.room.len()))
    }

    fn compress_rgb(
        &mut self,
        picture: &Picture<'_>,
        quality: Quality,
    ) -> Result<usize, EncodeError> {
        self.make_room(picture, Subsamp::Sub2x1)?;
        self.rgb.set_quality(quality.0.into());
        self.rgb.set_subsamp(Subsamp::Sub2x1);
        let format = if picture.layout == Layout::Bgr {
            PixelFormat::BGR
        } else {
            PixelFormat::RGB
        };
        let Picture {
            width,
            height,
            stride: pitch,
            ..
        } = *picture;
        let image = Image {
            pixels: picture.bytes(),
            width,
            pitch,
            height,
            format,
        };
        self.rgb
            .compress_to_slice(image, &mut self.room)
            .map_err(|error| EncodeError(error.to_string()))
    }

    /// The worst case of 4:2:2, which is also enough for 4:2:0.
    fn make_room(&mut self, picture: &Picture<'_>, subsamp: Subsamp) -> Result<(), EncodeError> {
        let worst = turbojpeg::compressed_buf_len(picture.width, picture.height, subsamp)
            .map_err(|error| EncodeError(error.to_string()))?;
        if self.room.len() < worst {
            // Fresh zeroes are not touched by anybody, where `resize` would write them.
            self.room = vec![0; worst];
        }
        Ok(())
    }
}

fn int(value: usize) -> Result<libc::c_int, EncodeError> {
    libc::c_int::try_from(value)
        .map_err(|_| EncodeError(format!("{value} is too large for libjpeg-turbo")))
}
