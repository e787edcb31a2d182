//! The life of one interface, in time of its own.

use super::{
    address::Cidr,
    event::{Action, Event, Helper, Kept},
    lease::{parse, DhcpEvent, Lease},
    link::Link,
    links::Links,
    owner::{Addressing, Owner},
    seen::Seen,
    time::Moment,
    wifi::Wifi,
};
use dkvm_wire::vocab::network::LinkKind;
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);
const LEASED: &str = "192.0.2.7/24";

/// A link, and a Linux that does what it is told at once.
struct World {
    link: Link,
    seen: Seen,
    now: Moment,
    kept: Kept,
    /// All but what Linux did.
    done: Vec<Action>,
}

fn wired() -> Seen {
    Seen {
        name: "eth0".into(),
        index: 2,
        kind: LinkKind::Wired,
        up: false,
        carrier: false,
        carrier_changes: 0,
        mac: [2, 0, 0, 0, 0, 9],
        addresses: Vec::new(),
        gateways: Vec::new(),
    }
}

fn lease(now: Moment) -> Lease {
    let line = "dhcp\tbound\tip=192.0.2.7\tmask=24\trouter=192.0.2.1\tdns=192.0.2.1\tntp=192.0.2.3\tlease=600";
    match parse(line, now) {
        Some(DhcpEvent::Bound(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

fn fixed() -> Addressing {
    Addressing {
        address: "192.0.2.20/24".parse().ok(),
        gateway: "192.0.2.1".parse().ok(),
        dns: Vec::new(),
    }
}

impl World {
    fn new(seen: Seen, addressing: Addressing, wifi: Wifi, kept: Kept) -> Self {
        let link = Link::new(seen.clone(), addressing, wifi, kept.clone());
        let mut world = Self {
            link,
            seen,
            now: Moment(1_000_000),
            kept,
            done: Vec::new(),
        };
        world.look();
        world
    }

    fn dhcp() -> Self {
        Self::new(wired(), Addressing::default(), Wifi::Off, Kept::default())
    }

    fn look(&mut self) {
        self.event(Event::Seen(self.seen.clone()));
    }

    fn event(&mut self, event: Event) {
        let mut actions = self.link.step(event, self.now);
        // Until Linux has nothing more to say.
        while !actions.is_empty() {
            let before = self.seen.clone();
            actions
                .into_iter()
                .for_each(|action| self.carry_out(action));
            actions = match before == self.seen {
                true => Vec::new(),
                false => self.link.step(Event::Seen(self.seen.clone()), self.now),
            };
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::BringUp => self.seen.up = true,
            Action::Add(cidr) => self.seen.addresses.push(cidr),
            Action::Remove(cidr) => self.seen.addresses.retain(|one| *one != cidr),
            Action::Route(gateway) => self.seen.gateways.push(gateway),
            Action::Unroute(gateway) => self.seen.gateways.retain(|one| *one != gateway),
            Action::Keep(kept) => self.kept = kept,
            other => self.done.push(other),
        }
    }

    fn cable(&mut self, carrier: bool) {
        self.seen.carrier = carrier;
        self.seen.carrier_changes += 1;
        self.look();
    }

    fn bound(&mut self) {
        self.event(Event::Dhcp(DhcpEvent::Bound(lease(self.now))));
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.event(Event::Tick);
    }

    fn has(&self) -> Vec<String> {
        self.seen
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn did(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.done)
    }

    /// The address that it asks about.
    fn probed(&mut self) -> Ipv4Addr {
        match self.did().pop() {
            Some(Action::Probe(address)) => address,
            other => panic!("{other:?}"),
        }
    }
}

const START: Action = Action::Start(Helper::Dhcp, None);
const STOP: Action = Action::Stop(Helper::Dhcp);

fn start_with_wish() -> Action {
    Action::Start(Helper::Dhcp, Some(Ipv4Addr::new(192, 0, 2, 7)))
}

#[test]
fn a_cable_gets_an_address_by_dhcp() {
    let mut world = World::dhcp();
    assert!(world.seen.up);
    assert_eq!(world.did(), []);
    world.cable(true);
    assert_eq!(world.did(), [START]);
    world.event(Event::Dhcp(DhcpEvent::Lost));
    world.bound();
    assert_eq!(world.has(), [LEASED]);
    assert_eq!(
        world.seen.gateways,
        [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]
    );
    assert_eq!(world.kept.ours.len(), 1);
    assert_eq!((world.link.dns().len(), world.link.ntp().len()), (1, 1));
}

#[test]
fn a_cable_that_was_out_asks_anew_for_the_same_and_keeps_it_meanwhile() {
    let mut world = World::dhcp();
    world.cable(true);
    world.bound();
    world.did();
    world.cable(false);
    assert_eq!(
        (world.did(), world.has()),
        (vec![STOP], vec![LEASED.to_owned()])
    );
    world.cable(true);
    assert_eq!(
        (world.did(), world.has()),
        (vec![start_with_wish()], vec![LEASED.to_owned()])
    );
}

#[test]
fn a_loss_too_short_to_be_seen_shows_in_the_count() {
    let mut world = World::dhcp();
    world.cable(true);
    world.bound();
    world.did();
    world.seen.carrier_changes += 2;
    world.look();
    assert_eq!(world.did(), [STOP, start_with_wish()]);
}

#[test]
fn another_network_gives_another_address() {
    let mut world = World::dhcp();
    world.cable(true);
    world.bound();
    world.cable(false);
    world.cable(true);
    let other = Lease {
        address: "198.51.100.3/24".parse().expect("one"),
        router: None,
        ..lease(world.now)
    };
    world.event(Event::Dhcp(DhcpEvent::Bound(other)));
    assert_eq!(world.has(), ["198.51.100.3/24"]);
    assert_eq!(world.seen.gateways, Vec::<IpAddr>::new());
}

#[test]
fn without_a_server_it_takes_an_address_of_its_own_until_there_is_one() {
    let mut world = World::dhcp();
    world.cable(true);
    world.event(Event::Dhcp(DhcpEvent::NoServer));
    let address = world.probed();
    assert_eq!(world.has(), Vec::<String>::new());
    world.event(Event::Free(address));
    assert_eq!(world.has(), [format!("{address}/16")]);
    assert!(world
        .link
        .interface()
        .detail
        .is_some_and(|text| text.contains("no DHCP server answers")));
    world.event(Event::Dhcp(DhcpEvent::NoServer));
    assert_eq!(world.did(), []);
    world.bound();
    assert_eq!(
        (world.has(), world.link.interface().detail),
        (vec![LEASED.to_owned()], None)
    );
}

#[test]
fn an_address_that_is_taken_is_not_taken() {
    let mut world = World::dhcp();
    world.cable(true);
    world.event(Event::Dhcp(DhcpEvent::NoServer));
    let first = world.probed();
    world.event(Event::Taken(first));
    let second = world.probed();
    assert_ne!(first, second);
    world.event(Event::Free(first));
    assert_eq!(world.has(), Vec::<String>::new());
    world.event(Event::Free(second));
    assert_eq!(world.has(), [format!("{second}/16")]);
}

#[test]
fn a_lease_that_ends_is_given_back() {
    let mut world = World::dhcp();
    world.cable(true);
    world.bound();
    world.event(Event::Dhcp(DhcpEvent::Lost));
    assert_eq!((world.has(), world.kept.lease.clone()), (Vec::new(), None));
}

#[test]
fn a_lease_that_nobody_renews_ends_by_itself() {
    let mut world = World::dhcp();
    world.cable(true);
    world.bound();
    world.cable(false);
    assert_eq!(world.link.wake(), Some(world.now.after(600 * SECOND)));
    world.wait(599 * SECOND);
    assert_eq!(world.has(), [LEASED]);
    world.wait(SECOND);
    assert_eq!(world.has(), Vec::<String>::new());
}

#[test]
fn the_next_life_adopts_what_the_last_one_left() {
    let mut first = World::dhcp();
    first.cable(true);
    first.bound();
    let mut second = World::new(
        first.seen.clone(),
        Addressing::default(),
        Wifi::Off,
        first.kept.clone(),
    );
    assert_eq!(
        (second.seen.clone(), second.did()),
        (first.seen, vec![start_with_wish()])
    );
    // udhcpc says so at its start.
    second.event(Event::Dhcp(DhcpEvent::Lost));
    assert_eq!(second.has(), [LEASED]);
    second.bound();
    assert_eq!(second.has(), [LEASED]);
}

#[test]
fn the_next_life_takes_off_what_is_no_longer_wanted() {
    let mut first = World::dhcp();
    first.cable(true);
    first.bound();
    let second = World::new(first.seen.clone(), fixed(), Wifi::Off, first.kept.clone());
    assert_eq!(second.has(), ["192.0.2.20/24"]);
}

#[test]
fn a_fixed_address_needs_no_client() {
    let mut world = World::new(wired(), fixed(), Wifi::Off, Kept::default());
    world.cable(true);
    assert_eq!(
        (world.did(), world.has()),
        (Vec::new(), vec!["192.0.2.20/24".to_owned()])
    );
    assert_eq!(world.seen.gateways.len(), 1);
}

#[test]
fn what_somebody_removes_comes_back_and_what_is_anothers_stays() {
    let mut world = World::new(wired(), fixed(), Wifi::Off, Kept::default());
    world.seen.addresses = vec!["198.51.100.1/24".parse().expect("one")];
    world.look();
    assert_eq!(world.has(), ["198.51.100.1/24", "192.0.2.20/24"]);
}

#[test]
fn a_client_that_cannot_run_is_started_again_after_a_while() {
    let mut world = World::dhcp();
    world.cable(true);
    world.did();
    world.event(Event::Ended(Helper::Dhcp));
    assert_eq!(world.did(), []);
    world.wait(2 * SECOND);
    assert_eq!(world.did(), []);
    world.wait(SECOND);
    assert_eq!(world.did(), [START]);
}

#[test]
fn a_gadget_and_a_wifi_that_nobody_set_are_left_alone() {
    for kind in [LinkKind::Gadget, LinkKind::Wireless] {
        let mut world = World::new(
            Seen { kind, ..wired() },
            fixed(),
            Wifi::Off,
            Kept::default(),
        );
        world.cable(true);
        assert_eq!(
            (world.did(), world.has(), world.seen.up),
            (Vec::new(), Vec::new(), false)
        );
    }
}

#[test]
fn a_wifi_joins_and_then_asks_for_an_address() {
    let radio = Seen {
        kind: LinkKind::Wireless,
        ..wired()
    };
    let mut world = World::new(
        radio,
        Addressing::default(),
        Wifi::Searching,
        Kept::default(),
    );
    assert_eq!(world.did(), [Action::Start(Helper::Wifi, None)]);
    world.event(Event::Wifi(
        "wlan0: Trying to associate with SSID 'home'".into(),
    ));
    world.event(Event::Wifi(
        "wlan0: CTRL-EVENT-CONNECTED - Connection".into(),
    ));
    world.cable(true);
    assert_eq!(world.did(), [START]);
    assert_eq!(world.link.interface().ssid.as_deref(), Some("home"));
    world.event(Event::Ended(Helper::Wifi));
    assert_eq!(world.link.interface().ssid, None);
    world.wait(3 * SECOND);
    assert_eq!(world.did(), [Action::Start(Helper::Wifi, None)]);
}

#[test]
fn an_interface_that_goes_takes_its_programs_along() {
    let mut links = Links::new(Owner::default(), Wifi::Off, BTreeMap::new());
    let seen = Seen {
        up: true,
        carrier: true,
        ..wired()
    };
    links.look(vec![seen.clone()], Moment(0));
    assert_eq!(links.interfaces().len(), 1);
    let orders = links.look(Vec::new(), Moment(1));
    assert!(orders.contains(&("eth0".to_owned(), STOP)), "{orders:?}");
    // Another one of the same name is another one.
    links.look(vec![seen.clone()], Moment(2));
    let orders = links.look(vec![Seen { index: 7, ..seen }], Moment(3));
    assert!(
        orders.contains(&("eth0".to_owned(), STOP)) && orders.contains(&("eth0".to_owned(), START)),
        "{orders:?}"
    );
}

fn port(name: &str, index: u32, kind: LinkKind) -> Seen {
    Seen {
        name: name.into(),
        index,
        kind,
        up: true,
        carrier: true,
        ..wired()
    }
}

/// Whose address the fixed one is.
fn who_has_the_fixed_one(ports: Vec<Seen>) -> Vec<String> {
    let owner = Owner {
        wired: fixed(),
        ..Owner::default()
    };
    let mut links = Links::new(owner, Wifi::Searching, BTreeMap::new());
    let orders = links.look(ports, Moment(0));
    let added = orders
        .into_iter()
        .filter(|(_, action)| matches!(action, Action::Add(_)));
    added.map(|(name, _)| name).collect()
}

#[test]
fn a_fixed_address_is_the_first_ports_alone() {
    let [lan, second] = [
        port("eth0", 3, LinkKind::Wired),
        port("eth1", 5, LinkKind::Wired),
    ];
    let [radio, gadget] = [
        port("wlan0", 1, LinkKind::Wireless),
        port("usb0", 2, LinkKind::Gadget),
    ];
    assert_eq!(
        who_has_the_fixed_one(vec![second, radio, gadget, lan]),
        ["eth0"]
    );
}

#[derive(Debug, Clone)]
enum Happening {
    Cable(bool),
    Bound,
    Lost,
    NoServer,
    Answer(bool),
    Ended,
    Wait(u64),
    Death,
    Strange(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        any::<bool>().prop_map(Happening::Cable),
        Just(Happening::Bound),
        Just(Happening::Lost),
        Just(Happening::NoServer),
        any::<bool>().prop_map(Happening::Answer),
        Just(Happening::Ended),
        (0u64..700).prop_map(Happening::Wait),
        Just(Happening::Death),
        any::<u8>().prop_map(Happening::Strange),
    ]
}

fn happen(world: &mut World, what: &Happening) {
    match what {
        Happening::Cable(carrier) => world.cable(*carrier),
        Happening::Bound => world.bound(),
        Happening::Lost => world.event(Event::Dhcp(DhcpEvent::Lost)),
        Happening::NoServer => world.event(Event::Dhcp(DhcpEvent::NoServer)),
        Happening::Answer(free) => {
            let mut probes = world.done.iter().filter_map(|action| match action {
                Action::Probe(address) => Some(*address),
                _ => None,
            });
            if let Some(address) = probes.next_back() {
                world.event(if *free {
                    Event::Free(address)
                } else {
                    Event::Taken(address)
                });
            }
        }
        Happening::Ended => world.event(Event::Ended(Helper::Dhcp)),
        Happening::Wait(seconds) => world.wait(Duration::from_secs(*seconds)),
        Happening::Death => {
            world.link = Link::new(
                world.seen.clone(),
                Addressing::default(),
                Wifi::Off,
                world.kept.clone(),
            );
            world.look();
        }
        Happening::Strange(host) => {
            world
                .seen
                .addresses
                .push(Cidr::v4(Ipv4Addr::new(198, 51, 100, *host), 24));
            world.look();
        }
    }
}

proptest! {
    /// Whatever happens: what is ours is remembered, what is another's stays, and at most one client runs.
    #[test]
    fn whatever_happens_nothing_is_left_behind(all in prop::collection::vec(happening(), 0..60)) {
        let mut world = World::dhcp();
        let mut strange = 0;
        for what in &all {
            happen(&mut world, what);
            strange += usize::from(matches!(what, Happening::Strange(_)));
            let (ours, others): (Vec<Cidr>, Vec<Cidr>) = world.seen.addresses.iter().copied().partition(|cidr| world.kept.ours.contains(cidr));
            prop_assert_eq!(others.len(), strange, "{:?}", world.seen);
            prop_assert!(world.link.wake().is_none_or(|wake| wake > world.now), "it would never sleep: {:?}", world.link);
            prop_assert!(ours.len() <= 2, "{:?}", ours);
            prop_assert!(world.seen.carrier || world.kept.lease.is_some() == ours.iter().any(|cidr| !cidr.is_link_local()));
        }
        let mut running = 0i32;
        for action in &world.done {
            running += match action { Action::Start(..) => 1, Action::Stop(_) => -1, _ => 0 };
            prop_assert!(running >= 0 || all.iter().any(|what| matches!(what, Happening::Ended | Happening::Death)));
        }
    }
}
