//! What happens to an interface, what is to be done about it, and what is remembered of it.

use super::{
    address::Cidr,
    lease::{DhcpEvent, Lease},
    seen::Seen,
};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

/// What survives this device's death.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// From the DHCP server.
    pub lease: Option<Lease>,
    /// What we put on the interface, so what we may take off it.
    pub ours: Vec<Cidr>,
    /// The way out that we set.
    #[serde(default)]
    pub gateway: Option<IpAddr>,
}

/// A program of this interface's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helper {
    /// `udhcpc`.
    Dhcp,
    /// `wpa_supplicant`.
    Wifi,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How Linux shows it now.
    Seen(Seen),
    /// The DHCP client says so.
    Dhcp(DhcpEvent),
    /// A line of the Wi-Fi supplicant's.
    Wifi(String),
    /// A program ended, or could not be started.
    Ended(Helper),
    /// Nobody answered for the address that was asked about.
    Free(Ipv4Addr),
    /// Somebody has it.
    Taken(Ipv4Addr),
    /// Time went by.
    Tick,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Switch it on.
    BringUp,
    /// Remember this, before what follows is done.
    Keep(Kept),
    /// Put an address on it.
    Add(Cidr),
    /// Take one off.
    Remove(Cidr),
    /// Lead what has no other way through it.
    Route(IpAddr),
    /// No longer.
    Unroute(IpAddr),
    /// Start a program; the DHCP client with the address that it shall ask for.
    Start(Helper, Option<Ipv4Addr>),
    /// End it.
    Stop(Helper),
    /// Ask whether anybody has this address.
    Probe(Ipv4Addr),
}
