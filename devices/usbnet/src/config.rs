//! The device's part of the configuration.

use crate::core::subnet::Subnet;
pub use dkvm_network::config::BackendKind;
use serde::Deserialize;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `linux` (default) or `dummy`, which has one interface that is none.
    pub backend: BackendKind,
    /// The node's address to the target, with its prefix; made from the hardware address when it is not said.
    pub address: Option<String>,
    /// The target reaches the node's network, until somebody switches it.
    pub nat: bool,
    /// The node's own ports are closed to the target, until somebody switches it.
    pub isolate: bool,
    /// The DHCP server.
    pub dnsmasq: String,
    /// The program that sets Linux's packet filter.
    pub nft: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Linux,
            address: None,
            nat: false,
            isolate: false,
            dnsmasq: "dnsmasq".to_owned(),
            nft: "nft".to_owned(),
        }
    }
}

impl Config {
    /// The owner's own network, if he has one; the error is for the key `address`.
    pub fn subnet(&self) -> Result<Option<Subnet>, String> {
        let own = self.address.as_deref().map(str::parse::<Subnet>);
        own.transpose().map_err(|error| error.to_string())
    }
}
