//! What a device offers: formats, sizes, rates, and what its colours mean.

use super::ioctl::{self, PixFormat};
use crate::core::{FourCc, Kind, Offer, Rate, Size, Source};
use dkvm_wire::vocab::video::Colors;
use v4l::v4l_sys::{
    v4l2_colorspace_V4L2_COLORSPACE_JPEG as JPEG, v4l2_colorspace_V4L2_COLORSPACE_REC709 as REC709,
    v4l2_quantization_V4L2_QUANTIZATION_DEFAULT as DEFAULT_RANGE,
    v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE as FULL_RANGE,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709 as ENC_709,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_DEFAULT as DEFAULT_ENC,
    v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_XV709 as ENC_XV709,
};
use v4l::{
    frameinterval::FrameIntervalEnum, framesize::FrameSizeEnum, video::Capture, Device, FourCC,
    Fraction,
};

/// Sizes that are listed where a driver takes any in a range.
const COMMON: [(u32, u32); 9] = [
    (640, 480),
    (720, 480),
    (720, 576),
    (800, 600),
    (1024, 768),
    (1280, 720),
    (1280, 1024),
    (1600, 1200),
    (1920, 1080),
];
/// Rates that are listed where a driver takes any in a range.
const COMMON_HZ: [u32; 7] = [60, 50, 30, 25, 15, 10, 5];
/// Most sizes that are looked at per format.
const SIZES_MAX: usize = 64;

/// Asks an open device.
pub(super) fn ask(device: &Device, card: String, kind: Kind) -> Source {
    let formats: Vec<FourCc> = ioctl::formats(device)
        .into_iter()
        .filter(|format| format.is_known())
        .collect();
    let offers = match kind {
        Kind::Receiver => Vec::new(),
        Kind::Camera => formats
            .iter()
            .flat_map(|format| offers(device, *format))
            .collect(),
    };
    Source {
        card,
        kind,
        formats,
        offers,
    }
}

fn offers(device: &Device, format: FourCc) -> Vec<Offer> {
    let code = FourCC { repr: format.0 };
    let listed = device.enum_framesizes(code).unwrap_or_default();
    let sizes = listed
        .into_iter()
        .flat_map(|size| concrete(&size.size))
        .filter(|size| size.is_sane())
        .take(SIZES_MAX);
    sizes
        .map(|size| Offer {
            format,
            size,
            rates: rates(device, code, size),
        })
        .collect()
}

fn concrete(size: &FrameSizeEnum) -> Vec<Size> {
    match size {
        FrameSizeEnum::Discrete(one) => vec![Size {
            width: one.width,
            height: one.height,
        }],
        FrameSizeEnum::Stepwise(range) => {
            let on = |value: u32, min: u32, max: u32, step: u32| {
                (min..=max).contains(&value) && (value - min).is_multiple_of(step.max(1))
            };
            let fits = |(width, height): &(u32, u32)| {
                on(*width, range.min_width, range.max_width, range.step_width)
                    && on(
                        *height,
                        range.min_height,
                        range.max_height,
                        range.step_height,
                    )
            };
            COMMON
                .into_iter()
                .filter(fits)
                .map(|(width, height)| Size { width, height })
                .collect()
        }
    }
}

fn rates(device: &Device, code: FourCC, size: Size) -> Vec<Rate> {
    let listed = device
        .enum_frameintervals(code, size.width, size.height)
        .unwrap_or_default();
    let mut rates: Vec<Rate> = listed
        .iter()
        .flat_map(|interval| concrete_rates(&interval.interval))
        .collect();
    rates.retain(|rate| *rate != Rate::ANY);
    rates.sort_unstable();
    rates.dedup();
    rates
}

fn concrete_rates(interval: &FrameIntervalEnum) -> Vec<Rate> {
    match interval {
        FrameIntervalEnum::Discrete(one) => vec![rate(one)],
        FrameIntervalEnum::Stepwise(range) => {
            // The shortest interval is the highest rate.
            let (slowest, fastest) = (rate(&range.max), rate(&range.min));
            let common = COMMON_HZ.into_iter().map(|hertz| Rate(hertz * 1000));
            common
                .filter(|rate| *rate >= slowest && *rate <= fastest)
                .collect()
        }
    }
}

fn rate(interval: &Fraction) -> Rate {
    Rate::from_fraction(interval.denominator.into(), interval.numerator.into())
}

/// What YUV values mean, by V4L2's rules for what a driver leaves open.
pub(super) fn colors(set: &PixFormat) -> Colors {
    let bt709 = match set.encoding {
        DEFAULT_ENC => set.colorspace == REC709,
        encoding => encoding == ENC_709 || encoding == ENC_XV709,
    };
    let full = set.quantization == FULL_RANGE
        || (set.quantization == DEFAULT_RANGE && set.colorspace == JPEG);
    match (bt709, full) {
        (false, false) => Colors::Bt601Limited,
        (false, true) => Colors::Bt601Full,
        (true, false) => Colors::Bt709Limited,
        (true, true) => Colors::Bt709Full,
    }
}
