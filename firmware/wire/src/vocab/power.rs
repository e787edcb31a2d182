//! The target's power: its front panel's buttons and LEDs, and Wake-on-LAN.

use serde::{Deserialize, Serialize};

/// Methods of the power device.
pub mod methods {
    /// `{}` → [`super::PowerState`]: for those to whom the topic is not routed.
    pub const GET: &str = "power.get";
    /// [`super::Press`] → `{}`, answered when the button is released again; a hold over [`super::ANSWER_MS`] is answered
    /// then, while it goes on: `pressed` in [`super::PowerState`] tells its end.
    pub const PRESS: &str = "power.press";
    /// [`super::Wake`] → `{}`: sends the magic packet.
    pub const WAKE: &str = "power.wake";
}

/// The longest time until `power.press` is answered, ms: below every patience on the way (5 s in the SDK).
pub const ANSWER_MS: u32 = 4000;
/// The longest hold, ms. No front panel asks for more; a longer one is a typing error.
pub const HOLD_MAX_MS: u32 = 15_000;

/// A button of the target's front panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Button {
    Power,
    Reset,
}

/// Arguments of `power.press`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Press {
    /// Which.
    pub button: Button,
    /// How long, ms; without it a short press as configured. At most [`HOLD_MAX_MS`]. Held for 5 s and more, the
    /// power button cuts the power.
    #[serde(default)]
    pub hold_ms: Option<u32>,
}

/// Arguments of `power.wake`: a machine of the configuration by name, or a MAC address (`aa:bb:cc:dd:ee:ff`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Wake {
    pub target: String,
}

/// A machine that can be woken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct WakeTarget {
    pub name: String,
    pub mac: String,
}

/// Topic `power.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PowerState {
    /// The buttons that are wired.
    pub buttons: Vec<Button>,
    /// Pressed now.
    pub pressed: Option<Button>,
    /// The target's power LED; `None` when it is not wired.
    pub power_led: Option<bool>,
    /// The target's disk LED, lit within the last moments; `None` when it is not wired.
    pub disk_led: Option<bool>,
    /// Machines that can be woken.
    pub wake: Vec<WakeTarget>,
}
