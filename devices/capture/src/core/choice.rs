use super::{FourCc, Kind, Offer, Rate, Size, Source};
use dkvm_wire::vocab::video::VideoMode;
use std::collections::BTreeSet;
use thiserror::Error;

/// Without a wish a camera is asked for no more than this: beyond it USB and the encoder are the bottleneck.
const LARGEST_BY_DEFAULT: Size = Size {
    width: 1920,
    height: 1080,
};
/// Whole frames left out to get a lower rate from a receiver.
const DIVISORS: [u32; 6] = [1, 2, 3, 4, 6, 12];
/// Most modes that are listed; a driver with more is listed in part.
pub const MODES_MAX: usize = 128;

/// What to ask the driver for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Pixel format.
    pub format: FourCc,
    /// Picture size.
    pub size: Size,
    /// Rate asked of the driver; [`Rate::ANY`] leaves it alone.
    pub rate: Rate,
    /// Leave frames out to come down to this rate.
    pub pace: Option<Rate>,
}

impl Plan {
    /// The mode that viewers get.
    pub fn mode(&self) -> VideoMode {
        self.size.at(self.pace.unwrap_or(self.rate))
    }

    /// Whether a stream that runs by `self` is what `other` asks for; measured rates waver.
    pub fn is_same_stream(&self, other: &Self) -> bool {
        let near = |a: Option<Rate>, b: Option<Rate>| match (a, b) {
            (Some(a), Some(b)) => a.is_near(b),
            (a, b) => a == b,
        };
        (self.format, self.size) == (other.format, other.size)
            && self.rate.is_near(other.rate)
            && near(self.pace, other.pace)
    }
}

/// Why there is nothing to capture, or a wish cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoPlan {
    /// Formats that the encoder does not know.
    #[error("{card} gives only pixel formats that dKVM cannot use ({formats}); it takes MJPG, YUYV, UYVY, NV12, RGB3 and BGR3")]
    Format {
        /// The driver's card name.
        card: String,
        /// What it has.
        formats: String,
    },
    /// The configured format is not there.
    #[error("{card} does not give {format}, only {formats}: change or remove `format` in the configuration of capture")]
    WishedFormat {
        /// The driver's card name.
        card: String,
        /// What was asked.
        format: FourCc,
        /// What it has.
        formats: String,
    },
    /// A receiver without signal has no size.
    #[error("no signal yet")]
    NoSignal,
    /// The size is not offered.
    #[error("{size} is not offered by {card}; it offers {offered}")]
    WishedSize {
        /// The driver's card name.
        card: String,
        /// What was asked.
        size: Size,
        /// What it has.
        offered: String,
    },
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    texts.join(", ")
}

/// The plan for what the source has now; a size that is not offered falls back to the source's own.
pub fn choose(
    source: &Source,
    signal: Option<VideoMode>,
    wish: VideoMode,
    format: Option<FourCc>,
) -> Result<Plan, NoPlan> {
    let formats = usable_formats(source, format)?;
    match source.kind {
        Kind::Receiver => receiver_plan(formats, signal.ok_or(NoPlan::NoSignal)?, wish),
        Kind::Camera => camera_plan(source, &formats, wish),
    }
}

/// Formats that may be used, best first: JPEG from a camera costs no encoding; a receiver's own is raw.
fn usable_formats(source: &Source, wish: Option<FourCc>) -> Result<Vec<FourCc>, NoPlan> {
    let has = |format: &FourCc| source.formats.contains(format);
    let (card, formats) = (source.card.clone(), list(&source.formats));
    if let Some(format) = wish {
        return if has(&format) {
            Ok(vec![format])
        } else {
            Err(NoPlan::WishedFormat {
                card,
                format,
                formats,
            })
        };
    }
    let jpeg = [FourCc::MJPG, FourCc::JPEG];
    let order: Vec<FourCc> = match source.kind {
        Kind::Camera => jpeg.into_iter().chain(FourCc::RAW).collect(),
        Kind::Receiver => FourCc::RAW.into_iter().chain(jpeg).collect(),
    };
    let found: Vec<FourCc> = order.into_iter().filter(has).collect();
    if found.is_empty() {
        Err(NoPlan::Format { card, formats })
    } else {
        Ok(found)
    }
}

fn receiver_plan(formats: Vec<FourCc>, signal: VideoMode, wish: VideoMode) -> Result<Plan, NoPlan> {
    let size = Size {
        width: signal.width,
        height: signal.height,
    };
    let rate = Rate(signal.millihertz);
    let format = formats.first().copied().ok_or(NoPlan::NoSignal)?;
    Ok(Plan {
        format,
        size,
        rate,
        pace: slower(rate, Rate(wish.millihertz)),
    })
}

/// The pace for a wish, when it is really slower than the source.
fn slower(rate: Rate, wish: Rate) -> Option<Rate> {
    let pace = wish != Rate::ANY && wish < rate && !wish.is_near(rate);
    pace.then_some(wish)
}

fn camera_plan(source: &Source, formats: &[FourCc], wish: VideoMode) -> Result<Plan, NoPlan> {
    let usable = || {
        source
            .offers
            .iter()
            .filter(|offer| formats.contains(&offer.format))
    };
    let wished = Size {
        width: wish.width,
        height: wish.height,
    };
    let size = usable()
        .map(|offer| offer.size)
        .find(|size| *size == wished)
        .or_else(|| own_size(usable()));
    let no_sizes = || NoPlan::WishedSize {
        card: source.card.clone(),
        size: wished,
        offered: "no size at all".into(),
    };
    let size = size.ok_or_else(no_sizes)?;
    let rank = |format: FourCc| {
        formats
            .iter()
            .position(|known| *known == format)
            .unwrap_or(usize::MAX)
    };
    let best = usable()
        .filter(|offer| offer.size == size)
        .min_by_key(|offer| rank(offer.format));
    let best = best.ok_or_else(no_sizes)?;
    let rate = driver_rate(&best.rates, Rate(wish.millihertz));
    Ok(Plan {
        format: best.format,
        size,
        rate,
        pace: slower(rate, Rate(wish.millihertz)),
    })
}

/// The largest size up to full HD, else the smallest there is.
fn own_size<'a>(offers: impl Iterator<Item = &'a Offer>) -> Option<Size> {
    let sizes: BTreeSet<(u64, Size)> = offers
        .map(|offer| (offer.size.pixels(), offer.size))
        .collect();
    let fits = |(area, _): &&(u64, Size)| *area <= LARGEST_BY_DEFAULT.pixels();
    sizes
        .iter()
        .rev()
        .find(fits)
        .or(sizes.first())
        .map(|(_, size)| *size)
}

/// The slowest rate that is still fast enough, without a wish the fastest.
fn driver_rate(rates: &[Rate], wish: Rate) -> Rate {
    let enough = |rate: &&Rate| **rate >= wish || rate.is_near(wish);
    let best = if wish == Rate::ANY {
        rates.iter().max()
    } else {
        rates.iter().filter(enough).min()
    };
    best.or(rates.iter().max()).copied().unwrap_or(Rate::ANY)
}

/// Whether a wish can be met by what the source offers now; 0 in a field wishes nothing.
pub fn check_wish(
    source: &Source,
    signal: Option<VideoMode>,
    wish: VideoMode,
) -> Result<(), NoPlan> {
    let size = Size {
        width: wish.width,
        height: wish.height,
    };
    let offered = modes(source, signal);
    let known = |mode: &VideoMode| (mode.width, mode.height) == (wish.width, wish.height);
    if (wish.width, wish.height) == (0, 0) || offered.iter().any(known) {
        return Ok(());
    }
    let sizes: BTreeSet<Size> = offered
        .iter()
        .map(|m| Size {
            width: m.width,
            height: m.height,
        })
        .collect();
    let offered = if sizes.is_empty() {
        "nothing while there is no signal".to_owned()
    } else {
        list(sizes)
    };
    Err(NoPlan::WishedSize {
        card: source.card.clone(),
        size,
        offered,
    })
}

/// What viewers may choose from, largest and fastest first.
pub fn modes(source: &Source, signal: Option<VideoMode>) -> Vec<VideoMode> {
    let mut modes: Vec<VideoMode> = match source.kind {
        Kind::Receiver => signal.map(receiver_modes).unwrap_or_default(),
        Kind::Camera => source.offers.iter().flat_map(offer_modes).collect(),
    };
    modes.sort_by_key(|mode| {
        std::cmp::Reverse((u64::from(mode.width) * u64::from(mode.height), *mode))
    });
    modes.dedup();
    modes.truncate(MODES_MAX);
    modes
}

fn receiver_modes(signal: VideoMode) -> Vec<VideoMode> {
    DIVISORS
        .iter()
        .map(|divisor| VideoMode {
            millihertz: signal.millihertz / divisor,
            ..signal
        })
        .collect()
}

fn offer_modes(offer: &Offer) -> Vec<VideoMode> {
    if offer.rates.is_empty() {
        return vec![offer.size.at(Rate::ANY)];
    }
    offer
        .rates
        .iter()
        .map(|rate| offer.size.at(*rate))
        .collect()
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
