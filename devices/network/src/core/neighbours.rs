//! Who else is on the network. All of it is what strangers say: cut to size, and never trusted.

use dkvm_wire::vocab::peer::{SeenNode, SeenNodes};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Nodes that are remembered: more than a person looks through, and what a hostile network can make this device keep.
const NODES_MOST: usize = 64;
/// Addresses of one node: both families on a few interfaces.
const ADDRESSES_MOST: usize = 8;
/// As DNS has it for one part of a name.
const LABEL_MOST: usize = 63;
/// A release is shorter.
const VERSION_MOST: usize = 32;
/// SHA-256 in hex.
const FINGERPRINT_DIGITS: usize = 64;

/// What an announcement said, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Of the announcement: one that comes again replaces the one before.
    pub id: String,
    /// `office.local.`
    pub host: String,
    /// Each with the interface that a link-local one is on.
    pub addresses: Vec<(IpAddr, u32)>,
    /// Of the peer link; 0 where there is none.
    pub port: u16,
    /// Of its key, in hex.
    pub fingerprint: String,
    /// Its release.
    pub version: String,
}

/// This node itself, which hears its own announcement too.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// `office.local`
    pub name: &'a str,
    /// Empty until it is known.
    pub fingerprint: &'a str,
}

/// All that were heard and have not gone.
#[derive(Debug, Default)]
pub struct Neighbours {
    nodes: BTreeMap<String, SeenNode>,
}

impl Neighbours {
    /// One told of itself.
    pub fn heard(&mut self, heard: &Heard) {
        let id = heard.id.to_ascii_lowercase();
        match node(heard) {
            Some(node) if self.nodes.len() < NODES_MOST || self.nodes.contains_key(&id) => {
                self.nodes.insert(id, node);
            }
            Some(_) => {}
            None => self.gone(&id),
        }
    }

    /// It said goodbye, or was silent for too long.
    pub fn gone(&mut self, id: &str) {
        self.nodes.remove(&id.to_ascii_lowercase());
    }

    /// By name.
    pub fn others(&self, own: Own<'_>) -> SeenNodes {
        let name = own.name.split('.').next().unwrap_or_default();
        let is_own = |node: &SeenNode| {
            let key = !own.fingerprint.is_empty() && node.fingerprint == own.fingerprint;
            key || node.node.eq_ignore_ascii_case(name)
        };
        let mut nodes: Vec<_> = self
            .nodes
            .values()
            .filter(|node| !is_own(node))
            .cloned()
            .collect();
        nodes.sort_by(|a, b| (&a.node, &a.fingerprint).cmp(&(&b.node, &b.fingerprint)));
        nodes.dedup();
        SeenNodes { nodes }
    }
}

/// Nothing for one that cannot be reached, or has no name that could be shown.
fn node(heard: &Heard) -> Option<SeenNode> {
    let node = label(&heard.host);
    let addresses = addresses(heard);
    (!node.is_empty() && !addresses.is_empty()).then(|| SeenNode {
        node,
        addresses,
        fingerprint: fingerprint(&heard.fingerprint),
        version: version(&heard.version),
    })
}

/// `office` of `Office.local.`
fn label(host: &str) -> String {
    let first = host.split('.').next().unwrap_or_default();
    let plain = first
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .map(|c| c.to_ascii_lowercase());
    let plain: String = plain.take(LABEL_MOST).collect();
    plain.trim_matches('-').to_owned()
}

/// Whole and in small letters, or empty: half a fingerprint proves less than none.
pub fn fingerprint(said: &str) -> String {
    let whole = said.len() == FINGERPRINT_DIGITS && said.bytes().all(|b| b.is_ascii_hexdigit());
    if whole {
        said.to_ascii_lowercase()
    } else {
        String::new()
    }
}

fn version(said: &str) -> String {
    let plain = said
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || ".+-".contains(*c));
    plain.take(VERSION_MOST).collect()
}

/// With the port, the best first, each once.
fn addresses(heard: &Heard) -> Vec<String> {
    if heard.port == 0 {
        return Vec::new();
    }
    let mut usable: Vec<_> = heard
        .addresses
        .iter()
        .map(|(ip, scope)| (ip.to_canonical(), *scope))
        .filter(|(ip, scope)| is_usable(*ip, *scope))
        .collect();
    usable.sort_unstable_by_key(|(ip, scope)| (Reverse(worth(*ip)), *ip, *scope));
    usable.dedup_by_key(|(ip, _)| *ip);
    let shown = usable
        .iter()
        .map(|(ip, scope)| show(*ip, *scope, heard.port));
    shown.take(ADDRESSES_MOST).collect()
}

fn is_usable(ip: IpAddr, scope: u32) -> bool {
    let nobody = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
    let nowhere = matches!(ip, IpAddr::V6(v6) if is_link_local(v6) && scope == 0);
    let everybody = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(nobody || nowhere || everybody)
}

fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

/// Those that somebody gave before those that made themselves; of these IPv4 first, for people know it by sight.
fn worth(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(v4) if v4.is_link_local() => 1,
        IpAddr::V4(_) => 3,
        IpAddr::V6(v6) if is_link_local(v6) => 0,
        IpAddr::V6(_) => 2,
    }
}

fn show(ip: IpAddr, scope: u32, port: u16) -> String {
    match ip {
        IpAddr::V6(v6) if is_link_local(v6) => SocketAddrV6::new(v6, port, 0, scope).to_string(),
        ip => SocketAddr::new(ip, port).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOBODY: Own<'_> = Own {
        name: "",
        fingerprint: "",
    };

    fn heard(host: &str, addresses: &[&str]) -> Heard {
        Heard {
            id: format!("{host}._dkvm._udp.local."),
            host: format!("{host}.local."),
            addresses: addresses
                .iter()
                .map(|text| (text.parse().expect("an address"), 2))
                .collect(),
            port: 23586,
            fingerprint: "AB".repeat(32),
            version: "0.1.0".to_owned(),
        }
    }

    fn names(neighbours: &Neighbours, own: Own<'_>) -> Vec<String> {
        let list = neighbours.others(own).nodes;
        list.into_iter().map(|node| node.node).collect()
    }

    #[test]
    fn nodes_come_are_replaced_and_go() {
        let mut all = Neighbours::default();
        all.heard(&heard("Office", &["192.0.2.7"]));
        all.heard(&heard("attic", &["192.0.2.8"]));
        assert_eq!(names(&all, NOBODY), ["attic", "office"]);
        all.heard(&heard("office", &["192.0.2.9"]));
        let office = &all.others(NOBODY).nodes[1];
        assert_eq!(office.addresses, ["192.0.2.9:23586"]);
        assert_eq!(office.fingerprint, "ab".repeat(32));
        all.gone("OFFICE._dkvm._udp.local.");
        assert_eq!(names(&all, NOBODY), ["attic"]);
    }

    #[test]
    fn this_node_is_left_out_by_its_name_and_by_its_key() {
        let mut all = Neighbours::default();
        let mut attic = heard("attic", &["192.0.2.8"]);
        attic.fingerprint = "cd".repeat(32);
        all.heard(&attic);
        all.heard(&heard("office", &["192.0.2.7"]));
        let by_name = Own {
            name: "Office.local",
            fingerprint: "",
        };
        assert_eq!(names(&all, by_name), ["attic"]);
        let key = "cd".repeat(32);
        let by_key = Own {
            name: "other.local",
            fingerprint: &key,
        };
        assert_eq!(names(&all, by_key), ["office"]);
    }

    #[test]
    fn the_best_address_is_first_and_what_leads_nowhere_is_left_out() {
        let all = [
            "fe80::1",
            "2001:db8::7",
            "169.254.3.4",
            "192.0.2.7",
            "127.0.0.1",
            "::1",
            "224.0.0.251",
            "0.0.0.0",
            "ff02::fb",
            "255.255.255.255",
            "::ffff:192.0.2.7",
        ];
        let mut heard = heard("office", &all);
        assert_eq!(
            addresses(&heard),
            [
                "192.0.2.7:23586",
                "[2001:db8::7]:23586",
                "169.254.3.4:23586",
                "[fe80::1%2]:23586"
            ]
        );
        heard.addresses[0].1 = 0;
        assert_eq!(addresses(&heard).len(), 3, "on no interface");
        heard.port = 0;
        assert_eq!(node(&heard), None, "it has no peer link");
    }

    #[test]
    fn one_that_cannot_be_reached_any_more_goes() {
        let mut all = Neighbours::default();
        all.heard(&heard("office", &["192.0.2.7"]));
        all.heard(&heard("office", &[]));
        assert_eq!(names(&all, NOBODY), Vec::<String>::new());
    }

    #[test]
    fn a_network_full_of_nodes_is_bounded_and_known_ones_still_move() {
        let mut all = Neighbours::default();
        for n in 0..NODES_MOST + 10 {
            all.heard(&heard(&format!("node-{n}"), &["192.0.2.7"]));
        }
        assert_eq!(names(&all, NOBODY).len(), NODES_MOST);
        all.heard(&heard("node-3", &["192.0.2.99"]));
        let list = all.others(NOBODY).nodes;
        assert!(list
            .iter()
            .any(|node| node.addresses == ["192.0.2.99:23586"]));
    }

    fn any_heard() -> impl Strategy<Value = Heard> {
        let address = (any::<IpAddr>(), any::<u32>());
        let many = proptest::collection::vec(address, 0..40);
        (
            ".{0,20}",
            ".{0,200}",
            many,
            any::<u16>(),
            "(?s).{0,100}|[0-9A-F]{64}",
            ".{0,100}",
        )
            .prop_map(|(id, host, addresses, port, fingerprint, version)| Heard {
                id,
                host,
                addresses,
                port,
                fingerprint,
                version,
            })
    }

    proptest! {
        #[test]
        fn whatever_strangers_say_is_harmless_and_bounded(said in proptest::collection::vec(any_heard(), 0..100)) {
            let mut all = Neighbours::default();
            said.iter().for_each(|heard| all.heard(heard));
            let list = all.others(NOBODY).nodes;
            prop_assert!(list.len() <= NODES_MOST);
            for node in &list {
                let plain = |text: &str, more: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b));
                prop_assert!(plain(&node.node, "-") && (1..=LABEL_MOST).contains(&node.node.len()));
                prop_assert!(plain(&node.version, ".+-") && node.version.len() <= VERSION_MOST);
                prop_assert!(node.fingerprint.is_empty() || node.fingerprint.len() == FINGERPRINT_DIGITS);
                prop_assert!((1..=ADDRESSES_MOST).contains(&node.addresses.len()));
                for address in &node.addresses {
                    prop_assert!(address.parse::<SocketAddr>().is_ok(), "{}", address);
                }
            }
        }
    }
}
