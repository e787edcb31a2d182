//! Input is state, not edges.
//!
//! A *holder* (one open page, one workstation) sends its whole state on every change and every
//! [`REFRESH_MS`] while anything is held, with all steps that are not acknowledged yet. The receiver
//! applies the steps it has not seen, in order, then reconciles with the held set. When nothing comes
//! for [`LEASE_MS`], it releases everything.

use serde::{Deserialize, Serialize};

/// A holder of anything sends its state at least so often, ms.
pub const REFRESH_MS: u64 = 100;
/// A held set not renewed for so long is released, ms.
pub const LEASE_MS: u64 = 500;
/// So long after its last step or motion a holder that holds nothing counts as at work, ms.
pub const BUSY_MS: u64 = 3000;
/// Most steps that a holder may have unacknowledged; it takes no further key until they are.
pub const MAX_STEPS: usize = 256;
/// Largest absolute coordinate; 0 is left or top.
pub const ABSOLUTE_MAX: u16 = 32767;
/// Fingers of the digitizer.
pub const MAX_CONTACTS: u8 = 5;
/// Largest consumer usage.
pub const CONSUMER_MAX: u16 = 0x3ff;
/// Parts of a notch that [`Motion::fine_wheel`] and [`Motion::fine_pan`] count.
pub const NOTCH: i32 = 120;

/// Methods of the hid device.
pub mod methods {
    /// [`super::Jiggle`] → `{}`: moves the mouse to and fro while nobody does; remembered.
    pub const JIGGLE: &str = "hid.jiggle";
    /// `{}` → [`super::HidState`]: for those to whom the topic is not routed.
    pub const GET: &str = "hid.get";
}

/// Arguments of `hid.jiggle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Jiggle {
    /// After so many seconds without input, and again after as many; 0 for never.
    pub every_s: u32,
}

/// One transition of a key or button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// A key of HID usage page 7 (`0x04` is A; modifiers are `0xE0..=0xE7`).
    Key {
        /// HID usage.
        usage: u8,
        /// Pressed or released.
        down: bool,
    },
    /// A mouse button, and where the absolute pointer was at that moment.
    Button {
        /// 0 left, 1 right, 2 middle, 3 back, 4 forward.
        button: u8,
        /// Pressed or released.
        down: bool,
        /// Absolute position, if the pointer is absolute.
        at: Option<Position>,
    },
    /// A consumer key, HID usage page 12 (`0xE9` is Volume Up).
    Consumer {
        /// HID usage, 1 to [`CONSUMER_MAX`].
        usage: u16,
        /// Pressed or released.
        down: bool,
    },
    /// A system key of HID usage page 1: `0x81` power down, `0x82` sleep, `0x83` wake up.
    System {
        /// HID usage.
        usage: u8,
        /// Pressed or released.
        down: bool,
    },
    /// A finger on the digitizer.
    Touch {
        /// Which finger, below [`MAX_CONTACTS`]; the sender's own to choose among those that are up.
        contact: u8,
        /// Put down or lifted.
        down: bool,
        /// Where.
        at: Position,
    },
}

/// A finger that lies on the digitizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Contact {
    /// Which.
    pub contact: u8,
    /// Where.
    pub at: Position,
}

/// What is held beside keyboard and mouse. A target that was given none of it (`hid.state` says what it has) never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Extra {
    /// Consumer keys.
    pub consumer: Vec<u16>,
    /// System keys.
    pub system: Vec<u8>,
    /// Fingers, and where they are now.
    pub touches: Vec<Contact>,
}

impl Extra {
    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.consumer.is_empty() && self.system.is_empty() && self.touches.is_empty()
    }
}

/// Absolute position, 0 to [`ABSOLUTE_MAX`] each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Position {
    pub x: u16,
    pub y: u16,
}

/// Relative motion and wheel as counters that only ever add up, so that loss heals. They wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Motion {
    /// Relative pointer, pixels, right positive.
    pub x: i32,
    /// Relative pointer, pixels, down positive.
    pub y: i32,
    /// Wheel, notches, away from the user positive.
    pub wheel: i32,
    /// Horizontal wheel, notches, right positive.
    pub pan: i32,
    /// What the wheel turned beside the whole notches of `wheel`, in 120ths of a notch ([`NOTCH`]). A target that reads no
    /// such parts is shown the notches that they add up to.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<i32>"))]
    pub fine_wheel: i32,
    /// The same of `pan`.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<i32>"))]
    pub fine_pan: i32,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &i32) -> bool {
    *value == 0
}

/// Topic `input.hid`: all that a holder holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InputState {
    /// The holder: random per open page or workstation, below 2^53.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub holder: u64,
    /// The focus epoch under which it speaks: lower than the receiver's is stale and dropped, higher
    /// takes the focus over (everything of the holder before is released first).
    pub focus: u32,
    /// Counts this holder's messages; an older one than the last applied changes nothing but steps.
    pub seq: u32,
    /// Number of the first step in `steps`, from 0 per holder.
    pub first: u32,
    /// Steps `first..`, all that are not acknowledged.
    pub steps: Vec<Step>,
    /// HID usages held after these steps.
    pub keys: Vec<u8>,
    /// Buttons held after these steps, bit 0 left.
    pub buttons: u8,
    /// Absolute position now, when the pointer is absolute.
    pub at: Option<Position>,
    /// Relative motion and wheel so far.
    pub motion: Motion,
    /// What else is held after these steps.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Extra>"))]
    pub extra: Extra,
}

/// Topic `input.ack`: what a holder's state led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InputAck {
    /// The holder.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub holder: u64,
    /// The last `seq` seen.
    pub seq: u32,
    /// Steps below this number are settled: the target took them, except for those counted in `lost`.
    pub steps: u32,
    /// The focus epoch in force: higher than the holder's own means that it lost the focus. A sender that does
    /// not have the focus is always told a higher one, even when two took the same epoch at once.
    pub focus: u32,
    /// How many of this holder's steps so far were given up, because the target took no input for longer
    /// than hid waits for it: 3 s where it stands still, the lease where it sleeps or is not there.
    #[serde(default)]
    pub lost: u32,
}

/// Lock LEDs as the target set them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Leds {
    pub num: bool,
    pub caps: bool,
    pub scroll: bool,
    pub compose: bool,
    pub kana: bool,
}

/// Whether the target takes input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Reports are taken.
    Ok,
    /// No USB function is there (gadget not bound).
    Absent,
    /// USB is there but the target has not configured it, or sleeps.
    NotConfigured,
    /// Configured, but the target does not poll the endpoint.
    Stalled,
}

/// Topic `hid.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HidState {
    /// Keyboard.
    pub keyboard: Link,
    /// Absolute mouse.
    pub absolute: Link,
    /// Relative mouse.
    pub relative: Link,
    /// Lock LEDs.
    pub leds: Leds,
    /// The focus epoch in force.
    pub focus: u32,
    /// Who holds the focus; 0 for nobody.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub holder: u64,
    /// What the target has beside keyboard and mouse: `pan`, `fine` (a wheel that can be told in parts of a notch), `consumer`,
    /// `system`, `keys` (more than six at once), `touch`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub extras: Vec<String>,
    /// The mouse moves to and fro by itself after so many seconds without input; 0 for never.
    #[serde(default, skip_serializing_if = "is_never")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<u32>"))]
    pub jiggle: u32,
    /// Through whom the holder speaks (`web`, `typist`, `desk/input`); empty for nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub by: String,
    /// It is at work: it holds something, or did something in the last [`BUSY_MS`]. Taking the focus then is to steal it.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub busy: bool,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_never(value: &u32) -> bool {
    *value == 0
}
