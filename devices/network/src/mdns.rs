//! The node's name and services on the local network (mDNS, DNS-SD).

use crate::{config, core::seen::kind_of};
use dkvm_wire::vocab::network::LinkKind;
use mdns_sd::{DaemonEvent, IfKind, IfPredicate, ServiceDaemon, ServiceInfo};
use std::{fs, thread};
use tokio::sync::mpsc;

/// How soon a new address is told. Less than the default, for a person who has just plugged the cable in waits for it.
const LOOK_EVERY_S: u32 = 1;
/// As DNS has it for one part of a name.
const LABEL_MOST: usize = 63;
/// The peer link names its own port once it is there; until then this is only "here is a node".
const NO_PORT: u16 = 0;
const HTTPS: &str = "_https._tcp.local.";
const PEER: &str = "_dkvm._udp.local.";

/// The node's name as mDNS can carry it.
pub fn label(node: &str) -> String {
    let plain: String = node
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(LABEL_MOST)
        .collect();
    match plain.trim_matches('-') {
        "" | "localhost" | "none" => "dkvm".to_owned(),
        label => label.to_owned(),
    }
}

/// Tells the network; what comes out of `names` is the host name that it had to take because another has it already.
pub fn start(
    label: &str,
    https_port: u16,
    ignore: Vec<String>,
) -> Result<(ServiceDaemon, mpsc::Receiver<String>), mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    daemon.set_ip_check_interval(LOOK_EVERY_S)?;
    daemon.disable_interface(vec![
        IfKind::LoopbackV4,
        IfKind::LoopbackV6,
        // The target's side of the gadget is not this node's network.
        IfKind::Predicate(IfPredicate::new(move |interface| {
            config::ignores(&ignore, &interface.name) || is_gadget(&interface.name)
        })),
    ])?;
    let events = daemon.monitor()?;
    let (tell, names) = mpsc::channel(1);
    thread::spawn(move || {
        for event in events {
            let DaemonEvent::NameChange(change) = event else {
                continue;
            };
            if change.original.ends_with(".local.")
                && !change.original.contains("._")
                && tell.blocking_send(change.new_name).is_err()
            {
                return;
            }
        }
    });
    for (service, port) in [(HTTPS, https_port), (PEER, NO_PORT)] {
        daemon.register(info(service, label, port)?)?;
    }
    Ok((daemon, names))
}

fn info(service: &str, label: &str, port: u16) -> Result<ServiceInfo, mdns_sd::Error> {
    let host = format!("{label}.local.");
    let text = [("node", label), ("version", env!("CARGO_PKG_VERSION"))];
    Ok(ServiceInfo::new(service, label, &host, (), port, &text[..])?.enable_addr_auto())
}

fn is_gadget(name: &str) -> bool {
    let uevent = fs::read_to_string(format!("/sys/class/net/{name}/uevent"));
    kind_of(&uevent.unwrap_or_default()) == Some(LinkKind::Gadget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_host_name_gives_a_label() {
        assert_eq!(label("office"), "office");
        assert_eq!(label("office.example.org"), "office");
        assert_eq!(label("-my node-"), "mynode");
        for nothing in ["", "(none)", "localhost", "..."] {
            assert_eq!(label(nothing), "dkvm");
        }
        assert_eq!(label(&"x".repeat(100)).len(), LABEL_MOST);
    }

    #[test]
    fn the_services_are_sound() {
        for service in [HTTPS, PEER] {
            let info = info(service, "office", 443).expect("sound");
            assert_eq!(info.get_hostname(), "office.local.");
            assert_eq!(info.get_property_val_str("node"), Some("office"));
        }
    }
}
