//! What the owner opens and closes.

use dkvm_wire::vocab::usbnet::UsbnetSet;
use serde::{Deserialize, Serialize};

/// Whether the target reaches the node's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nat {
    /// It does, with the node's address.
    On,
    /// It does not.
    Off,
}

/// Whether the target reaches the node's own ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolate {
    /// It does not; DHCP alone is answered.
    On,
    /// It does.
    Off,
}

/// Both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// The way out.
    pub nat: Nat,
    /// The way in.
    pub isolate: Isolate,
}

impl Switches {
    /// As the configuration has them.
    pub fn new(nat: bool, isolate: bool) -> Self {
        let set = UsbnetSet {
            nat: Some(nat),
            isolate: Some(isolate),
        };
        Self {
            nat: Nat::Off,
            isolate: Isolate::Off,
        }
        .with(&set)
    }

    /// With what somebody asked for; what is not named stays.
    pub fn with(self, set: &UsbnetSet) -> Self {
        Self {
            nat: match set.nat {
                None => self.nat,
                Some(true) => Nat::On,
                Some(false) => Nat::Off,
            },
            isolate: match set.isolate {
                None => self.isolate,
                Some(true) => Isolate::On,
                Some(false) => Isolate::Off,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let set = |nat, isolate| UsbnetSet { nat, isolate };
        let both = Switches::new(true, true);
        assert_eq!(both.with(&set(None, None)), both);
        assert_eq!(
            both.with(&set(Some(false), None)),
            Switches::new(false, true)
        );
        assert_eq!(
            both.with(&set(None, Some(false))),
            Switches::new(true, false)
        );
    }
}
