//! One wired or wireless interface: what it should have, and what has to be done so that it does.
//!
//! [`Link::step`] first takes what happened into the state, then compares what the interface should have with what Linux
//! shows ([`Link::settle`]). So whatever was lost on the way, an order that failed or an address that somebody removed, is
//! put right by the next look, and what an earlier life of this device has set up is found to be right: adopted.

use super::{
    address::Cidr,
    lease::{DhcpEvent, Lease},
    link_local,
    owner::Addressing,
    seen::Seen,
    time::Moment,
    wifi::Wifi,
};
use dkvm_wire::vocab::network::{Interface, LinkKind};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// How long a program that ended stays so: one that cannot start must not keep the processor busy.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// What survives this device's death.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// From the DHCP server.
    pub lease: Option<Lease>,
    /// What we put on the interface, so what we may take off it.
    pub ours: Vec<Cidr>,
}

/// A program of this interface's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helper {
    /// `udhcpc`.
    Dhcp,
    /// `wpa_supplicant`.
    Wifi,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How Linux shows it now.
    Seen(Seen),
    /// The DHCP client says so.
    Dhcp(DhcpEvent),
    /// A line of the Wi-Fi supplicant's.
    Wifi(String),
    /// A program ended, or could not be started.
    Ended(Helper),
    /// Nobody answered for the address that was asked about.
    Free(Ipv4Addr),
    /// Somebody has it.
    Taken(Ipv4Addr),
    /// Time went by.
    Tick,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Switch it on.
    BringUp,
    /// Remember this, before what follows is done.
    Keep(Kept),
    /// Put an address on it.
    Add(Cidr),
    /// Take one off.
    Remove(Cidr),
    /// Lead what has no other way through it.
    Route(IpAddr),
    /// Start a program; the DHCP client with the address that it shall ask for.
    Start(Helper, Option<Ipv4Addr>),
    /// End it.
    Stop(Helper),
    /// Ask whether anybody has this address.
    Probe(Ipv4Addr),
}

/// Where a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Running {
    No,
    /// It ended by itself.
    Not(Moment),
    Yes,
    /// The DHCP client has an address.
    Bound,
}

/// The address without a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fallback {
    None,
    Probing(Ipv4Addr),
    Holding(Ipv4Addr),
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    addressing: Addressing,
    seen: Seen,
    kept: Kept,
    client: Running,
    supplicant: Running,
    fallback: Fallback,
    attempt: u32,
    wifi: Wifi,
    unanswered: bool,
    /// What was last asked to be remembered.
    told: Option<Kept>,
}

impl Link {
    /// An interface that has just appeared, or that an earlier life left.
    pub fn new(seen: Seen, addressing: Addressing, wifi: Wifi, kept: Kept) -> Self {
        Self {
            fallback: kept
                .ours
                .iter()
                .find_map(as_fallback)
                .map_or(Fallback::None, Fallback::Holding),
            addressing,
            seen,
            kept,
            client: Running::No,
            supplicant: Running::No,
            attempt: 0,
            wifi,
            unanswered: false,
            told: None,
        }
    }

    /// What happened → what has to be done.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Action> {
        let mut actions = self.take(event, now);
        self.forget(now);
        self.settle(now, &mut actions);
        actions
    }

    /// When it wants to be told the time.
    pub fn wake(&self) -> Option<Moment> {
        let lease = self
            .kept
            .lease
            .as_ref()
            .filter(|_| self.client != Running::Bound)
            .map(|lease| lease.until);
        let again =
            [self.client, self.supplicant]
                .into_iter()
                .filter_map(|program| match program {
                    Running::Not(until) => Some(until),
                    _ => None,
                });
        again.chain(lease).min()
    }

    fn take(&mut self, event: Event, now: Moment) -> Vec<Action> {
        match event {
            Event::Seen(seen) => return self.look(seen),
            Event::Dhcp(event) => return self.dhcp(event),
            Event::Wifi(line) => self.wifi = self.wifi.after(&line),
            Event::Ended(Helper::Dhcp) if self.client != Running::No => {
                self.client = Running::Not(now.after(AGAIN_AFTER))
            }
            Event::Ended(Helper::Wifi) if self.supplicant != Running::No => {
                self.supplicant = Running::Not(now.after(AGAIN_AFTER));
                if !matches!(self.wifi, Wifi::BadSettings) {
                    self.wifi = Wifi::Searching;
                }
            }
            Event::Free(address) if self.fallback == Fallback::Probing(address) => {
                self.fallback = Fallback::Holding(address)
            }
            Event::Taken(address) if self.fallback == Fallback::Probing(address) => {
                self.attempt = self.attempt.wrapping_add(1);
                return self.probe();
            }
            Event::Ended(_) | Event::Free(_) | Event::Taken(_) | Event::Tick => {}
        }
        Vec::new()
    }

    /// A cable that was out for a moment may be in another network now: DHCP begins anew, with the old address as a wish.
    fn look(&mut self, seen: Seen) -> Vec<Action> {
        let other = seen.carrier_changes != self.seen.carrier_changes || !seen.carrier;
        self.seen = seen;
        if !other || !matches!(self.client, Running::Yes | Running::Bound) {
            return Vec::new();
        }
        self.client = Running::No;
        vec![Action::Stop(Helper::Dhcp)]
    }

    fn dhcp(&mut self, event: DhcpEvent) -> Vec<Action> {
        if !matches!(self.client, Running::Yes | Running::Bound) {
            return Vec::new();
        }
        match event {
            DhcpEvent::Bound(lease) => {
                self.kept.lease = Some(lease);
                self.client = Running::Bound;
                self.fallback = Fallback::None;
                self.unanswered = false;
            }
            // A client says so at its start too, where it knows of nothing yet.
            DhcpEvent::Lost if self.client == Running::Bound => {
                self.kept.lease = None;
                self.client = Running::Yes;
            }
            DhcpEvent::Lost => {}
            DhcpEvent::NoServer => {
                self.unanswered = true;
                if self.fallback == Fallback::None {
                    return self.probe();
                }
            }
        }
        Vec::new()
    }

    fn probe(&mut self) -> Vec<Action> {
        let address = link_local::candidate(self.seen.mac, self.attempt);
        self.fallback = Fallback::Probing(address);
        vec![Action::Probe(address)]
    }

    /// A lease that runs out while no client keeps it.
    fn forget(&mut self, now: Moment) {
        if self.client != Running::Bound
            && self
                .kept
                .lease
                .as_ref()
                .is_some_and(|lease| lease.until <= now)
        {
            self.kept.lease = None;
        }
        if self.addressing.address.is_some() {
            self.kept.lease = None;
            self.fallback = Fallback::None;
        }
    }

    /// What it should have against what it has.
    fn settle(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if self.is_off() {
            return;
        }
        if !self.seen.up {
            actions.push(Action::BringUp);
        }
        self.settle_addresses(actions);
        let gateway = self
            .gateway()
            .filter(|gateway| self.seen.carrier && !self.seen.gateways.contains(gateway));
        actions.extend(gateway.map(Action::Route));
        if self.seen.kind == LinkKind::Wireless && self.supplicant.may_start(now) {
            self.supplicant = Running::Yes;
            actions.push(Action::Start(Helper::Wifi, None));
        }
        if self.addressing.address.is_none() && self.seen.carrier && self.client.may_start(now) {
            self.client = Running::Yes;
            actions.push(Action::Start(Helper::Dhcp, self.wish()));
        }
    }

    fn settle_addresses(&mut self, actions: &mut Vec<Action>) {
        let wanted = self.wanted();
        let surplus: Vec<_> = self
            .kept
            .ours
            .iter()
            .filter(|ours| !wanted.contains(ours))
            .copied()
            .collect();
        // What is taken off stays ours until Linux no longer shows it.
        let still = surplus
            .iter()
            .filter(|cidr| self.seen.addresses.contains(cidr));
        self.kept.ours = wanted.iter().chain(still).copied().collect();
        if self.told.as_ref() != Some(&self.kept) {
            self.told = Some(self.kept.clone());
            actions.push(Action::Keep(self.kept.clone()));
        }
        let has = |cidr: &Cidr| self.seen.addresses.contains(cidr);
        actions.extend(
            wanted
                .iter()
                .filter(|cidr| !has(cidr))
                .copied()
                .map(Action::Add),
        );
        actions.extend(surplus.into_iter().filter(has).map(Action::Remove));
    }

    fn wanted(&self) -> Vec<Cidr> {
        let lease = self.kept.lease.as_ref().map(|lease| lease.address);
        let fallback = match self.fallback {
            Fallback::Holding(address) => Some(Cidr::v4(address, link_local::PREFIX)),
            _ => None,
        };
        self.addressing
            .address
            .into_iter()
            .chain(lease)
            .chain(fallback)
            .collect()
    }

    fn gateway(&self) -> Option<IpAddr> {
        let lease = self.kept.lease.as_ref().and_then(|lease| lease.router);
        self.addressing.gateway.or(lease.map(IpAddr::V4))
    }

    fn wish(&self) -> Option<Ipv4Addr> {
        match self.kept.lease.as_ref()?.address.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    /// A Wi-Fi that nobody set up is left as it is.
    fn is_off(&self) -> bool {
        self.seen.kind == LinkKind::Gadget
            || (self.seen.kind == LinkKind::Wireless && self.wifi == Wifi::Off)
    }

    /// Its name servers.
    pub fn dns(&self) -> &[IpAddr] {
        let leased = self.kept.lease.as_ref().map_or(&[][..], |lease| &lease.dns);
        if self.addressing.dns.is_empty() {
            leased
        } else {
            &self.addressing.dns
        }
    }

    /// The time servers that its DHCP server names.
    pub fn ntp(&self) -> &[IpAddr] {
        self.kept.lease.as_ref().map_or(&[], |lease| &lease.ntp)
    }

    /// As Linux numbers it.
    pub fn index(&self) -> u32 {
        self.seen.index
    }

    /// What kind.
    pub fn kind(&self) -> LinkKind {
        self.seen.kind
    }

    /// For `network.state`.
    pub fn interface(&self) -> Interface {
        Interface {
            name: self.seen.name.clone(),
            kind: self.seen.kind,
            carrier: self.seen.carrier,
            addresses: self.seen.addresses.iter().map(Cidr::to_string).collect(),
            ssid: self
                .wifi
                .joined()
                .filter(|_| self.seen.carrier)
                .map(str::to_owned),
            detail: self.detail(),
        }
    }

    fn detail(&self) -> Option<String> {
        if let Some(trouble) = self.wifi.trouble() {
            return Some(trouble);
        }
        let asks = self.addressing.address.is_none() && self.seen.carrier && !self.is_off();
        if !(asks && self.unanswered) {
            return None;
        }
        Some(match self.kept.lease {
            Some(_) => "no DHCP server answers; the address it gave is kept until its time runs out".to_owned(),
            None => "no DHCP server answers: look at the router and the cable, or set `address` in dkvm.txt on the card; a computer at the other end of the cable reaches this node by its name".to_owned(),
        })
    }
}

impl Running {
    fn may_start(self, now: Moment) -> bool {
        match self {
            Self::No => true,
            Self::Not(until) => until <= now,
            Self::Yes | Self::Bound => false,
        }
    }
}

fn as_fallback(cidr: &Cidr) -> Option<Ipv4Addr> {
    match cidr.address {
        IpAddr::V4(address) if cidr.is_link_local() => Some(address),
        _ => None,
    }
}
