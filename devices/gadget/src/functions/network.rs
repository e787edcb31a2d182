//! A network to the target: `f_ncm`, or `f_ecm` or `f_rndis` for older targets.
//!
//! Both hardware addresses are made from the serial number: a target that sees another one sets up another network. Windows
//! takes NCM and RNDIS without a driver of its own by the Microsoft OS descriptors: [`os_descriptors`].

use crate::{
    budget::{Direction, Kind, Need},
    plan::Value,
};
use serde::Deserialize;
use std::{fmt, str::FromStr};

/// A bulk endpoint's packet at high speed (USB 2.0, 5.8.3).
const BULK: u16 = 512;
/// The longest notification: 16 bytes (f_ncm.c and f_ecm.c, speed change); RNDIS's is 8.
const NOTIFY: u16 = 16;
/// What Windows asks by once it has read the OS string: any number that no class uses.
pub const VENDOR_CODE: u8 = 0xf0;
/// The OS string's signature.
pub const SIGNATURE: &str = "MSFT100";
/// A compatible id of Windows, filled up with zeros.
const ID: usize = 8;

/// As what the target sees the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkKind {
    /// CDC NCM: Linux, macOS, Windows 11, Android.
    #[default]
    Ncm,
    /// CDC ECM: older Linux and macOS; no Windows.
    Ecm,
    /// RNDIS: older Windows.
    Rndis,
}

impl NetworkKind {
    /// Linux's driver.
    pub const fn driver(self) -> &'static str {
        match self {
            Self::Ncm => "ncm",
            Self::Ecm => "ecm",
            Self::Rndis => "rndis",
        }
    }

    /// The option of Linux that it takes.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Ncm => "CONFIG_USB_CONFIGFS_NCM",
            Self::Ecm => "CONFIG_USB_CONFIGFS_ECM",
            Self::Rndis => "CONFIG_USB_CONFIGFS_RNDIS",
        }
    }

    /// Its bit in the release number, above all others: Windows must not drive RNDIS by what it learnt of NCM. Of ECM it
    /// learns nothing.
    pub const fn bit(self) -> u16 {
        match self {
            Self::Ncm => 0,
            Self::Ecm | Self::Rndis => 1 << 12,
        }
    }

    /// By which id and sub-id Windows chooses the driver; it has none for ECM.
    const fn compatible(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Ncm => Some(("WINNCM", "")),
            Self::Rndis => Some(("RNDIS", "5162001")),
            Self::Ecm => None,
        }
    }
}

/// A hardware address of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac([u8; 6]);

/// Why a text is no such address, as the end of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not six bytes.
    #[error(
        "it takes six bytes in hexadecimal with colons between them, such as 02:64:6b:12:34:56"
    )]
    Form,
    /// All zero.
    #[error("an address of zeros is nobody's; 02:64:6b:12:34:56 is one for private use")]
    Zero,
    /// A group's.
    #[error("its first byte is odd: that is the address of a group and of no machine; 02:64:6b:12:34:56 is one for private use")]
    Group,
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let parts: Vec<_> = text.split(':').collect();
        let byte = |part: &&str| {
            let digits = part.len() == 2 && part.bytes().all(|one| one.is_ascii_hexdigit());
            digits.then(|| u8::from_str_radix(part, 16).ok()).flatten()
        };
        let bytes: Option<Vec<u8>> = parts.iter().map(byte).collect();
        let bytes: [u8; 6] = bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(MacError::Form)?;
        match bytes {
            [0, 0, 0, 0, 0, 0] => Err(MacError::Zero),
            [first, ..] if first & 1 == 1 => Err(MacError::Group),
            bytes => Ok(Self(bytes)),
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The part of the configuration that is about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct NetworkConfig {
    /// As what the target sees it.
    pub kind: NetworkKind,
    /// The node's hardware address; made from the serial number when it is not said.
    pub dev_addr: Option<String>,
    /// The target's.
    pub host_addr: Option<String>,
}

/// Both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The node's.
    pub node: Mac,
    /// The target's.
    pub target: Mac,
}

impl NetworkConfig {
    /// A key and the reason why its value cannot be used, if there is one.
    pub fn fault(&self) -> Option<(String, String)> {
        let mut read = [None; 2];
        let texts = [("dev_addr", &self.dev_addr), ("host_addr", &self.host_addr)];
        for (place, (key, text)) in texts.into_iter().enumerate() {
            let Some(text) = text else { continue };
            match text.parse::<Mac>() {
                Ok(mac) => read[place] = Some(mac),
                Err(error) => {
                    return Some((format!("network.{key}"), format!("{text:?}: {error}")))
                }
            }
        }
        let same = read[0].is_some() && read[0] == read[1];
        same.then(|| {
            let reason = "it is `dev_addr` too: the two ends need two addresses".to_owned();
            ("network.host_addr".to_owned(), reason)
        })
    }

    /// Both ends' addresses: the owner's, or those made from the serial number.
    pub fn addresses(&self, serial: &str) -> Addresses {
        let made = made_from(serial);
        let own = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let mut both = Addresses {
            node: own(&self.dev_addr).unwrap_or(made.node),
            target: own(&self.host_addr).unwrap_or(made.target),
        };
        // One of the owner's that is just what the other end would have been made.
        if both.node == both.target {
            both.node.0[4] ^= 1;
        }
        both
    }

    /// Which of the addresses another interface of this machine has: its key, itself, and whose it is.
    pub fn clash(
        &self,
        serial: &str,
        interfaces: &[(String, String)],
    ) -> Option<(&'static str, Mac, String)> {
        let Addresses { node, target } = self.addresses(serial);
        [("dev_addr", node), ("host_addr", target)]
            .into_iter()
            .find_map(|(key, mac)| {
                let has = |(_, text): &&(String, String)| text.parse() == Ok(mac);
                let (name, _) = interfaces.iter().find(has)?;
                Some((key, mac, name.clone()))
            })
    }

    /// Its attributes, by their paths in its directory.
    pub fn attributes(&self, serial: &str) -> Vec<(String, Value)> {
        let Addresses { node, target } = self.addresses(serial);
        let mut attributes = vec![
            Value::text("dev_addr", &node.to_string()),
            Value::text("host_addr", &target.to_string()),
        ];
        if let Some((id, sub)) = self.kind.compatible() {
            let interface = format!("os_desc/interface.{}", self.kind.driver());
            let padded = |name: &str, text: &str| {
                let mut bytes = text.as_bytes().to_vec();
                bytes.resize(ID, 0);
                (format!("{interface}/{name}"), Value::Bytes(bytes))
            };
            attributes.push(padded("compatible_id", id));
            attributes.push(padded("sub_compatible_id", sub));
        }
        attributes
    }

    /// Whether Windows is to be told how it drives it.
    pub fn has_os_descriptors(&self) -> bool {
        self.kind.compatible().is_some()
    }
}

/// Locally administered, and next to each other. FNV-1a, salted: the same number stands in the serial number itself.
fn made_from(serial: &str) -> Addresses {
    let salted = b"network".iter().chain(serial.as_bytes());
    let sum = salted.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [a, b, c, d, e, f, ..] = sum.to_be_bytes();
    let first = (a & 0b1111_1100) | 0b10;
    Addresses {
        node: Mac([first, b, c, d, e, f & 0xfe]),
        target: Mac([first, b, c, d, e, f | 1]),
    }
}

pub fn needs() -> Vec<Need> {
    let need = |direction, kind, packet| Need {
        direction,
        kind,
        packet,
    };
    vec![
        need(Direction::In, Kind::Interrupt, NOTIFY),
        need(Direction::In, Kind::Bulk, BULK),
        need(Direction::Out, Kind::Bulk, BULK),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(dev: Option<&str>, host: Option<&str>) -> NetworkConfig {
        NetworkConfig {
            dev_addr: dev.map(str::to_owned),
            host_addr: host.map(str::to_owned),
            ..NetworkConfig::default()
        }
    }

    #[test]
    fn an_address_that_no_machine_can_have_is_refused_with_a_sentence() {
        for (text, told) in [
            ("01:00:5e:00:00:01", "group"),
            ("ff:ff:ff:ff:ff:ff", "group"),
            ("00:00:00:00:00:00", "zeros"),
            ("02:64:6b:12:34", "six bytes"),
            ("02:64:6b:12:34:5g", "six bytes"),
            ("02:64:6b:12:34:+5", "six bytes"),
            ("", "six bytes"),
        ] {
            let (key, reason) = config(None, Some(text)).fault().unwrap();
            assert!(
                key == "network.host_addr" && reason.contains(told),
                "{key}: {reason}"
            );
        }
        let same = config(Some("02:00:00:00:00:0a"), Some("02:00:00:00:00:0A"));
        assert!(same.fault().unwrap().1.contains("two addresses"));
        assert_eq!(config(Some("02:00:00:00:00:0a"), None).fault(), None);
    }

    #[test]
    fn an_address_that_another_interface_has_is_found() {
        let own = config(None, Some("02:64:6b:00:00:01"));
        let lan = |mac: &str| [("eth0".to_owned(), mac.to_owned())];
        let (key, _, name) = own.clash("1", &lan("02:64:6B:00:00:01")).unwrap();
        assert_eq!((key, name.as_str()), ("host_addr", "eth0"));
        assert_eq!(own.clash("1", &lan("02:64:6b:00:00:02")), None);
        assert_eq!(own.clash("1", &lan("00:00:00:00:00:00")), None);
    }

    #[test]
    fn windows_gets_eight_bytes_of_each_id() {
        let named: Vec<_> = config(None, None).attributes("1").into_iter().collect();
        let id = "os_desc/interface.ncm/compatible_id".to_owned();
        assert!(named.contains(&(id, Value::Bytes(b"WINNCM\0\0".to_vec()))));
        let rndis = NetworkConfig {
            kind: NetworkKind::Rndis,
            ..NetworkConfig::default()
        };
        let sub = "os_desc/interface.rndis/sub_compatible_id".to_owned();
        assert!(rndis
            .attributes("1")
            .contains(&(sub, Value::Bytes(b"5162001\0".to_vec()))));
    }

    proptest! {
        #[test]
        fn each_serial_number_gives_two_private_addresses_that_stay(serial: String) {
            let (first, again) = (config(None, None).addresses(&serial), config(None, None).addresses(&serial));
            prop_assert_eq!(first, again);
            prop_assert_ne!(first.node, first.target);
            for mac in [first.node, first.target] {
                prop_assert_eq!(mac.0[0] & 3, 2);
                prop_assert_eq!(mac.to_string().parse(), Ok(mac));
            }
        }

        #[test]
        fn the_ends_never_have_the_same(serial: String) {
            let made = config(None, None).addresses(&serial);
            let own = config(Some(&made.target.to_string()), None).addresses(&serial);
            prop_assert_ne!(own.node, own.target);
        }

        #[test]
        fn any_text_is_an_address_or_refused(text in ".{0,24}") {
            if let Ok(mac) = text.parse::<Mac>() {
                prop_assert_eq!(mac.to_string(), text.to_lowercase());
            }
        }
    }
}
