//! The USB gadget.

use serde::{Deserialize, Serialize};

/// Methods of the gadget device.
pub mod methods {
    /// `{}` → `{}`: soft unplug and plug; the target enumerates anew.
    pub const REPLUG: &str = "gadget.replug";
    /// [`super::Plug`] → `{}`: soft unplug or plug.
    pub const PLUG: &str = "gadget.plug";
    /// [`super::Choose`] → `{}`, answered when the new profile is bound: the target sees one unplugged and another plugged.
    /// Refused when there is no such profile, or it does not fit; the old one stays then.
    pub const PROFILE: &str = "gadget.profile";
    /// `{}` → [`super::GadgetState`]: for those to whom the topic is not routed.
    pub const GET: &str = "gadget.get";
}

/// Arguments of `gadget.profile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Choose {
    /// The profile's name.
    pub name: String,
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
    /// `/dev/hidg0` and the like; of `storage` its directory in configfs; empty when there is none.
    pub device: String,
    /// What a HID function announces beside what each has: of the mice `pan` and `fine` (the Resolution Multiplier), of `absolute`
    /// also `consumer`, `system`, `keys` and `touch`, whose reports have IDs then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub traits: Vec<String>,
}

/// A profile: which functions the target gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProfileInfo {
    /// `bios`, `install`, `desk`, or one of the configuration.
    pub name: String,
    /// Its functions, in the order in which they are bound.
    pub functions: Vec<String>,
    /// Why it cannot be bound here, a sentence; absent when it fits.
    pub unfit: Option<String>,
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
    /// Name of the profile that is bound, or that will be when it is plugged.
    pub profile: String,
    /// The profiles that there are.
    pub profiles: Vec<ProfileInfo>,
}
