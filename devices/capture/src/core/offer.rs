use super::{FourCc, Rate, Size};
use dkvm_wire::vocab::video::{Colors, Signal, VideoMode};

/// What kind of thing is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An HDMI receiver: the signal dictates the one size (DV timings).
    Receiver,
    /// A camera, or a USB dongle that behaves like one: it scales to what is asked.
    Camera,
}

/// One format and size with the rates that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Offer {
    pub format: FourCc,
    pub size: Size,
    pub rates: Vec<Rate>,
}

/// An open capture device, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The driver's card name.
    pub card: String,
    /// Receiver or camera.
    pub kind: Kind,
    /// Formats that we can use, in the driver's order.
    pub formats: Vec<FourCc>,
    /// Sizes and rates; empty for receivers.
    pub offers: Vec<Offer>,
}

/// What a look at the signal gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalReport {
    /// The state.
    pub signal: Signal,
    /// The mode of the signal, when a receiver locked on one.
    pub mode: Option<VideoMode>,
    /// What is wrong and what to do.
    pub detail: Option<String>,
}

impl SignalReport {
    /// A picture comes.
    pub fn ok(mode: Option<VideoMode>) -> Self {
        Self {
            signal: Signal::Ok,
            mode,
            detail: None,
        }
    }

    /// No picture, for this reason.
    pub fn bad(signal: Signal, detail: impl Into<String>) -> Self {
        Self {
            signal,
            mode: None,
            detail: Some(detail.into()),
        }
    }
}

/// What the driver made of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// The frames' format.
    pub format: FourCc,
    /// The frames' size.
    pub size: Size,
    /// What is captured a second, before frames are left out.
    pub rate: Rate,
    /// Bytes per line of the first plane.
    pub stride: u32,
    /// Most bytes of a frame.
    pub frame_len: usize,
    /// What YUV values mean.
    pub colors: Colors,
}
