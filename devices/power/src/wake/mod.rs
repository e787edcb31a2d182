//! Wake-on-LAN.

mod interfaces;
mod mac;
mod send;

use dkvm_wire::vocab::power::WakeTarget;
pub use mac::{Mac, MacError, PACKET_LEN};
pub use send::{send, WakeError};
use serde::Deserialize;
use std::net::Ipv4Addr;
use thiserror::Error;

/// A machine of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeEntry {
    /// What people call it.
    pub name: String,
    /// Its network card.
    pub mac: Mac,
    /// Only by this interface; without it, by all that are up.
    #[serde(default)]
    pub interface: Option<String>,
    /// To this address besides: the broadcast address of another network, where the router lets it through.
    #[serde(default)]
    pub broadcast: Option<Ipv4Addr>,
}

/// Whom to wake, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whom.
    pub mac: Mac,
    /// Only by this interface.
    pub interface: Option<String>,
    /// To this address besides.
    pub broadcast: Option<Ipv4Addr>,
}

/// Nobody of that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{asked:?} is no machine that can be woken: name a MAC address, like 00:1a:2b:3c:4d:5e, or one of: {known}")]
pub struct NoSuchMachine {
    asked: String,
    known: String,
}

/// Finds whom `target` means: a name of the configuration, or a MAC address.
pub fn find(machines: &[WakeEntry], target: &str) -> Result<Order, NoSuchMachine> {
    if let Some(entry) = machines.iter().find(|entry| entry.name == target) {
        return Ok(Order {
            mac: entry.mac,
            interface: entry.interface.clone(),
            broadcast: entry.broadcast,
        });
    }
    let order = target.parse().map(|mac| Order {
        mac,
        interface: None,
        broadcast: None,
    });
    order.map_err(|_: MacError| NoSuchMachine {
        asked: target.chars().take(64).collect(),
        known: known(machines),
    })
}

fn known(machines: &[WakeEntry]) -> String {
    let names: Vec<&str> = machines.iter().map(|entry| entry.name.as_str()).collect();
    if names.is_empty() {
        return "none is in the configuration (wake)".to_owned();
    }
    names.join(", ")
}

/// As the state shows them.
pub fn targets(machines: &[WakeEntry]) -> Vec<WakeTarget> {
    let target = |entry: &WakeEntry| WakeTarget {
        name: entry.name.clone(),
        mac: entry.mac.to_string(),
    };
    machines.iter().map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_go_by_name_or_by_address() {
        let machines: Vec<WakeEntry> = serde_json::from_value(serde_json::json!([
            { "name": "server", "mac": "02:00:00:00:00:01", "interface": "eth0" },
            { "name": "desk", "mac": "02:00:00:00:00:02" },
        ]))
        .unwrap();
        let found = find(&machines, "server").unwrap();
        assert_eq!(
            (found.mac.to_string().as_str(), found.interface.as_deref()),
            ("02:00:00:00:00:01", Some("eth0"))
        );
        assert_eq!(
            find(&machines, "02:00:00:00:00:09").unwrap().interface,
            None
        );
        let told = find(&machines, "sever").unwrap_err().to_string();
        assert!(told.ends_with("or one of: server, desk"), "{told}");
        assert!(find(&[], "x")
            .unwrap_err()
            .to_string()
            .contains("none is in the configuration"));
    }
}
