//! What configfs tells of the interface: the kind of network, and the target's hardware address.

use crate::keep::text;
use dkvm_wire::vocab::usbnet::NetKind;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where gadgets are.
pub const GADGETS: &str = "/sys/kernel/config/usb_gadget";
/// An attribute's longest text.
const MOST: u64 = 64;

/// What the target sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The kind.
    pub kind: Option<NetKind>,
    /// The target's hardware address.
    pub target_mac: Option<String>,
}

/// Of the function that has made this interface.
pub fn look(gadgets: &Path, interface: &str) -> Seen {
    let of_interface = |(_, function): &(NetKind, PathBuf)| {
        text(&function.join("ifname"), MOST).trim() == interface
    };
    let found = functions(gadgets).into_iter().find(of_interface);
    found.map_or_else(Seen::default, |(kind, function)| Seen {
        kind: Some(kind),
        target_mac: address(&text(&function.join("host_addr"), MOST)),
    })
}

/// Linux shows it with the end of a C text.
fn address(shown: &str) -> Option<String> {
    let mac = shown.trim_end_matches(['\0', '\n']);
    (!mac.is_empty()).then(|| mac.to_owned())
}

fn functions(gadgets: &Path) -> Vec<(NetKind, PathBuf)> {
    let all = entries(gadgets)
        .into_iter()
        .flat_map(|gadget| entries(&gadget.join("functions")));
    all.filter_map(|function| {
        let name = function.file_name()?.to_str()?;
        let kind = match name.split_once('.')?.0 {
            "ncm" => NetKind::Ncm,
            "ecm" => NetKind::Ecm,
            "rndis" => NetKind::Rndis,
            _ => return None,
        };
        Some((kind, function))
    })
    .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_of_the_interface_tells_its_kind() {
        let root = tempfile::tempdir().unwrap();
        let function = root.path().join("dkvm/functions/rndis.dkvm-4");
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("ifname"), "usb0\n").unwrap();
        fs::write(function.join("host_addr"), "02:00:00:00:00:01\0\n").unwrap();
        let seen = look(root.path(), "usb0");
        assert_eq!(seen.kind, Some(NetKind::Rndis));
        assert_eq!(seen.target_mac.as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(look(root.path(), "usb1"), Seen::default());
    }
}
