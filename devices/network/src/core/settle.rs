//! What an interface should have against what it has.

use super::{
    address::Cidr,
    event::{Action, Helper},
    link::{Fallback, Link, Running},
    link_local,
    wifi::Wifi,
};
use dkvm_wire::vocab::network::LinkKind;
use std::net::{IpAddr, Ipv4Addr};

impl Link {
    /// What it should have against what it has.
    pub(super) fn settle(&mut self, actions: &mut Vec<Action>) {
        if self.is_off() {
            return;
        }
        if !self.seen.up {
            actions.push(Action::BringUp);
        }
        let gateway = self.gateway();
        let before = std::mem::replace(&mut self.kept.gateway, gateway);
        self.settle_addresses(actions);
        let is_there = |gateway: &IpAddr| self.seen.gateways.contains(gateway);
        actions.extend(
            before
                .filter(|before| gateway != Some(*before) && is_there(before))
                .map(Action::Unroute),
        );
        actions.extend(
            gateway
                .filter(|gateway| self.seen.carrier && !is_there(gateway))
                .map(Action::Route),
        );
        if self.seen.kind == LinkKind::Wireless && self.supplicant == Running::No {
            self.supplicant = Running::Yes;
            actions.push(Action::Start(Helper::Wifi, None));
        }
        if self.addressing.address.is_none() && self.seen.carrier && self.client == Running::No {
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
    pub(super) fn is_off(&self) -> bool {
        self.seen.kind == LinkKind::Gadget
            || (self.seen.kind == LinkKind::Wireless && self.wifi == Wifi::Off)
    }
}
