//! What Linux shows of the interfaces.

use super::address::Cidr;
use dkvm_wire::vocab::network::LinkKind;
use std::net::IpAddr;

/// One interface as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// As Linux names it.
    pub name: String,
    /// As Linux numbers it.
    pub index: u32,
    /// What kind.
    pub kind: LinkKind,
    /// Switched on.
    pub up: bool,
    /// A cable with a peer, or joined to a Wi-Fi.
    pub carrier: bool,
    /// How often that has changed: a short loss shows here only.
    pub carrier_changes: u32,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its addresses.
    pub addresses: Vec<Cidr>,
    /// Where the default routes through it lead.
    pub gateways: Vec<IpAddr>,
}

/// What kind of interface this is, by what sysfs says of it (`/sys/class/net/NAME/uevent`); `None` is one that is none of
/// this device's business: a bridge, a tunnel, a phone.
pub fn kind_of(uevent: &str) -> Option<LinkKind> {
    let kind = uevent
        .lines()
        .find_map(|line| line.strip_prefix("DEVTYPE="));
    match kind {
        None => Some(LinkKind::Wired),
        Some("wlan") => Some(LinkKind::Wireless),
        Some("gadget") => Some(LinkKind::Gadget),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysfs_tells_the_kind() {
        assert_eq!(
            kind_of("INTERFACE=eth0\nIFINDEX=2\n"),
            Some(LinkKind::Wired)
        );
        assert_eq!(
            kind_of("DEVTYPE=wlan\nINTERFACE=wlan0\n"),
            Some(LinkKind::Wireless)
        );
        assert_eq!(
            kind_of("DEVTYPE=gadget\nINTERFACE=usb0\n"),
            Some(LinkKind::Gadget)
        );
        assert_eq!(kind_of("DEVTYPE=bridge\n"), None);
        assert_eq!(kind_of("DEVTYPE=wwan\n"), None);
    }
}
