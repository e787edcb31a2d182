//! The small network between node and target.

use dkvm_network::core::address::Cidr;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

/// The node's address and its network's prefix; there is room for another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    node: Ipv4Addr,
    prefix: u8,
}

/// Why a text is none, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// Not an address with a prefix.
    #[error("{0:?} is no IPv4 address with the length of its network, such as 172.31.7.1/29")]
    Form(String),
    /// Too large or too small.
    #[error("a network of /{0} is not possible here: it takes /16 to /30")]
    Prefix(u8),
    /// The network's own or everybody's address.
    #[error("{0} is the address of the network itself or of all in it: take one between")]
    Edge(Ipv4Addr),
}

/// Prefixes that make sense: two machines at least, and no network of a whole provider.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=30;
/// Of the network that is made.
const MADE_PREFIX: u8 = 29;
/// Bits of an address.
const BITS: u32 = 32;

impl Subnet {
    /// One of 172.31.0.0/16, made from the interface's hardware address: two nodes at one target have two.
    pub fn made_from(mac: [u8; 6]) -> Self {
        let [.., third, last] = mac;
        // The last byte's lowest bit tells the two ends apart, and is none of the node's.
        let network = (last >> 1) << 3;
        Self {
            node: Ipv4Addr::new(172, 31, third, network | 1),
            prefix: MADE_PREFIX,
        }
    }

    /// The node's address, with the prefix.
    pub fn cidr(self) -> Cidr {
        Cidr::v4(self.node, self.prefix)
    }

    /// The node's address.
    pub fn node(self) -> Ipv4Addr {
        self.node
    }

    /// The mask, as DHCP has it.
    pub fn mask(self) -> Ipv4Addr {
        mask(self.prefix)
    }

    /// The network, as rules have it: `172.31.7.0/29`.
    pub fn network(self) -> String {
        format!("{}/{}", first(self.node, self.prefix), self.prefix)
    }

    /// The first and the last address for others, on the wider side of the node's own.
    pub fn range(self) -> (Ipv4Addr, Ipv4Addr) {
        let own = u32::from(self.node);
        let low = u32::from(first(self.node, self.prefix)) + 1;
        let high = u32::from(last(self.node, self.prefix)) - 1;
        let (from, to) = if high - own >= own - low {
            (own + 1, high)
        } else {
            (low, own - 1)
        };
        (from.into(), to.into())
    }

    /// Whether an address of another interface is in it, or the other's network holds it.
    pub fn overlaps(self, other: &Cidr) -> bool {
        let IpAddr::V4(address) = other.address else {
            return false;
        };
        let shorter = self.prefix.min(other.prefix);
        first(self.node, shorter) == first(address, shorter)
    }
}

fn mask(prefix: u8) -> Ipv4Addr {
    let host = BITS.saturating_sub(prefix.into());
    u32::MAX.checked_shl(host).unwrap_or_default().into()
}

fn first(address: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    (u32::from(address) & u32::from(mask(prefix))).into()
}

fn last(address: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    (u32::from(address) | !u32::from(mask(prefix))).into()
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cidr().fmt(f)
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let form = || SubnetError::Form(text.to_owned());
        let Cidr { address, prefix } = text.parse().map_err(|_| form())?;
        let IpAddr::V4(node) = address else {
            return Err(form());
        };
        if !PREFIXES.contains(&prefix) {
            return Err(SubnetError::Prefix(prefix));
        }
        if node == first(node, prefix) || node == last(node, prefix) {
            return Err(SubnetError::Edge(node));
        }
        Ok(Self { node, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        for (text, told) in [
            ("172.31.7.0/29", "between"),
            ("172.31.7.7/29", "between"),
            ("10.0.0.1/8", "/8"),
            ("10.0.0.1/31", "/31"),
            ("fd00::1/64", "IPv4"),
            ("172.31.7.1", "172.31.7.1/29"),
        ] {
            let error = text.parse::<Subnet>().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn the_target_gets_what_the_node_leaves() {
        let range = |text| {
            let (from, to) = subnet(text).range();
            format!("{from} {to}")
        };
        assert_eq!(range("172.31.7.1/29"), "172.31.7.2 172.31.7.6");
        assert_eq!(range("172.31.7.6/29"), "172.31.7.1 172.31.7.5");
        assert_eq!(range("172.31.7.2/30"), "172.31.7.1 172.31.7.1");
        assert_eq!(
            subnet("172.31.7.1/29").mask().to_string(),
            "255.255.255.248"
        );
        assert_eq!(subnet("172.31.7.1/29").network(), "172.31.7.0/29");
    }

    #[test]
    fn a_network_that_is_there_already_overlaps_from_inside_and_outside() {
        let ours = subnet("172.31.7.1/29");
        let overlaps = |text: &str| ours.overlaps(&text.parse().unwrap());
        assert!(overlaps("172.31.7.5/32") && overlaps("172.16.0.9/12"));
        assert!(!overlaps("172.31.7.9/29") && !overlaps("10.20.0.2/24") && !overlaps("fe80::1/64"));
    }

    proptest! {
        #[test]
        fn each_hardware_address_makes_a_network_with_room(mac: [u8; 6]) {
            let made = Subnet::made_from(mac);
            let (from, to) = made.range();
            prop_assert_eq!(u32::from(to) - u32::from(from), 4);
            prop_assert_eq!(made.to_string().parse(), Ok(made));
            let other = Subnet::made_from({ let mut other = mac; other[5] ^= 1; other });
            prop_assert_eq!(made, other);
        }

        #[test]
        fn the_nodes_own_address_is_never_given(a: u32, prefix in 16u8..=30) {
            if let Ok(subnet) = format!("{}/{prefix}", Ipv4Addr::from(a)).parse::<Subnet>() {
                let (from, to) = subnet.range();
                prop_assert!(from <= to && !(from..=to).contains(&subnet.node()));
                prop_assert!(subnet.overlaps(&Cidr::v4(from, 32)) && subnet.overlaps(&Cidr::v4(to, 32)));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = text.parse::<Subnet>();
        }
    }
}
