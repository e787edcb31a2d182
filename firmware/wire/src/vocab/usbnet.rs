//! The network between node and target, by USB.

use serde::{Deserialize, Serialize};

/// Methods of the usbnet device.
pub mod methods {
    /// `{}` → [`super::UsbnetState`]: for those to whom the topic is not routed.
    pub const GET: &str = "usbnet.get";
    /// [`super::UsbnetSet`] → [`super::UsbnetState`]: what is not named stays. Remembered.
    pub const SET: &str = "usbnet.set";
}

/// As what the target sees the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NetKind {
    /// CDC NCM, which all systems of today know.
    Ncm,
    /// CDC ECM, for older systems other than Windows.
    Ecm,
    /// RNDIS, for older Windows.
    Rndis,
}

/// Arguments of `usbnet.set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UsbnetSet {
    /// Whether the target reaches the node's network, with the node's address.
    #[serde(default)]
    pub nat: Option<bool>,
    /// Whether the node's own ports are closed to the target.
    #[serde(default)]
    pub isolate: Option<bool>,
}

/// What the target was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UsbnetLease {
    /// Its address, without a prefix.
    pub address: String,
    /// Its hardware address.
    pub mac: String,
    /// What it calls itself.
    pub host: Option<String>,
}

/// Topic `usbnet.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UsbnetState {
    /// The node's interface to the target; absent while the USB profile has no network.
    pub interface: Option<String>,
    /// As what the target sees it.
    pub kind: Option<NetKind>,
    /// The node's hardware address there.
    pub mac: Option<String>,
    /// The target's.
    pub target_mac: Option<String>,
    /// The target has switched it on.
    pub carrier: bool,
    /// The node's address there, with the prefix.
    pub address: Option<String>,
    /// What the target was given.
    pub lease: Option<UsbnetLease>,
    /// The target reaches the node's network, with the node's address.
    pub nat: bool,
    /// The interface that this leads to.
    pub uplink: Option<String>,
    /// The node's own ports are closed to the target.
    pub isolate: bool,
    /// Bytes to the target since the interface is there; looked at now and then.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub sent: u64,
    /// Bytes from the target.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub received: u64,
    /// What is wrong and what to do, a sentence.
    pub problem: Option<String>,
}
