//! How dnsmasq is run.

use super::{subnet::Subnet, switches::Nat};
use std::{net::IpAddr, path::PathBuf};

/// A lease that a target renews twice an hour.
const LEASE: &str = "1h";
/// Name servers that dnsmasq is told of: it asks all of them.
const SERVERS_MOST: usize = 4;

/// What it serves; another one of these is another life of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The interface.
    pub interface: String,
    /// Its number: one of the same name that was made anew is another.
    pub index: u32,
    /// The network.
    pub subnet: Subnet,
    /// What is open.
    pub nat: Nat,
    /// The node's own name servers, which it asks for the target.
    pub servers: Vec<IpAddr>,
    /// Where it keeps the leases.
    pub leases: PathBuf,
}

/// The name servers of a `resolv.conf`. dnsmasq would read it itself, and watch its directory, which is not open to it.
pub fn name_servers(resolv_conf: &str) -> Vec<IpAddr> {
    let words = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver").then(|| words.next()?.parse().ok())?
    };
    resolv_conf
        .lines()
        .filter_map(words)
        .take(SERVERS_MOST)
        .collect()
}

impl Serving {
    /// The words after its name. Nothing is read from a file, and nothing but DHCP is served, unless the target has a way out.
    pub fn arguments(&self) -> Vec<String> {
        let (from, to) = self.subnet.range();
        let mut words: Vec<String> = [
            "--keep-in-foreground",
            // A name that there is; started without root, it changes no user.
            "--user=root",
            "--conf-file=/dev/null",
            "--log-facility=-",
            "--pid-file",
            "--no-hosts",
            "--no-resolv",
            "--no-ping",
            "--bind-interfaces",
            "--except-interface=lo",
            "--dhcp-authoritative",
        ]
        .map(str::to_owned)
        .into();
        words.push(format!("--interface={}", self.interface));
        words.push(format!("--dhcp-leasefile={}", self.leases.display()));
        words.push(format!(
            "--dhcp-range={from},{to},{},{LEASE}",
            self.subnet.mask()
        ));
        words.extend(self.ways());
        words
    }

    /// Options 3 (router) and 6 (name servers): dnsmasq names itself unless it is told that there are none.
    fn ways(&self) -> Vec<String> {
        match self.nat {
            Nat::Off => ["--port=0", "--dhcp-option=3", "--dhcp-option=6"]
                .map(str::to_owned)
                .into(),
            Nat::On => {
                let node = self.subnet.node();
                let mut words = vec![
                    "--port=53".to_owned(),
                    format!("--dhcp-option=3,{node}"),
                    format!("--dhcp-option=6,{node}"),
                ];
                words.extend(self.servers.iter().map(|one| format!("--server={one}")));
                words
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::switches::Switches;

    fn words(nat: bool) -> String {
        let subnet = "172.31.7.1/29".parse().unwrap();
        let serving = Serving {
            interface: "usb0".into(),
            index: 4,
            subnet,
            nat: Switches::new(nat, false).nat,
            servers: name_servers("# by DHCP\nnameserver 192.0.2.1\nsearch lab\nnameserver x\n"),
            leases: "/x/leases".into(),
        };
        serving.arguments().join(" ")
    }

    #[test]
    fn the_target_gets_an_address_and_nothing_else() {
        let words = words(false);
        for part in [
            "--port=0",
            "--dhcp-option=3 --dhcp-option=6",
            "--interface=usb0",
            "--dhcp-range=172.31.7.2,172.31.7.6,255.255.255.248,1h",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn with_a_way_out_it_gets_a_route_and_names() {
        let words = words(true);
        assert!(
            words.contains("--dhcp-option=3,172.31.7.1")
                && words.contains("--dhcp-option=6,172.31.7.1")
        );
        assert!(
            words.ends_with("--server=192.0.2.1") && !words.contains("--port=0"),
            "{words}"
        );
    }
}
