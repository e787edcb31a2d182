//! The node's own network.

use serde::{Deserialize, Serialize};

/// What kind of link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LinkKind {
    Wired,
    Wireless,
    /// To the target, by USB.
    Gadget,
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Interface {
    /// As Linux names it.
    pub name: String,
    /// What kind.
    pub kind: LinkKind,
    /// A cable with a peer, or joined to a Wi-Fi.
    pub carrier: bool,
    /// `192.0.2.7/24`, `2001:db8::7/64`; link-local ones too.
    pub addresses: Vec<String>,
    /// The Wi-Fi's name, once joined.
    #[serde(default)]
    pub ssid: Option<String>,
    /// What is wrong and what to do, when there is something to say.
    #[serde(default)]
    pub detail: Option<String>,
}

/// Topic `network.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NetworkState {
    /// The name it is found by, `dkvm-3f2a.local`; without mDNS empty.
    pub mdns: String,
    /// The interfaces, loopback left out.
    pub interfaces: Vec<Interface>,
    /// The time came from a time server since the start.
    pub time_synced: bool,
}
