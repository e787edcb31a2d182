//! Linux's messages, read. It is trusted, but its messages grow from version to version: what is not known is left.

use super::Forwarding;
use crate::core::{
    address::Cidr,
    seen::{kind_of, Seen},
};
use rtnetlink::{
    packet_core::DefaultNla,
    packet_route::{
        address::{AddressAttribute, AddressMessage},
        link::{AfSpecInet, AfSpecUnspec, LinkAttribute, LinkFlags, LinkLayerType, LinkMessage},
        route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage},
    },
};
use std::{fs, net::IpAddr};

/// An interface that may be ours to look after.
pub(super) fn link(message: &LinkMessage) -> Option<Seen> {
    let header = &message.header;
    if header.link_layer_type != LinkLayerType::Ether || header.flags.contains(LinkFlags::Loopback)
    {
        return None;
    }
    let mut seen = Seen {
        name: String::new(),
        index: header.index,
        kind: dkvm_wire::vocab::network::LinkKind::Wired,
        up: header.flags.contains(LinkFlags::Up),
        // RUNNING is what LOWER_UP is, and for Wi-Fi also that the keys are there.
        carrier: header
            .flags
            .contains(LinkFlags::LowerUp | LinkFlags::Running),
        carrier_changes: 0,
        mac: [0; 6],
        addresses: Vec::new(),
        gateways: Vec::new(),
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => seen.name.clone_from(name),
            LinkAttribute::CarrierChanges(count) => seen.carrier_changes = *count,
            LinkAttribute::Address(mac) => seen.mac = mac.as_slice().try_into().unwrap_or_default(),
            _ => {}
        }
    }
    let uevent = fs::read_to_string(format!("/sys/class/net/{}/uevent", seen.name));
    // It is not there for one that has just gone.
    seen.kind = kind_of(&uevent.ok()?)?;
    Some(seen)
}

/// `IFLA_INET_CONF` (if_link.h), which holds attributes of [`IPV4_DEVCONF_FORWARDING`]'s kind when it is sent to Linux.
const IFLA_INET_CONF: u16 = 1;
/// linux/ip.h.
const IPV4_DEVCONF_FORWARDING: u16 = 1;
/// Length and kind of an attribute, and four bytes of value.
const DEVCONF_LEN: u16 = 8;

/// By netlink and not by `/proc/sys`: it takes NET_ADMIN and no file. The crate's own `DevConfRequest` sends no zeros.
pub(super) fn forwarding(forwarding: Forwarding) -> LinkAttribute {
    let value = u32::from(forwarding == Forwarding::On);
    let mut inner = Vec::from(DEVCONF_LEN.to_ne_bytes());
    inner.extend(IPV4_DEVCONF_FORWARDING.to_ne_bytes());
    inner.extend(value.to_ne_bytes());
    let configuration = AfSpecInet::Other(DefaultNla::new(IFLA_INET_CONF, inner));
    LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet(vec![configuration])])
}

/// The interface's number and the address. Of a tunnel's two ends the own one.
pub(super) fn address(message: &AddressMessage) -> Option<(u32, Cidr)> {
    let find = |wanted: fn(&AddressAttribute) -> Option<IpAddr>| {
        message.attributes.iter().find_map(wanted)
    };
    let local = find(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    let remote = find(|attribute| match attribute {
        AddressAttribute::Address(address) => Some(*address),
        _ => None,
    });
    let cidr = Cidr {
        address: local.or(remote)?,
        prefix: message.header.prefix_len,
    };
    Some((message.header.index, cidr))
}

/// The interface's number and the gateway, where it is a default route of the main table.
pub(super) fn default_route(message: &RouteMessage) -> Option<(u32, IpAddr)> {
    let header = &message.header;
    if header.destination_prefix_length != 0 || header.table != RouteHeader::RT_TABLE_MAIN {
        return None;
    }
    let mut gateway = None;
    let mut interface = None;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Gateway(RouteAddress::Inet(address)) => {
                gateway = Some(IpAddr::V4(*address))
            }
            RouteAttribute::Gateway(RouteAddress::Inet6(address)) => {
                gateway = Some(IpAddr::V6(*address))
            }
            RouteAttribute::Oif(index) => interface = Some(*index),
            _ => {}
        }
    }
    Some((interface?, gateway?))
}
