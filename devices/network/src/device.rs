//! The shell: looks, listens, does what the core says.

use crate::{
    backend::{Backend, Change},
    complaints::Complaints,
    config::{ignores, BackendKind, Config},
    core::{
        event::{Action, Event},
        links::{resolv_conf, Links, Orders},
        neighbours::{Neighbours, Own},
        seen::Seen,
        time::Moment,
    },
    helper::{self, Answer, News, What},
    keep::Keep,
    mdns,
    ntp::{self, Told},
    programs::Programs,
    settings,
};
use dkvm_sdk::{boottime, Fault, Incoming, Link, Sender};
use dkvm_wire::{
    decode_body, topics,
    vocab::{
        network::NetworkState,
        peer::{Announce, SeenNodes},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch, Notify},
    time::sleep,
};

/// How often the interfaces are looked at even if Linux says nothing.
const LOOK: Duration = Duration::from_secs(10);
/// What the time's task can tell between two turns.
const TOLD_MOST: usize = 4;

/// Runs until the kernel says goodbye; the addresses stay.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let changed = Arc::new(Notify::new());
    let mut device = Device::new(config, link.sender(), changed.clone())?;
    device.look().await?;
    link.ready()?;
    let mut told = device.announce();
    loop {
        let pause = device.pause();
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return device.leave().await,
                Incoming::Request(request) => request.unknown()?,
                Incoming::Event { topic, body, .. } if topic == topics::PEER_ANNOUNCE => {
                    device.announce_link(&body);
                }
                _ => {}
            },
            () = changed.notified() => device.look().await?,
            Some(news) = device.news.recv() => device.hear(news).await,
            Some(told) = device.told.recv() => device.time(told),
            Some(told) = told.recv() => match told {
                mdns::Told::Renamed(name) => link.degraded(device.rename(&name))?,
                mdns::Told::Heard(heard) => device.neighbours.heard(&heard),
                mdns::Told::Gone(id) => device.neighbours.gone(&id),
                mdns::Told::Deaf => device.deaf(),
            },
            () = sleep(pause) => device.tick().await?,
        }
        device.publish()?;
    }
}

struct Device {
    config: Config,
    node: String,
    links: Links,
    backend: Backend,
    keep: Keep,
    programs: Programs,
    news: mpsc::Receiver<News>,
    servers: watch::Sender<Vec<String>>,
    told: mpsc::Receiver<Told>,
    responder: Option<mdns::Responder>,
    neighbours: Neighbours,
    told_nodes: Option<SeenNodes>,
    sender: Sender,
    state: NetworkState,
    published: Option<NetworkState>,
    resolv_conf: String,
    complaints: Complaints,
}

impl Device {
    fn new(config: Config, sender: Sender, changed: Arc<Notify>) -> Result<Self, Fault> {
        let backend = Backend::open(&config, changed)?;
        let keep = Keep::open();
        keep.open_way();
        let (owner, wifi) = (settings::owner(&config), settings::wifi(&config));
        let links = Links::new(owner, wifi, keep.links.clone());
        let node = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let (tell, news) = helper::channel();
        let (servers, list) = watch::channel(Vec::new());
        let (told_sender, told) = mpsc::channel(TOLD_MOST);
        ntp::start(list, told_sender);
        Ok(Self {
            config,
            programs: Programs::new(&node, tell),
            node,
            links,
            backend,
            keep,
            news,
            servers,
            told,
            responder: None,
            neighbours: Neighbours::default(),
            told_nodes: None,
            sender,
            state: NetworkState {
                mdns: String::new(),
                interfaces: Vec::new(),
                time_synced: false,
            },
            published: None,
            resolv_conf: String::new(),
            complaints: Complaints::default(),
        })
    }

    async fn look(&mut self) -> Result<(), Fault> {
        let ours = |seen: &Seen| !ignores(&self.config.ignore, &seen.name);
        let seen: Vec<_> = self
            .backend
            .look()
            .await?
            .into_iter()
            .filter(ours)
            .collect();
        let orders = self.links.look(seen, now());
        self.carry_out(orders).await;
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), Fault> {
        let orders = self.links.tick(now());
        self.carry_out(orders).await;
        self.look().await
    }

    /// Until something has to be done without being told.
    fn pause(&self) -> Duration {
        self.links
            .wake()
            .map_or(LOOK, |wake| now().until(wake).min(LOOK))
    }

    async fn hear(&mut self, news: News) {
        if !self.programs.are_of_now(&news) {
            return;
        }
        let link = news.link;
        let orders = match news.what {
            What::Line(helper, line) => {
                dkvm_sdk::debug!("{link}: {line}");
                self.links.line(&link, helper, &line, now())
            }
            What::Ended(helper, reason) => {
                self.complaints.about(&format!("{link} {helper:?}"), reason);
                self.links.step(&link, Event::Ended(helper), now())
            }
            What::Probed(address, Answer::Free) => {
                self.links.step(&link, Event::Free(address), now())
            }
            What::Probed(address, Answer::Taken) => {
                self.links.step(&link, Event::Taken(address), now())
            }
        };
        self.carry_out(orders).await;
    }

    async fn carry_out(&mut self, orders: Orders) {
        for (name, action) in orders {
            match action {
                Action::Keep(kept) => self.keep.set(&name, kept),
                Action::BringUp => self.change(&name, Change::Up).await,
                Action::Add(cidr) => self.change(&name, Change::Add(cidr)).await,
                Action::Remove(cidr) => self.change(&name, Change::Remove(cidr)).await,
                Action::Route(gateway) => {
                    let metric = self.links.metric(&name);
                    self.change(&name, Change::Route(gateway, metric)).await;
                }
                Action::Unroute(gateway) => self.change(&name, Change::Unroute(gateway)).await,
                Action::Start(helper, wish) => {
                    self.programs.start(&self.config, &name, helper, wish);
                }
                Action::Stop(helper) => self.programs.stop(&name, helper),
                Action::Probe(address) => self.programs.probe(&name, address),
            }
        }
    }

    async fn change(&mut self, name: &str, change: Change) {
        let Some(index) = self.links.index(name) else {
            return;
        };
        let failed = self.backend.change(index, change).await.err();
        match change {
            Change::Up | Change::Down | Change::Forward(_) => {}
            _ if failed.is_some() => {}
            Change::Add(cidr) => dkvm_sdk::info!("{name} has the address {cidr}"),
            Change::Remove(cidr) => dkvm_sdk::info!("{name} no longer has the address {cidr}"),
            Change::Route(gateway, _) => dkvm_sdk::info!("{name} leads out by {gateway}"),
            Change::Unroute(gateway) => {
                dkvm_sdk::info!("{name} no longer leads out by {gateway}");
            }
        }
        let sentence = failed.map(|error| format!("{name} {change}: {error}"));
        self.complaints
            .about(&format!("{name} {change:?}"), sentence);
    }

    /// Tells the network this node's name; what is received is what the network tells.
    fn announce(&mut self) -> mpsc::Receiver<mdns::Told> {
        if !self.config.mdns {
            return mpsc::channel(1).1;
        }
        let label = match self.config.backend {
            BackendKind::Names => mdns::second_label(&self.node),
            _ => mdns::label(&self.node),
        };
        let ignore = self.config.ignore.clone();
        match mdns::Responder::start(&label, self.config.https_port, ignore) {
            Ok((responder, told)) => {
                self.responder = Some(responder);
                self.state.mdns = format!("{label}.local");
                told
            }
            Err(error) => {
                dkvm_sdk::warn!("the name {label}.local is not told to the network: {error}");
                mpsc::channel(1).1
            }
        }
    }

    /// The device `peer` says where its link is.
    fn announce_link(&mut self, body: &[u8]) {
        let Ok(link) = decode_body::<Announce>(topics::PEER_ANNOUNCE, body) else {
            return;
        };
        let label = mdns::label(&self.state.mdns);
        let Some(responder) = &mut self.responder else {
            return;
        };
        let failed = responder.announce(&label, link).err();
        let sentence =
            failed.map(|error| format!("other nodes do not find this one by mDNS: {error}"));
        self.complaints.about("peer link", sentence);
    }

    /// To `peer`, when it is another list.
    fn publish_nodes(&mut self) -> Result<(), Fault> {
        let own = Own {
            name: &self.state.mdns,
            fingerprint: self
                .responder
                .as_ref()
                .map_or("", mdns::Responder::fingerprint),
        };
        let nodes = self.neighbours.others(own);
        if self.told_nodes.as_ref() != Some(&nodes) {
            self.sender.emit(topics::NETWORK_NODES, &nodes)?;
            self.told_nodes = Some(nodes);
        }
        Ok(())
    }

    /// Whoever is still there is told again.
    fn deaf(&mut self) {
        self.neighbours = Neighbours::default();
        let told = "this network announces more nodes at once than anybody could listen to: which other nodes are there is known with gaps";
        self.complaints.about("neighbours", Some(told.to_owned()));
    }

    fn rename(&mut self, name: &str) -> String {
        let fresh = name.trim_end_matches('.').to_owned();
        let old = std::mem::replace(&mut self.state.mdns, fresh);
        format!("another machine on this network is called {old}, so this node goes by {}: give it another host name in dkvm.txt on the card", self.state.mdns)
    }

    fn time(&mut self, told: Told) {
        match told {
            Told::Right(moved) => {
                if let Some(moved) = moved {
                    dkvm_sdk::info!("the clock was wrong by {moved:.3?} and is set");
                }
                self.state.time_synced = true;
                self.complaints.about("time", None);
            }
            Told::InVain(server, reason) => self
                .complaints
                .about("time", Some(format!("no time from {server}: {reason}"))),
        }
    }

    /// The programs end, what they have brought about stays.
    async fn leave(&mut self) -> Result<(), Fault> {
        self.programs.end().await;
        if let Some(responder) = self.responder.take() {
            responder.leave();
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), Fault> {
        self.state.interfaces = self.links.interfaces();
        let servers = self.links.time_servers();
        self.servers
            .send_if_modified(|list| std::mem::replace(list, servers) != *list);
        let text = resolv_conf(&self.links.name_servers());
        if text != self.resolv_conf {
            self.keep.resolv_conf(&text);
            self.resolv_conf = text;
        }
        if self.published.as_ref() != Some(&self.state) {
            self.sender.emit(topics::NETWORK_STATE, &self.state)?;
            self.published = Some(self.state.clone());
        }
        self.publish_nodes()
    }
}

fn now() -> Moment {
    Moment(u64::try_from(boottime().as_millis()).unwrap_or(u64::MAX))
}
