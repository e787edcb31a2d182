//! What the target was given: dnsmasq's file of leases.

use dkvm_wire::vocab::usbnet::UsbnetLease;
use std::net::Ipv4Addr;

/// Longest file that is looked at: a /16 full of leases would be more, and nobody has that at a target.
pub const MOST: u64 = 64 * 1024;
/// Longest name of a host that is shown (RFC 1035).
const NAME_MOST: usize = 255;

/// The target's lease, by its hardware address; without one of it that of whoever is behind the target.
pub fn of_target(file: &str, target: Option<&str>) -> Option<UsbnetLease> {
    let all: Vec<_> = file.lines().filter_map(read).collect();
    let own = all
        .iter()
        .find(|lease| target.is_some_and(|mac| lease.mac.eq_ignore_ascii_case(mac)));
    own.or(all.last()).cloned()
}

/// `expiry mac address name client-id`; a name that is not known is `*`.
fn read(line: &str) -> Option<UsbnetLease> {
    let mut words = line.split(' ');
    let _expiry: u64 = words.next()?.parse().ok()?;
    let mac = words.next()?;
    let address: Ipv4Addr = words.next()?.parse().ok()?;
    let name = words.next()?;
    let known = name != "*" && name.len() <= NAME_MOST && !name.contains(char::is_control);
    let plain = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '-';
    mac.chars().all(plain).then(|| UsbnetLease {
        address: address.to_string(),
        mac: mac.to_owned(),
        host: known.then(|| name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "1779400000 02:00:00:00:00:02 172.31.7.2 pc 01:02:00:00:00:00:02\n\
                        1779400009 02:00:00:00:00:09 172.31.7.3 * *\n";

    #[test]
    fn the_targets_own_comes_first() {
        let lease = of_target(FILE, Some("02:00:00:00:00:02")).unwrap();
        assert_eq!(
            (lease.address.as_str(), lease.host.as_deref()),
            ("172.31.7.2", Some("pc"))
        );
        let other = of_target(FILE, Some("02:00:00:00:00:ff")).unwrap();
        assert_eq!((other.address.as_str(), other.host), ("172.31.7.3", None));
    }

    proptest! {
        #[test]
        fn any_file_is_read(text: String, target: Option<String>) {
            if let Some(lease) = of_target(&text, target.as_deref()) {
                prop_assert!(!lease.mac.contains(char::is_control));
            }
        }
    }
}
