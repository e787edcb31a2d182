//! The USB gadget.

use serde::{Deserialize, Serialize};

/// Methods of the gadget device.
pub mod methods {
    /// `{}` → `{}`: soft unplug and plug; the target enumerates anew.
    pub const REPLUG: &str = "gadget.replug";
    /// [`super::Plug`] → `{}`: soft unplug or plug.
    pub const PLUG: &str = "gadget.plug";
}

/// Arguments of `gadget.plug`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Plug {
    pub plugged: bool,
}

/// USB device state as Linux names it (`/sys/class/udc/NAME/state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum UsbState {
    /// No UDC on this machine.
    NoUdc,
    /// Not bound: soft unplugged.
    Unplugged,
    /// Bound, no host: cable out or target without power.
    NotAttached,
    /// A host is there, enumeration under way (attached, powered, default, addressed).
    Enumerating,
    /// In use.
    Configured,
    /// The target sleeps or stopped the bus.
    Suspended,
}

/// One USB function and where its character device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FunctionInfo {
    /// `keyboard`, `absolute`, `relative`; later `storage`, `audio`, `network`, `serial`.
    pub name: String,
    /// `/dev/hidg0` and the like; empty when there is none.
    pub device: String,
}

/// Topic `gadget.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GadgetState {
    /// Where USB stands.
    pub state: UsbState,
    /// The UDC's name.
    pub udc: String,
    /// Negotiated speed, as Linux names it (`high-speed`).
    pub speed: String,
    /// Counts binds: a change means that all function devices are to be opened anew.
    pub binding: u32,
    /// The functions.
    pub functions: Vec<FunctionInfo>,
}
