//! The node's name and services on the local network (mDNS, DNS-SD).

use crate::{
    config,
    core::{
        neighbours::{self, Heard},
        seen::kind_of,
    },
};
use dkvm_wire::vocab::{network::LinkKind, peer::Announce};
use mdns_sd::{
    DaemonEvent, IfKind, IfPredicate, Receiver, ResolvedService, ScopedIp, ServiceDaemon,
    ServiceEvent, ServiceInfo,
};
use std::{fs, thread, time::Duration};
use tokio::sync::mpsc;

/// How soon a new address is told. Less than the default, for a person who has just plugged the cable in waits for it.
const LOOK_EVERY_S: u32 = 1;
/// As DNS has it for one part of a name.
const LABEL_MOST: usize = 63;
/// What is put behind a name that the machine itself goes by.
const SECOND: &str = "-dkvm";
/// What is told and not yet taken; then the thread that tells waits. Where so much comes meanwhile that the daemon's own channel
/// is full, the daemon tells nothing any more, and has to be asked anew ([`Told::Deaf`]).
const TOLD_MOST: usize = 16;
/// Before it is asked anew: a network that says so much is not to be listened to without a pause.
const DEAF: Duration = Duration::from_secs(5);
/// In the TXT record: SHA-256 of the node's key in hex, and its release.
const FINGERPRINT: &str = "key";
const VERSION: &str = "version";
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

/// The same where the machine has a responder of its own, which two of one name would push aside.
pub fn second_label(node: &str) -> String {
    let own = label(node);
    let room = LABEL_MOST - SECOND.len();
    format!("{}{SECOND}", own.get(..room).unwrap_or(&own))
}

/// What the network told.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// This node's host name, which it had to take because another has the one that it wanted.
    Renamed(String),
    /// A node is there.
    Heard(Heard),
    /// It is not there any more.
    Gone(String),
    /// So much was said at once that some was lost: who is there will be told anew.
    Deaf,
}

/// Tells the network of this node, and hears of others.
pub struct Responder {
    daemon: ServiceDaemon,
    link: Announce,
}

impl Responder {
    /// Whatever is told comes out of the channel.
    pub fn start(
        label: &str,
        https_port: u16,
        ignore: Vec<String>,
    ) -> Result<(Self, mpsc::Receiver<Told>), mdns_sd::Error> {
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
        let (tell, told) = mpsc::channel(TOLD_MOST);
        listen(daemon.monitor()?, tell.clone(), renamed);
        browse(&daemon, tell)?;
        if https_port > 0 {
            daemon.register(info(HTTPS, label, https_port, "")?)?;
        }
        let link = Announce::default();
        daemon.register(info(PEER, label, link.port, "")?)?;
        Ok((Self { daemon, link }, told))
    }

    /// From now on the peer link is announced so.
    pub fn announce(&mut self, label: &str, link: Announce) -> Result<(), mdns_sd::Error> {
        let fingerprint = neighbours::fingerprint(&link.fingerprint);
        let same = self.link == link;
        if !same {
            self.daemon
                .register(info(PEER, label, link.port, &fingerprint)?)?;
            self.link = link;
        }
        Ok(())
    }

    /// The key that is announced.
    pub fn fingerprint(&self) -> &str {
        &self.link.fingerprint
    }

    /// Others then no longer look here for a node that leaves. If that fails, they find out by themselves.
    pub fn leave(self) {
        let _ = self.daemon.shutdown();
    }
}

/// A thread that passes on what is worth it, until nobody listens.
fn listen<E: Send + 'static>(
    events: Receiver<E>,
    tell: mpsc::Sender<Told>,
    read: fn(E) -> Option<Told>,
) {
    thread::spawn(move || pass_on(events, &tell, read));
}

/// A thread that tells who is there, and asks anew where the daemon has given up telling it.
fn browse(daemon: &ServiceDaemon, tell: mpsc::Sender<Told>) -> Result<(), mdns_sd::Error> {
    let (daemon, first) = (daemon.clone(), daemon.browse(PEER)?);
    let again = move || loop {
        thread::sleep(DEAF);
        match daemon.browse(PEER) {
            // It is busy, and the next time it may not be.
            Err(mdns_sd::Error::Again) => {}
            asked => return asked.ok(),
        }
    };
    thread::spawn(move || pass_on_for_ever(first, &tell, again));
    Ok(())
}

/// Until nobody listens, or nothing can be asked any more.
fn pass_on_for_ever<I: IntoIterator<Item = ServiceEvent>>(
    first: I,
    tell: &mpsc::Sender<Told>,
    mut again: impl FnMut() -> Option<I>,
) {
    let mut events = Some(first);
    while let Some(heard) = events {
        pass_on(heard, tell, neighbour);
        if tell.blocking_send(Told::Deaf).is_err() {
            return;
        }
        events = again();
    }
}

fn pass_on<E>(
    events: impl IntoIterator<Item = E>,
    tell: &mpsc::Sender<Told>,
    read: fn(E) -> Option<Told>,
) {
    for event in events {
        if read(event).is_some_and(|told| tell.blocking_send(told).is_err()) {
            return;
        }
    }
}

fn renamed(event: DaemonEvent) -> Option<Told> {
    let DaemonEvent::NameChange(change) = event else {
        return None;
    };
    let host = change.original.ends_with(".local.") && !change.original.contains("._");
    host.then_some(Told::Renamed(change.new_name))
}

fn neighbour(event: ServiceEvent) -> Option<Told> {
    match event {
        ServiceEvent::ServiceResolved(service) => Some(Told::Heard(heard(&service))),
        ServiceEvent::ServiceRemoved(_, id) => Some(Told::Gone(id)),
        _ => None,
    }
}

fn heard(service: &ResolvedService) -> Heard {
    let text = |key| {
        service
            .get_property_val_str(key)
            .unwrap_or_default()
            .to_owned()
    };
    let addresses = service.addresses.iter().map(|address| match address {
        ScopedIp::V6(v6) => ((*v6.addr()).into(), v6.scope_id().index),
        other => (other.to_ip_addr(), 0),
    });
    Heard {
        id: service.fullname.clone(),
        host: service.host.clone(),
        addresses: addresses.collect(),
        port: service.port,
        fingerprint: text(FINGERPRINT),
        version: text(VERSION),
    }
}

fn info(
    service: &str,
    label: &str,
    port: u16,
    fingerprint: &str,
) -> Result<ServiceInfo, mdns_sd::Error> {
    let host = format!("{label}.local.");
    let mut text = vec![("node", label), (VERSION, env!("CARGO_PKG_VERSION"))];
    if !fingerprint.is_empty() {
        text.push((FINGERPRINT, fingerprint));
    }
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
        assert_eq!(second_label("desk.example.org"), "desk-dkvm");
        assert_eq!(second_label(&"x".repeat(100)).len(), LABEL_MOST);
    }

    #[test]
    fn who_is_not_told_any_more_asks_anew_until_nobody_listens() {
        let gone = |id: &str| ServiceEvent::ServiceRemoved(PEER.to_owned(), id.to_owned());
        let (tell, mut told) = mpsc::channel(TOLD_MOST);
        let mut later = vec![vec![gone("b"), gone("c")], vec![]].into_iter();
        pass_on_for_ever(vec![gone("a")], &tell, || later.next());
        let all: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
        let gone = |id: &str| Told::Gone(id.to_owned());
        let deaf = || Told::Deaf;
        assert_eq!(
            all,
            [gone("a"), deaf(), gone("b"), gone("c"), deaf(), deaf()]
        );
        drop(told);
        pass_on_for_ever(vec![], &tell, || unreachable!("nobody listens"));
    }

    #[test]
    fn the_services_are_sound() {
        for service in [HTTPS, PEER] {
            let info = info(service, "office", 443, "abcd").expect("sound");
            assert_eq!(info.get_property_val_str("key"), Some("abcd"));
            assert_eq!(info.get_hostname(), "office.local.");
            assert_eq!(info.get_property_val_str("node"), Some("office"));
        }
    }
}
