//! The shell: looks at what is there, and makes it what it should be.

use crate::{
    config::Config,
    core::{
        leases,
        rules::Rules,
        serving::Serving,
        subnet::Subnet,
        switches::{Isolate, Nat, Switches},
    },
    firewall::Firewall,
    forwarding, gadget,
    keep::{self, Keep},
    names::NameServers,
    server::{Heard, Server},
};
use dkvm_network::{
    backend::{Backend, Change},
    complaints::Complaints,
    config::Config as NetworkConfig,
    core::seen::Seen,
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    topics,
    vocab::{
        gadget::GadgetState,
        network::LinkKind,
        usbnet::{methods, UsbnetSet, UsbnetState},
    },
    ErrorCode, WireError,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{sleep, sleep_until, Instant},
};

/// How often leases and bytes are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// The same without an interface: whatever comes is told.
const IDLE: Duration = Duration::from_secs(60);
/// How long the target sees its cable out when its way out has changed: systems ask for an address anew then, after a second
/// of theirs at most.
const CABLE_OUT: Duration = Duration::from_millis(300);
/// The gadget's name for the function.
const FUNCTION: &str = "network";

/// Runs until the kernel says goodbye. The interface keeps its address; the way out is closed.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let changed = Arc::new(Notify::new());
    let mut device = Device::new(&link, changed.clone())?;
    device.settle().await?;
    device.publish()?;
    link.ready()?;
    loop {
        let wake = device.wake();
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => {
                    device.leave().await;
                    return Ok(());
                }
                Incoming::Request(request) => device.request(request).await?,
                Incoming::Event { topic, body, .. } if topic == topics::GADGET_STATE => {
                    match body.decode::<GadgetState>(&topic) {
                        Ok(state) => device.function(&state).await?,
                        Err(error) => dkvm_sdk::warn!("{error}"),
                    }
                }
                _ => {}
            },
            () = changed.notified() => device.settle().await?,
            news = device.server.next() => {
                if device.server.hear(news) == Heard::Ended {
                    device.settle().await?;
                }
            }
            () = sleep_until(wake) => device.tick().await?,
        }
        device.publish()?;
    }
}

struct Device {
    own: Option<Subnet>,
    switches: Switches,
    keep: Keep,
    names: NameServers,
    backend: Backend,
    firewall: Firewall,
    server: Server,
    sender: Sender,
    /// As the gadget names it.
    interface: Option<String>,
    now: Now,
    published: Option<UsbnetState>,
    complaints: Complaints,
}

/// What the last look found.
#[derive(Debug, Default)]
struct Now {
    seen: Option<Seen>,
    subnet: Option<Subnet>,
    uplinks: Vec<String>,
    problem: Option<String>,
}

impl Device {
    fn new(link: &Link, changed: Arc<Notify>) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        let own = config
            .subnet()
            .map_err(|reason| link.refuse("address", reason))?;
        let keep = Keep::open();
        let network = NetworkConfig {
            backend: config.backend,
            ..NetworkConfig::default()
        };
        let usual = Switches::new(config.nat, config.isolate);
        Ok(Self {
            own,
            switches: keep.switches().unwrap_or(usual),
            keep,
            names: NameServers::new(),
            backend: Backend::open(&network, changed)?,
            firewall: Firewall::new(&config.nft),
            server: Server::new(&config.dnsmasq),
            sender: link.sender(),
            interface: None,
            now: Now::default(),
            published: None,
            complaints: Complaints::default(),
        })
    }

    /// When something is to be done, or told, without being asked.
    fn wake(&self) -> Instant {
        let pause = if self.now.seen.is_some() { LOOK } else { IDLE };
        let look = Instant::now() + pause;
        self.server.wake().map_or(look, |wake| wake.min(look))
    }

    async fn tick(&mut self) -> Result<(), Fault> {
        let due = self
            .server
            .wake()
            .is_some_and(|wake| wake <= Instant::now());
        // Of a change of the node's name servers Linux says nothing.
        let open = self.now.seen.is_some() && self.switches.nat == Nat::On;
        if due || open || self.now.problem.is_some() {
            self.settle().await?;
        }
        Ok(())
    }

    async fn function(&mut self, state: &GadgetState) -> Result<(), Fault> {
        let found = state.functions.iter().find(|one| one.name == FUNCTION);
        let name = found.map(|one| one.device.clone());
        self.interface = name.filter(|name| !name.is_empty());
        self.settle().await
    }

    /// Makes what is there what it should be.
    async fn settle(&mut self) -> Result<(), Fault> {
        let seen = self.backend.look().await?;
        let ours = |one: &&Seen| Some(&one.name) == self.interface.as_ref();
        let found = seen.iter().find(ours).cloned();
        self.now = Now {
            uplinks: uplinks(&seen, self.interface.as_deref()),
            ..Now::default()
        };
        match found {
            Some(found) => self.settle_on(found, &seen).await,
            None => self.absent(&seen).await,
        }
        let problem = self.now.problem.clone();
        self.complaints.about("usbnet", problem);
        Ok(())
    }

    async fn absent(&mut self, seen: &[Seen]) {
        self.server.end().await;
        forwarding::allow(&mut self.backend, &self.keep, seen, &[]).await;
        self.firewall.clear().await;
    }

    async fn settle_on(&mut self, ours: Seen, seen: &[Seen]) {
        let subnet = self.own.unwrap_or_else(|| Subnet::made_from(ours.mac));
        self.now.subnet = Some(subnet);
        self.now.seen = Some(ours.clone());
        let usable = match taken(subnet, &ours, seen) {
            Some(problem) => Err(problem),
            None => self.guard(&ours, subnet, seen).await,
        };
        match usable {
            Ok(()) => self.open(&ours, subnet).await,
            Err(problem) => {
                self.now.problem = Some(problem);
                self.close(&ours).await;
            }
        }
    }

    /// Sets the packet filter, and lets Linux forward where the owner wants a way out. The error is a sentence: then the
    /// interface must not be used.
    async fn guard(&mut self, ours: &Seen, subnet: Subnet, seen: &[Seen]) -> Result<(), String> {
        let wanted = self.ways(ours);
        let opened = forwarding::plan(&self.keep, &wanted);
        let rules = Rules {
            interface: ours.name.clone(),
            subnet,
            switches: self.switches,
            uplinks: self.now.uplinks.clone(),
            opened: opened
                .into_iter()
                .filter(|name| *name != ours.name)
                .collect(),
        };
        match self.firewall.apply(Some(rules)).await {
            Ok(()) => {
                forwarding::allow(&mut self.backend, &self.keep, seen, &wanted).await;
                Ok(())
            }
            Err(error) => {
                forwarding::allow(&mut self.backend, &self.keep, seen, &[]).await;
                let problem = error.to_string();
                if self.switches.isolate == Isolate::On {
                    return Err(format!("the network to the target stays off, since nothing would keep it from the node's own ports: {problem}"));
                }
                self.now.problem = Some(problem);
                Ok(())
            }
        }
    }

    /// The interfaces that have to forward.
    fn ways(&self, ours: &Seen) -> Vec<String> {
        if self.switches.nat == Nat::Off || self.now.uplinks.is_empty() {
            return Vec::new();
        }
        let mut ways = self.now.uplinks.clone();
        ways.push(ours.name.clone());
        ways
    }

    async fn open(&mut self, ours: &Seen, subnet: Subnet) {
        let strangers = ours.addresses.iter();
        let strangers = strangers.filter(|one| one.address.is_ipv4() && **one != subnet.cidr());
        let mut changes: Vec<_> = strangers.map(|one| Change::Remove(*one)).collect();
        if !ours.addresses.contains(&subnet.cidr()) {
            changes.push(Change::Add(subnet.cidr()));
        }
        if !ours.up {
            changes.push(Change::Up);
        }
        let mut done = true;
        for change in changes {
            done &= self.change(ours, change).await;
        }
        if !done {
            return;
        }
        let servers = match self.switches.nat {
            Nat::On => self.names.read(),
            Nat::Off => Vec::new(),
        };
        let serving = Serving {
            interface: ours.name.clone(),
            index: ours.index,
            subnet,
            nat: self.switches.nat,
            servers,
            leases: self.keep.leases(),
        };
        self.server.serve(serving).await;
        if self.now.problem.is_none() {
            self.now.problem = self.server.problem.clone().or_else(|| self.no_way());
        }
    }

    fn no_way(&self) -> Option<String> {
        let none = self.switches.nat == Nat::On && self.now.uplinks.is_empty();
        none.then(|| "the target has no way out yet: the node itself has no network that leads on; it comes by itself when that does".to_owned())
    }

    async fn close(&mut self, ours: &Seen) {
        self.server.end().await;
        for cidr in ours.addresses.iter().filter(|one| one.address.is_ipv4()) {
            self.change(ours, Change::Remove(*cidr)).await;
        }
        if ours.up {
            self.change(ours, Change::Down).await;
        }
    }

    /// Whether it was done; else there is a sentence.
    async fn change(&mut self, ours: &Seen, change: Change) -> bool {
        match self.backend.change(ours.index, change).await {
            Ok(()) => true,
            Err(error) => {
                self.now.problem = Some(format!("{} {change}: {error}", ours.name));
                false
            }
        }
    }

    async fn request(&mut self, request: Request) -> Result<(), Fault> {
        match request.method() {
            methods::GET => request.reply(&self.state())?,
            methods::SET => {
                let answer = match request.decode::<UsbnetSet>() {
                    Ok(set) => self.set(set).await?,
                    Err(error) => Err(error),
                };
                request.answer_with(answer)?;
            }
            _ => request.unknown()?,
        }
        Ok(())
    }

    async fn set(&mut self, set: UsbnetSet) -> Result<Result<UsbnetState, WireError>, Fault> {
        let before = self.switches;
        self.switches = before.with(&set);
        self.settle().await?;
        if self.switches != before {
            if let Some(problem) = self.refused() {
                self.switches = before;
                self.settle().await?;
                return Ok(Err(WireError::new(ErrorCode::Hardware, problem)));
            }
            dkvm_sdk::info!(
                "nat is {:?}, isolate is {:?}",
                self.switches.nat,
                self.switches.isolate
            );
            if let Err(error) = self.keep.set_switches(self.switches) {
                dkvm_sdk::warn!(
                    "cannot keep what was switched: {error}; it lasts until the node starts again"
                );
            }
        }
        if self.switches.nat != before.nat {
            self.ask_again().await;
            self.settle().await?;
        }
        Ok(Ok(self.state()))
    }

    /// Why the packet filter could not be set, if that is what is wrong.
    fn refused(&self) -> Option<String> {
        let is_there = self.now.seen.is_some();
        let problem = self.now.problem.clone();
        problem.filter(|_| is_there && !self.firewall.is_set())
    }

    /// The target sees its cable out and in, and asks for its address and its way out anew.
    async fn ask_again(&mut self) {
        let Some(ours) = self.now.seen.clone() else {
            return;
        };
        if self.change(&ours, Change::Down).await {
            sleep(CABLE_OUT).await;
            self.change(&ours, Change::Up).await;
        }
    }

    async fn leave(&mut self) {
        self.server.end().await;
        // What was switched on is so again in the next life; without this device nobody watches over it.
        self.switches.nat = Nat::Off;
        if let Ok(seen) = self.backend.look().await {
            forwarding::allow(&mut self.backend, &self.keep, &seen, &[]).await;
            if let (Some(ours), Some(subnet)) = (self.now.seen.clone(), self.now.subnet) {
                let _ = self.guard(&ours, subnet, &seen).await;
            }
        }
    }

    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.state();
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::USBNET_STATE, &state)?;
            self.published = Some(state);
        }
        Ok(())
    }

    fn state(&self) -> UsbnetState {
        let ours = self.now.seen.as_ref();
        let name = ours.map(|one| one.name.as_str());
        let function = name.map(|name| gadget::look(Path::new(gadget::GADGETS), name));
        let function = function.unwrap_or_default();
        let leases = keep::text(&self.keep.leases(), leases::MOST);
        let lease = leases::of_target(&leases, function.target_mac.as_deref());
        let bytes = |which| name.map_or(0, |name| forwarding::bytes(name, which));
        let nat = self.switches.nat == Nat::On;
        UsbnetState {
            interface: name.map(str::to_owned),
            kind: function.kind,
            mac: ours.map(|one| written(one.mac)),
            target_mac: function.target_mac,
            carrier: ours.is_some_and(|one| one.carrier),
            address: ours.and(self.now.subnet).map(|subnet| subnet.to_string()),
            lease: lease.filter(|_| ours.is_some()),
            nat,
            uplink: self.now.uplinks.first().filter(|_| nat).cloned(),
            isolate: self.switches.isolate == Isolate::On,
            sent: bytes("tx_bytes"),
            received: bytes("rx_bytes"),
            problem: self.now.problem.clone(),
        }
    }
}

/// Those with a way on, by IPv4.
fn uplinks(seen: &[Seen], ours: Option<&str>) -> Vec<String> {
    let leads = |one: &&Seen| {
        let is_ours = one.kind == LinkKind::Gadget || ours == Some(one.name.as_str());
        !is_ours && one.gateways.iter().any(std::net::IpAddr::is_ipv4)
    };
    let names = seen.iter().filter(leads);
    names.map(|one| one.name.clone()).collect()
}

/// Who has the network already, as a sentence.
fn taken(subnet: Subnet, ours: &Seen, seen: &[Seen]) -> Option<String> {
    let others = seen.iter().filter(|one| one.index != ours.index);
    let mut addresses = others.flat_map(|one| one.addresses.iter().map(move |cidr| (one, cidr)));
    let (other, cidr) = addresses.find(|(_, cidr)| subnet.overlaps(cidr))?;
    Some(format!(
        "the network to the target stays off: {subnet} lies in the network of {} ({cidr}); set another one as `address` in [device.usbnet.config]",
        other.name
    ))
}

fn written(mac: [u8; 6]) -> String {
    let bytes: Vec<_> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}
