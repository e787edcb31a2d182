//! All interfaces.

use super::{
    event::{Action, Event, Helper, Kept},
    lease::parse,
    link::Link,
    owner::{Addressing, Owner},
    seen::Seen,
    time::Moment,
    wifi::Wifi,
};
use dkvm_wire::vocab::network::{Interface, LinkKind};
use std::{collections::BTreeMap, net::IpAddr};

/// Resolvers ask no more of them.
const NAME_SERVERS_MOST: usize = 3;
/// A machine that shows more has another purpose than this device's.
const INTERFACES_MOST: usize = 32;

/// Metrics of default routes: so many of each kind.
const METRICS: u32 = 1000;
const WIRED_METRIC: u32 = 1000;
const WIRELESS_METRIC: u32 = 2000;

/// What an interface has to do, by its name.
pub type Orders = Vec<(String, Action)>;

/// The interfaces of this machine, those left out that the configuration ignores.
#[derive(Debug, Default)]
pub struct Links {
    owner: Owner,
    wifi: Wifi,
    kept: BTreeMap<String, Kept>,
    links: BTreeMap<String, Link>,
}

impl Links {
    /// None yet. `kept` is what an earlier life left.
    pub fn new(owner: Owner, wifi: Wifi, kept: BTreeMap<String, Kept>) -> Self {
        Self {
            owner,
            wifi,
            kept,
            links: BTreeMap::new(),
        }
    }

    /// How Linux shows them now.
    pub fn look(&mut self, mut seen: Vec<Seen>, now: Moment) -> Orders {
        let gone: Vec<_> = self
            .links
            .keys()
            .filter(|name| !seen.iter().any(|one| one.name == **name))
            .cloned()
            .collect();
        let mut orders: Orders = gone.into_iter().flat_map(|name| self.lose(&name)).collect();
        seen.sort_by_key(|one| one.index);
        for one in seen.into_iter().take(INTERFACES_MOST) {
            let name = one.name.clone();
            if self
                .links
                .get(&name)
                .is_some_and(|link| link.index() != one.index)
            {
                orders.extend(self.lose(&name));
            }
            if !self.links.contains_key(&name) {
                let link = self.link(&one);
                self.links.insert(name.clone(), link);
            }
            orders.extend(self.step(&name, Event::Seen(one), now));
        }
        orders
    }

    /// Something happened to one.
    pub fn step(&mut self, name: &str, event: Event, now: Moment) -> Orders {
        let Some(link) = self.links.get_mut(name) else {
            return Vec::new();
        };
        let actions = link.step(event, now);
        actions
            .into_iter()
            .map(|action| (name.to_owned(), action))
            .collect()
    }

    /// A program of one's said this.
    pub fn line(&mut self, name: &str, helper: Helper, line: &str, now: Moment) -> Orders {
        match (helper, parse(line, now)) {
            (Helper::Dhcp, Some(event)) => self.step(name, Event::Dhcp(event), now),
            (Helper::Dhcp, None) => Vec::new(),
            (Helper::Wifi, _) => self.step(name, Event::Wifi(line.to_owned()), now),
        }
    }

    /// Time went by.
    pub fn tick(&mut self, now: Moment) -> Orders {
        let due = |link: &Link| link.wake().is_some_and(|wake| wake <= now);
        let names: Vec<_> = self
            .links
            .iter()
            .filter(|(_, link)| due(link))
            .map(|(name, _)| name.clone())
            .collect();
        names
            .iter()
            .flat_map(|name| self.step(name, Event::Tick, now))
            .collect()
    }

    /// When to tell the time next.
    pub fn wake(&self) -> Option<Moment> {
        self.links.values().filter_map(Link::wake).min()
    }

    /// One that has just appeared.
    fn link(&mut self, seen: &Seen) -> Link {
        let addressing = self.addressing(seen.kind);
        let wifi = match seen.kind {
            LinkKind::Wireless => self.wifi.clone(),
            LinkKind::Wired | LinkKind::Gadget => Wifi::Off,
        };
        let kept = self.kept.remove(&seen.name).unwrap_or_default();
        Link::new(seen.clone(), addressing, wifi, kept)
    }

    /// A fixed address is one interface's, the first of its kind: a second with the same would disturb it.
    fn addressing(&self, kind: LinkKind) -> Addressing {
        let chosen = self.owner.addressing(kind);
        let is_taken = |link: &Link| link.fixed() == chosen.address && link.kind() == kind;
        if chosen.address.is_some() && self.links.values().any(is_taken) {
            let dns = chosen.dns.clone();
            return Addressing {
                dns,
                ..Addressing::default()
            };
        }
        chosen.clone()
    }

    fn lose(&mut self, name: &str) -> Orders {
        self.links.remove(name);
        [Helper::Dhcp, Helper::Wifi]
            .into_iter()
            .map(|helper| (name.to_owned(), Action::Stop(helper)))
            .collect()
    }

    /// As Linux numbers it.
    pub fn index(&self, name: &str) -> Option<u32> {
        self.links.get(name).map(Link::index)
    }

    /// Of two ways out the one with the lower metric is taken: the cable. No two are the same, for Linux would take the second
    /// in place of the first.
    pub fn metric(&self, name: &str) -> u32 {
        let link = self.links.get(name);
        let first = match link.map(Link::kind) {
            Some(LinkKind::Wireless) => WIRELESS_METRIC,
            _ => WIRED_METRIC,
        };
        first + link.map_or(0, Link::index) % METRICS
    }

    /// For `network.state`.
    pub fn interfaces(&self) -> Vec<Interface> {
        self.links.values().map(Link::interface).collect()
    }

    /// For `/etc/resolv.conf`.
    pub fn name_servers(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = Vec::new();
        for server in self.links.values().flat_map(|link| link.dns()) {
            if !all.contains(server) && all.len() < NAME_SERVERS_MOST {
                all.push(*server);
            }
        }
        all
    }

    /// The owner's time servers, else those that DHCP names.
    pub fn time_servers(&self) -> Vec<String> {
        if !self.owner.ntp.is_empty() {
            return self.owner.ntp.clone();
        }
        let mut all: Vec<_> = self
            .links
            .values()
            .flat_map(|link| link.ntp())
            .map(IpAddr::to_string)
            .collect();
        all.dedup();
        all
    }
}

/// The text of `resolv.conf`.
pub fn resolv_conf(servers: &[IpAddr]) -> String {
    let lines = servers
        .iter()
        .map(|server| format!("nameserver {server}\n"));
    std::iter::once("# Written by dKVM's network device.\n".to_owned())
        .chain(lines)
        .collect()
}
