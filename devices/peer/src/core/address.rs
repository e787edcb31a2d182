//! Where a node is, as people write it and as a network tells it.

use dkvm_wire::vocab::peer::PORT;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use thiserror::Error;

/// As long as a host name may be, and a port.
const LONGEST: usize = 255 + 6;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Address(SocketAddr),
    /// A name that somebody has to look up.
    Name(String, u16),
}

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no node's name or address: use `office`, `office.example:{PORT}`, `192.0.2.7` or `[2001:db8::7]:{PORT}`")]
pub struct PlaceError(String);

/// Reads one; without a port it is [`PORT`].
pub fn parse(text: &str) -> Result<Place, PlaceError> {
    let text = text.trim();
    let wrong = || PlaceError(text.chars().take(80).collect());
    if let Ok(address) = text.parse() {
        return Ok(Place::Address(address));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse::<IpAddr>() {
        return Ok(Place::Address(SocketAddr::new(ip, PORT)));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, PORT),
    };
    if is_host(host) && port != 0 {
        Ok(Place::Name(host.to_owned(), port))
    } else {
        Err(wrong())
    }
}

fn is_host(text: &str) -> bool {
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.starts_with('-');
    fits && text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// As a person reads it: an IPv4 address that came over an IPv6 socket is one of IPv4. A link-local one keeps its interface.
pub fn plain(address: SocketAddr) -> SocketAddr {
    match (address, address.ip().to_canonical()) {
        (SocketAddr::V6(_), IpAddr::V4(ip)) => SocketAddr::new(ip.into(), address.port()),
        _ => address,
    }
}

/// Whether it means the same tomorrow: a link-local one of IPv6 holds for an interface whose number changes.
pub fn is_lasting(address: SocketAddr) -> bool {
    !matches!(address, SocketAddr::V6(v6) if v6.ip().is_unicast_link_local())
}

/// Whom to count together: one machine of IPv4, one network of IPv6, as everybody there has all of its addresses.
pub fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write() {
        let address = |text: &str| Ok(Place::Address(text.parse().unwrap()));
        assert_eq!(parse("192.0.2.7"), address("192.0.2.7:23586"));
        assert_eq!(parse("192.0.2.7:5"), address("192.0.2.7:5"));
        assert_eq!(parse("2001:db8::7"), address("[2001:db8::7]:23586"));
        assert_eq!(parse("[2001:db8::7]"), address("[2001:db8::7]:23586"));
        assert_eq!(parse("[2001:db8::7]:5"), address("[2001:db8::7]:5"));
        assert_eq!(parse("office"), Ok(Place::Name("office".into(), PORT)));
        assert_eq!(
            parse("office.lan:5"),
            Ok(Place::Name("office.lan".into(), 5))
        );
        for wrong in [
            "",
            "-x",
            "office:",
            "office:99999",
            "office:0",
            "a b",
            "[::1",
            "http://office",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_link_local_address_keeps_its_interface_and_is_not_kept_itself() {
        let of = |text: &str| plain(text.parse().unwrap());
        assert_eq!(of("[::ffff:192.0.2.1]:5").to_string(), "192.0.2.1:5");
        assert_eq!(of("[fe80::7%2]:5").to_string(), "[fe80::7%2]:5");
        assert_eq!(of("[2001:db8::7]:5").to_string(), "[2001:db8::7]:5");
        assert!(!is_lasting(of("[fe80::7%2]:5")));
        assert!(is_lasting(of("[2001:db8::7]:5")) && is_lasting(of("192.0.2.1:5")));
    }

    #[test]
    fn a_network_of_ipv6_is_one_household() {
        let of = |text: &str| household(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_an_error(text in ".{0,300}") {
            if let Ok(Place::Name(host, port)) = parse(&text) {
                prop_assert!(is_host(&host) && port > 0);
            }
        }
    }
}
