//! An address of an interface, with the length of its network's prefix.

use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

/// `192.0.2.7/24`, `2001:db8::7/64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// The address.
    pub address: IpAddr,
    /// How many bits of it are the network's.
    pub prefix: u8,
}

/// What is no address with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address with the length of its network, such as 192.0.2.20/24")]
pub struct NoCidr(pub String);

impl Cidr {
    /// Of IPv4.
    pub const fn v4(address: Ipv4Addr, prefix: u8) -> Self {
        Self {
            address: IpAddr::V4(address),
            prefix,
        }
    }

    /// Reachable on its own link only: 169.254.0.0/16 and fe80::/10.
    pub fn is_link_local(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
    }

    /// One machine's, and not of a loopback.
    fn is_usable(&self) -> bool {
        let (bits, broadcast) = match self.address {
            IpAddr::V4(address) => (32, address.is_broadcast()),
            IpAddr::V6(_) => (128, false),
        };
        let odd = broadcast
            || self.address.is_multicast()
            || self.address.is_unspecified()
            || self.address.is_loopback();
        !odd && (1..=bits).contains(&self.prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = NoCidr;

    fn from_str(text: &str) -> Result<Self, NoCidr> {
        let wrong = || NoCidr(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let cidr = Self {
            address: address.parse().map_err(|_| wrong())?,
            prefix: prefix.parse().map_err(|_| wrong())?,
        };
        cidr.is_usable().then_some(cidr).ok_or_else(wrong)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_no_machine_can_have_is_refused() {
        for text in [
            "",
            "192.0.2.1",
            "192.0.2.1/33",
            "192.0.2.1/0",
            "2001:db8::1/129",
            "0.0.0.0/8",
            "255.255.255.255/24",
            "224.0.0.1/24",
            "127.0.0.1/8",
            "::1/128",
            "192.0.2.1/24 ",
            "x/24",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(NoCidr(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(address: IpAddr, prefix in 1u8..=32) {
            let cidr = Cidr { address, prefix };
            prop_assume!(cidr.is_usable());
            prop_assert_eq!(cidr.to_string().parse::<Cidr>(), Ok(cidr));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Ok(cidr) = text.parse::<Cidr>() {
                prop_assert!(cidr.is_usable());
            }
        }
    }
}
