//! Which addresses are reached: not this node itself, and nothing that only its own machine has.
//!
//! Whoever may fetch could else ask services of the node that trust whoever is on the same machine. It is judged after the
//! name was resolved, for each redirect anew: a name says nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is reached. Private networks are: an image server in the same house is what this is for.
pub fn is_reached(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_reached_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_reached_v4(inner),
            None => is_reached_v6(address),
        },
    }
}

fn is_reached_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    // 0.0.0.0/8 is "this host"; 240 and above was never given out.
    let nobody = first == 0 || first >= 240;
    !(nobody || address.is_loopback() || address.is_link_local() || address.is_multicast())
}

fn is_reached_v6(address: Ipv6Addr) -> bool {
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local())
}

/// The address of IPv4 that stands in one of IPv6: mapped, "compatible", NAT64, 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |a: u16, b: u16| Ipv4Addr::from((u32::from(a) << 16) | u32::from(b));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, a, b] => Some(of(a, b)),
        [0, 0, 0, 0, 0, 0, a, b] if a != 0 => Some(of(a, b)),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x2002, a, b, ..] => Some(of(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_links_are_not_reached() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.251",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::fb",
            "::ffff:127.0.0.1",
            "::ffff:169.254.1.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!is_reached(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn servers_are_reached_in_the_house_too() {
        for address in [
            "192.168.1.2",
            "10.0.0.1",
            "172.16.0.9",
            "151.101.2.132",
            "fd00::5",
            "2a04:4e42::644",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_reached(address.parse().unwrap()), "{address}");
        }
    }
}
