//! openh264's own calls, made safe: an encoder that is alive as long as its handle.

#![allow(unsafe_code)]

use super::EncodeError;
use crate::planes::I420;
use openh264_sys2::{
    source::APILoader, videoFormatI420, videoFrameTypeIDR, videoFrameTypeP, ISVCEncoder,
    ISVCEncoderVtbl, SEncParamExt, SFrameBSInfo, SSourcePicture, ENCODER_OPTION,
    ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, ENCODER_OPTION_TRACE_LEVEL, WELS_LOG_QUIET,
};
use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

/// What a frame became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// One that begins a chain.
    Idr,
    /// One that goes on.
    P,
}

/// An initialised encoder.
pub struct Handle {
    encoder: *mut ISVCEncoder,
    made: Box<SFrameBSInfo>,
}

// SAFETY: the encoder has no tie to the thread that made it; it is used by one at a time, as `&mut` sees to.
unsafe impl Send for Handle {}

impl Handle {
    /// An encoder with what `change` makes of the library's own defaults.
    pub fn open(change: impl FnOnce(&mut SEncParamExt)) -> Result<Self, EncodeError> {
        let mut encoder = ptr::null_mut();
        // SAFETY: writes the new encoder's address, or leaves it null.
        check("does not start", unsafe {
            APILoader::WelsCreateSVCEncoder(&raw mut encoder)
        })?;
        if encoder.is_null() {
            return Err(EncodeError("openh264 has no memory".to_owned()));
        }
        let mut handle = Self {
            encoder,
            made: Box::default(),
        };
        // To stderr it would write a line for each frame that it does not like; what matters comes back as an error.
        handle.set(ENCODER_OPTION_TRACE_LEVEL, &mut { WELS_LOG_QUIET })?;
        let mut parameters = SEncParamExt::default();
        let defaults = required(handle.calls().GetDefaultParams)?;
        // SAFETY: the encoder is alive, and so is what is written into.
        check("has no defaults", unsafe {
            defaults(encoder, &raw mut parameters)
        })?;
        change(&mut parameters);
        let initialize = required(handle.calls().InitializeExt)?;
        // SAFETY: as above; the parameters are copied before it returns.
        check("does not take the picture's size", unsafe {
            initialize(encoder, &raw const parameters)
        })?;
        Ok(handle)
    }

    /// Other parameters for the frames that follow.
    pub fn change(&mut self, change: impl FnOnce(&mut SEncParamExt)) -> Result<(), EncodeError> {
        let mut parameters = SEncParamExt::default();
        let get = required(self.calls().GetOption)?;
        // SAFETY: the encoder is initialised, and this option is just such a struct, which is alive.
        check("does not tell its parameters", unsafe {
            let to = (&raw mut parameters).cast();
            get(self.encoder, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, to)
        })?;
        change(&mut parameters);
        self.set(ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &mut parameters)
    }

    /// The next frame begins a chain.
    pub fn begin_anew(&mut self) -> Result<(), EncodeError> {
        let force = required(self.calls().ForceIntraFrame)?;
        // SAFETY: the encoder is initialised.
        check("makes no key frame", unsafe { force(self.encoder, true) })
    }

    /// Encodes a picture, which has the size that the encoder was opened for.
    pub fn encode(&mut self, planes: &I420) -> Result<Frame, EncodeError> {
        let picture = source(planes)?;
        let encode = required(self.calls().EncodeFrame)?;
        // SAFETY: the encoder is initialised; `picture` points into planes of just its size and strides, which are borrowed for
        // the call and only read; what is written into is alive.
        check("failed at a frame", unsafe {
            encode(self.encoder, &raw const picture, &raw mut *self.made)
        })?;
        #[allow(non_upper_case_globals)]
        match self.made.eFrameType {
            videoFrameTypeIDR => Ok(Frame::Idr),
            videoFrameTypeP => Ok(Frame::P),
            other => Err(EncodeError(format!(
                "openh264 made a frame of type {other}"
            ))),
        }
    }

    /// Appends the bytes of the last frame.
    pub fn write(&self, unit: &mut Vec<u8>) {
        let layers = usize::try_from(self.made.iLayerNum).unwrap_or(0);
        for layer in self.made.sLayerInfo.iter().take(layers) {
            let parts = usize::try_from(layer.iNalCount).unwrap_or(0);
            if parts == 0 || layer.pNalLengthInByte.is_null() || layer.pBsBuf.is_null() {
                continue;
            }
            // SAFETY: after a frame the library has as many lengths there, and in the other buffer as many bytes as they
            // add up to; both stay until the next frame, which takes `&mut self`.
            let bytes = unsafe {
                let lengths = slice::from_raw_parts(layer.pNalLengthInByte, parts);
                let all = lengths
                    .iter()
                    .map(|length| usize::try_from(*length).unwrap_or(0));
                slice::from_raw_parts(layer.pBsBuf, all.sum())
            };
            unit.extend_from_slice(bytes);
        }
    }

    fn set<T>(&mut self, option: ENCODER_OPTION, value: &mut T) -> Result<(), EncodeError> {
        let set = required(self.calls().SetOption)?;
        let value = ptr::from_mut(value).cast::<c_void>();
        // SAFETY: the encoder is alive; each caller gives the type that the option has, and it is copied before it returns.
        check("does not take a setting", unsafe {
            set(self.encoder, option, value)
        })
    }

    fn calls(&self) -> &ISVCEncoderVtbl {
        // SAFETY: an encoder begins with the address of its table of calls, which is static.
        unsafe { &**self.encoder }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(uninitialize) = self.calls().Uninitialize {
            // SAFETY: the encoder is alive; one that was never initialised has nothing to undo.
            unsafe { uninitialize(self.encoder) };
        }
        // SAFETY: made by WelsCreateSVCEncoder, destroyed once.
        unsafe { APILoader::WelsDestroySVCEncoder(self.encoder) };
    }
}

fn source(planes: &I420) -> Result<SSourcePicture, EncodeError> {
    let (width, height) = (int(planes.width())?, int(planes.height())?);
    let [y, u, v] = planes.planes().map(|plane| plane.as_ptr().cast_mut());
    Ok(SSourcePicture {
        iColorFormat: videoFormatI420,
        iStride: [width, width / 2, width / 2, 0],
        pData: [y, u, v, ptr::null_mut()],
        iPicWidth: width,
        iPicHeight: height,
        ..SSourcePicture::default()
    })
}

fn required<T>(call: Option<T>) -> Result<T, EncodeError> {
    call.ok_or_else(|| EncodeError("openh264 lacks one of its own calls".to_owned()))
}

fn check(what: &str, code: c_int) -> Result<(), EncodeError> {
    match code {
        0 => Ok(()),
        code => Err(EncodeError(format!("openh264 {what} (code {code})"))),
    }
}

/// As the library counts.
pub fn int(value: usize) -> Result<c_int, EncodeError> {
    c_int::try_from(value).map_err(|_| EncodeError(format!("{value} is too large for openh264")))
}
