//! openh264, at a quantiser of our choice.
//!
//! Its own control of the rate is off: it does not keep to what it is told while it may not skip frames, and it cannot know
//! what our links carry (`core::rate` does). With the range of quantisers from 0 the library silently takes its own, so ours begins
//! at 1.

use super::{
    handle::{int, Frame, Handle},
    EncodeError, Form, Kind, Quantiser,
};
use crate::planes::I420;
use dkvm_wire::vocab::video::Colors;
use openh264_sys2::{
    SEncParamExt, SSpatialLayerConfig, CAMERA_VIDEO_REAL_TIME, CONSTANT_ID, LOW_COMPLEXITY,
    RC_OFF_MODE, SM_SINGLE_SLICE,
};
use std::ffi::c_int;

/// What the library believes of the source; with the control of the rate off nothing follows from it.
const RATE_HZ: f32 = 60.0;
/// The same, bits a second.
const BITRATE: c_int = 10_000_000;
/// The library's own bounds: level 5.2.
const LONG_EDGE_MAX: usize = 3840;
const SHORT_EDGE_MAX: usize = 2160;
/// A macroblock; smaller pictures nobody has.
const EDGE_MIN: usize = 16;

/// What H.264 calls them (ITU-T H.264, tables E-3 to E-5).
const BT709: u8 = 1;
const SMPTE170M: u8 = 6;
const SRGB: u8 = 13;

/// An encoder for one size.
pub struct OpenH264 {
    handle: Handle,
    form: Form,
    quantiser: Quantiser,
    unit: Vec<u8>,
}

impl OpenH264 {
    /// Sets an encoder up, for a first frame of this quantiser.
    pub fn new(form: Form, quantiser: Quantiser) -> Result<Self, EncodeError> {
        let (long, short) = (form.width.max(form.height), form.width.min(form.height));
        if long > LONG_EDGE_MAX || !(EDGE_MIN..=SHORT_EDGE_MAX).contains(&short) {
            return Err(EncodeError(format!(
                "openh264 takes no picture of {}x{}: choose a mode of up to {LONG_EDGE_MAX}x{SHORT_EDGE_MAX}",
                form.width, form.height
            )));
        }
        let (width, height) = (int(form.width)?, int(form.height)?);
        let handle = Handle::open(|parameters| {
            (parameters.iPicWidth, parameters.iPicHeight) = (width, height);
            low_delay(parameters);
            let layer = &mut parameters.sSpatialLayers[0];
            (layer.iVideoWidth, layer.iVideoHeight) = (width, height);
            layer.iDLayerQp = quantiser.0.into();
            describe(layer, form.colors);
        })?;
        Ok(Self {
            handle,
            form,
            quantiser,
            unit: Vec::new(),
        })
    }

    /// What it was made for.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Makes an access unit, which stays until the next call. The first is a key frame. After an error the encoder is of no
    /// use any more.
    pub fn encode(
        &mut self,
        planes: &I420,
        kind: Kind,
        quantiser: Quantiser,
    ) -> Result<Kind, EncodeError> {
        if self.quantiser != quantiser {
            self.handle.change(|parameters| {
                parameters.sSpatialLayers[0].iDLayerQp = quantiser.0.into();
            })?;
            self.quantiser = quantiser;
        }
        if kind == Kind::Key {
            self.handle.begin_anew()?;
        }
        let made = self.handle.encode(planes)?;
        self.unit.clear();
        self.handle.write(&mut self.unit);
        Ok(match made {
            Frame::Idr => Kind::Key,
            Frame::P => Kind::Delta,
        })
    }

    /// The last access unit.
    pub fn last(&self) -> &[u8] {
        &self.unit
    }
}

/// One frame in, one frame out, as the quantiser says.
fn low_delay(parameters: &mut SEncParamExt) {
    parameters.iUsageType = CAMERA_VIDEO_REAL_TIME;
    parameters.iComplexityMode = LOW_COMPLEXITY;
    parameters.iRCMode = RC_OFF_MODE;
    parameters.bEnableFrameSkip = false;
    parameters.iTargetBitrate = BITRATE;
    parameters.fMaxFrameRate = RATE_HZ;
    (parameters.iMinQp, parameters.iMaxQp) = (1, 51);
    parameters.eSpsPpsIdStrategy = CONSTANT_ID;
    (parameters.iSpatialLayerNum, parameters.iTemporalLayerNum) = (1, 1);
    // Key frames come when they are asked for.
    parameters.uiIntraPeriod = 0;
    parameters.bEnableSceneChangeDetect = false;
    // These change the quantiser by blocks: a picture that rests is to be fine everywhere.
    parameters.bEnableAdaptiveQuant = false;
    parameters.bEnableBackgroundDetection = false;
    parameters.bEnableDenoise = false;
    // Everything else of the machine wants the other cores.
    parameters.iMultipleThreadIdc = 1;
    // On, it halves the room for a frame, and noise is an error then.
    parameters.bUseLoadBalancing = false;
    let layer = &mut parameters.sSpatialLayers[0];
    layer.fFrameRate = RATE_HZ;
    (layer.iSpatialBitrate, layer.iMaxSpatialBitrate) = (BITRATE, BITRATE);
    layer.sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
    layer.sSliceArgument.uiSliceNum = 1;
}

/// A PC's screen has the primaries and the curve of sRGB; what its values mean is as the source says.
fn describe(layer: &mut SSpatialLayerConfig, colors: Colors) {
    let (matrix, full) = match colors {
        Colors::Bt601Limited => (SMPTE170M, false),
        Colors::Bt601Full => (SMPTE170M, true),
        Colors::Bt709Limited => (BT709, false),
        Colors::Bt709Full => (BT709, true),
    };
    layer.bVideoSignalTypePresent = true;
    layer.bColorDescriptionPresent = true;
    layer.bFullRange = full;
    layer.uiColorPrimaries = BT709;
    layer.uiTransferCharacteristics = SRGB;
    layer.uiColorMatrix = matrix;
}
