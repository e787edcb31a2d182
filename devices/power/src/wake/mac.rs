//! MAC addresses and the packet that wakes their owners.

use serde::Deserialize;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Bytes of an address.
const LENGTH: usize = 6;
/// The packet repeats the address so often, after six bytes of ones.
const REPEATS: usize = 16;
/// Bytes of a magic packet.
pub const PACKET_LEN: usize = LENGTH + REPEATS * LENGTH;
/// In the first byte: the address of a group, not of a machine.
const GROUP: u8 = 1;

/// The address of one network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Mac([u8; LENGTH]);

/// Text that is no address of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MacError {
    /// Not of the form.
    #[error(
        "{0:?} is no MAC address: write six pairs of hexadecimal digits, like 00:1a:2b:3c:4d:5e"
    )]
    Form(String),
    /// A group, or nobody.
    #[error("{0} is no machine's address: it names a group of machines, or none")]
    NoMachine(Mac),
}

impl FromStr for Mac {
    type Err = MacError;

    /// Six pairs of hexadecimal digits, parted by `:` or by `-`, never mixed.
    fn from_str(text: &str) -> Result<Self, MacError> {
        let mac = bytes(text, ':').or_else(|| bytes(text, '-'));
        let mac = Self(mac.ok_or_else(|| MacError::Form(text.chars().take(40).collect()))?);
        if mac.0[0] & GROUP != 0 || mac.0 == [0; LENGTH] {
            return Err(MacError::NoMachine(mac));
        }
        Ok(mac)
    }
}

fn bytes(text: &str, separator: char) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let mut pairs = text.split(separator);
    for byte in &mut bytes {
        let pair = pairs.next()?;
        // from_str_radix would take a sign.
        if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(bytes)
}

impl TryFrom<String> for Mac {
    type Error = MacError;
    fn try_from(text: String) -> Result<Self, MacError> {
        text.parse()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl Mac {
    /// Six bytes of ones, then the address sixteen times (AMD, Magic Packet Technology, 1995).
    pub fn magic_packet(&self) -> [u8; PACKET_LEN] {
        let mut packet = [0xff; PACKET_LEN];
        for place in packet[LENGTH..].chunks_exact_mut(LENGTH) {
            place.copy_from_slice(&self.0);
        }
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_usual_forms_are_read() {
        let mac: Mac = "00:1A:2b:3c:4d:5e".parse().unwrap();
        assert_eq!(mac, "00-1a-2B-3c-4d-5e".parse().unwrap());
        assert_eq!(mac.to_string(), "00:1a:2b:3c:4d:5e");
    }

    #[test]
    fn everything_else_is_refused() {
        let wrong = [
            "",
            ":",
            "001a2b3c4d5e",
            "00:1a:2b:3c:4d",
            "00:1a:2b:3c:4d:5e:6f",
            "00:1a:2b:3c:4d:5g",
            "0:1a:2b:3c:4d:5e",
            "00:1a-2b:3c-4d:5e",
            "+0:1a:2b:3c:4d:5e",
            " 00:1a:2b:3c:4d:5e",
            "00:1a:2b:3c:4d:5e\n",
            "００:1a:2b:3c:4d:5e",
        ];
        for text in wrong {
            assert!(
                matches!(text.parse::<Mac>(), Err(MacError::Form(_))),
                "{text:?}"
            );
        }
        for group in [
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
            "00:00:00:00:00:00",
        ] {
            assert!(
                matches!(group.parse::<Mac>(), Err(MacError::NoMachine(_))),
                "{group}"
            );
        }
    }

    #[test]
    fn the_packet_is_the_one_that_cards_look_for() {
        let packet = "02:00:00:00:00:01".parse::<Mac>().unwrap().magic_packet();
        assert_eq!(packet.len(), 102);
        assert_eq!(packet[..6], [0xff; 6]);
        assert_eq!(packet[6..12], [2, 0, 0, 0, 0, 1]);
        assert_eq!(packet[96..], [2, 0, 0, 0, 0, 1]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,40}") {
            if let Ok(mac) = text.parse::<Mac>() {
                prop_assert_eq!(mac.to_string(), text.to_ascii_lowercase().replace('-', ":"));
            }
        }
    }
}
