//! The owner's settings: `dkvm.txt` on the card's first partition, edited by hand on any computer.
//!
//! A mistake costs the setting it is in and is told; all others hold.

mod check;
mod files;
mod lines;
mod reader;

pub use check::{Address, Key, Peer, Secret};
pub use files::{authorized_keys, network_toml, peers, wpa_supplicant_conf};
pub use lines::short;

use std::net::IpAddr;

/// The file's name, as messages call it.
pub const FILE: &str = "dkvm.txt";
/// More is no settings file: only so much is read.
pub const MAX_BYTES: u64 = 64 * 1024;

/// What `dkvm.txt` says, as far as it can be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The node's name.
    pub host_name: Option<String>,
    /// Who may log in by SSH.
    pub ssh_keys: Vec<Key>,
    /// Other nodes, by their keys: each may do everything here.
    pub peers: Vec<Peer>,
    /// Ethernet.
    pub wired: Link,
    /// The address by Wi-Fi.
    pub wireless: Link,
    /// Time servers, by name or address.
    pub ntp: Vec<String>,
    /// Wi-Fi, where it is wanted.
    pub wifi: Option<Wifi>,
    /// `Europe/Berlin`, or POSIX' form.
    pub zone: Option<String>,
}

/// A fixed address, where one is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// `None`: by DHCP.
    pub address: Option<Address>,
    /// Its router.
    pub gateway: Option<IpAddr>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
}

/// A Wi-Fi to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wifi {
    /// Its name.
    pub ssid: String,
    /// `None`: it is open.
    pub password: Option<Secret>,
    /// Whose rules for radio hold.
    pub country: Option<String>,
}

/// What a text of settings came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What holds.
    pub settings: Settings,
    /// What was ignored, a sentence each.
    pub notices: Vec<String>,
}

/// Reads the file's bytes, whatever they are.
pub fn read(bytes: &[u8]) -> Outcome {
    reader::read(bytes)
}

#[cfg(test)]
mod tests;
