//! One wired or wireless interface: what it should have, and what has to be done so that it does.
//!
//! [`Link::step`] first takes what happened into the state, then compares what the interface should have with what Linux
//! shows (`settle.rs`). So whatever was lost on the way, an order that failed or an address that somebody removed, is
//! put right by the next look, and what an earlier life of this device has set up is found to be right: adopted.

use super::{
    address::Cidr,
    event::{Action, Event, Helper, Kept},
    lease::DhcpEvent,
    link_local,
    owner::Addressing,
    seen::Seen,
    time::Moment,
    wifi::Wifi,
};
use dkvm_wire::vocab::network::{Interface, LinkKind};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// How long a program that ended stays so: one that cannot start must not keep the processor busy.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// Where a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Running {
    No,
    /// It ended by itself, and is not started again before then.
    Paused(Moment),
    Yes,
    /// The DHCP client has an address.
    Bound,
}

/// The address without a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    None,
    Probing(Ipv4Addr),
    Holding(Ipv4Addr),
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub(super) addressing: Addressing,
    pub(super) seen: Seen,
    pub(super) kept: Kept,
    pub(super) client: Running,
    pub(super) supplicant: Running,
    pub(super) fallback: Fallback,
    attempt: u32,
    pub(super) wifi: Wifi,
    unanswered: bool,
    /// What was last asked to be remembered.
    pub(super) told: Option<Kept>,
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
        self.settle(&mut actions);
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
                    Running::Paused(until) => Some(until),
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
                self.client = Running::Paused(now.after(AGAIN_AFTER))
            }
            Event::Ended(Helper::Wifi) if self.supplicant != Running::No => {
                self.supplicant = Running::Paused(now.after(AGAIN_AFTER));
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

    /// Pauses that are over, and a lease that runs out while no client keeps it.
    fn forget(&mut self, now: Moment) {
        self.client = self.client.at(now);
        self.supplicant = self.supplicant.at(now);
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

    /// The address that the owner has set for it.
    pub fn fixed(&self) -> Option<Cidr> {
        self.addressing.address
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
    fn at(self, now: Moment) -> Self {
        match self {
            Self::Paused(until) if until <= now => Self::No,
            other => other,
        }
    }
}

fn as_fallback(cidr: &Cidr) -> Option<Ipv4Addr> {
    match cidr.address {
        IpAddr::V4(address) if cidr.is_link_local() => Some(address),
        _ => None,
    }
}
