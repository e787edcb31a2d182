//! The shell: looks, listens, does what the core says.

use crate::{
    backend::{Backend, Change},
    config::{ignores, Config},
    core::{
        link::{Action, Event, Helper},
        links::{resolv_conf, Links, Orders},
        owner::Owner,
        seen::Seen,
        time::Moment,
        wifi::Wifi,
    },
    error::Error,
    helper::{self, Answer, News, Running, What, Whom},
    keep::Keep,
    mdns,
    ntp::{self, Told},
};
use dkvm_sdk::{Incoming, Link, Sender};
use dkvm_wire::{
    topics,
    vocab::network::{LinkKind, NetworkState},
};
use rustix::time::{clock_gettime, ClockId};
use std::{collections::HashMap, fs, io::ErrorKind, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch, Notify},
    time::sleep,
};

/// How often the interfaces are looked at even if Linux says nothing.
const LOOK: Duration = Duration::from_secs(10);
/// Of two ways out the one with the lower metric is taken: the cable.
const WIRED_METRIC: u32 = 100;
const WIRELESS_METRIC: u32 = 600;
/// What the time's task can tell between two turns.
const TOLD_MOST: usize = 4;

/// Runs until the kernel says goodbye; the addresses stay.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    let changed = Arc::new(Notify::new());
    let mut device = Device::new(config, link.sender(), changed.clone())?;
    device.look().await?;
    link.ready()?;
    let mut names = device.announce();
    loop {
        let pause = device.pause();
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                Incoming::Request(request) => request.unknown()?,
                _ => {}
            },
            () = changed.notified() => device.look().await?,
            Some(news) = device.news.recv() => device.hear(news).await,
            Some(told) = device.told.recv() => device.time(told),
            Some(name) = names.recv() => link.degraded(device.rename(&name))?,
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
    running: HashMap<(String, Job), Running>,
    lives: u64,
    tell: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    servers: watch::Sender<Vec<String>>,
    told: mpsc::Receiver<Told>,
    responder: Option<mdns_sd::ServiceDaemon>,
    sender: Sender,
    state: NetworkState,
    published: Option<NetworkState>,
    resolv_conf: String,
    complaints: HashMap<String, String>,
}

/// What runs for an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Job {
    Dhcp,
    Wifi,
    Probe,
}

impl From<Helper> for Job {
    fn from(helper: Helper) -> Self {
        match helper {
            Helper::Dhcp => Self::Dhcp,
            Helper::Wifi => Self::Wifi,
        }
    }
}

impl Device {
    fn new(config: Config, sender: Sender, changed: Arc<Notify>) -> Result<Self, Error> {
        let backend = Backend::open(&config, changed)?;
        let keep = Keep::open();
        keep.open_way();
        let links = Links::new(owner(&config), wifi(&config), keep.links.clone());
        let (tell, news) = helper::channel();
        let (servers, list) = watch::channel(Vec::new());
        let (told_sender, told) = mpsc::channel(TOLD_MOST);
        ntp::start(list, told_sender);
        Ok(Self {
            config,
            node: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            links,
            backend,
            keep,
            running: HashMap::new(),
            lives: 0,
            tell,
            news,
            servers,
            told,
            responder: None,
            sender,
            state: NetworkState {
                mdns: String::new(),
                interfaces: Vec::new(),
                time_synced: false,
            },
            published: None,
            resolv_conf: String::new(),
            complaints: HashMap::new(),
        })
    }

    async fn look(&mut self) -> Result<(), Error> {
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

    async fn tick(&mut self) -> Result<(), Error> {
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
        let job = match news.what {
            What::Line(helper, _) | What::Ended(helper, _) => helper.into(),
            What::Probed(..) => Job::Probe,
        };
        let key = (news.link.clone(), job);
        if self
            .running
            .get(&key)
            .is_none_or(|running| running.life != news.life)
        {
            return;
        }
        let orders = match news.what {
            What::Line(helper, line) => {
                dkvm_sdk::debug!("{}: {line}", news.link);
                self.links.line(&news.link, helper, &line, now())
            }
            What::Ended(helper, reason) => {
                self.running.remove(&key);
                self.complain(&format!("{} {helper:?}", news.link), reason);
                self.links.step(&news.link, Event::Ended(helper), now())
            }
            What::Probed(address, answer) => {
                self.running.remove(&key);
                let event = match answer {
                    Answer::Free => Event::Free(address),
                    Answer::Taken => Event::Taken(address),
                };
                self.links.step(&news.link, event, now())
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
                    let metric = match self.links.kind(&name) {
                        Some(LinkKind::Wireless) => WIRELESS_METRIC,
                        _ => WIRED_METRIC,
                    };
                    self.change(&name, Change::Route(gateway, metric)).await;
                }
                Action::Start(helper, wish) => {
                    let command = match helper {
                        Helper::Dhcp => helper::dhcp_client(&self.config, &name, &self.node, wish),
                        Helper::Wifi => helper::wifi_supplicant(
                            &self.config,
                            &name,
                            &wifi_settings(&self.config),
                        ),
                    };
                    let whom = self.whom(&name);
                    self.running.insert(
                        (name, helper.into()),
                        helper::start(whom, helper, command, self.tell.clone()),
                    );
                }
                Action::Stop(helper) => drop(self.running.remove(&(name, helper.into()))),
                Action::Probe(address) => {
                    let whom = self.whom(&name);
                    self.running.insert(
                        (name, Job::Probe),
                        helper::probe(whom, address, self.tell.clone()),
                    );
                }
            }
        }
    }

    fn whom(&mut self, link: &str) -> Whom {
        self.lives += 1;
        Whom {
            link: link.to_owned(),
            life: self.lives,
        }
    }

    async fn change(&mut self, name: &str, change: Change) {
        let Some(index) = self.links.index(name) else {
            return;
        };
        let failed = self.backend.change(index, change).await.err();
        match change {
            Change::Up => {}
            _ if failed.is_some() => {}
            Change::Add(cidr) => dkvm_sdk::info!("{name} has the address {cidr}"),
            Change::Remove(cidr) => dkvm_sdk::info!("{name} no longer has the address {cidr}"),
            Change::Route(gateway, _) => dkvm_sdk::info!("{name} leads out by {gateway}"),
        }
        let sentence = failed.map(|error| format!("{name}: {change:?} failed: {error}"));
        self.complain(&format!("{name} {change:?}"), sentence);
    }

    /// What goes wrong again and again is told once, until it is over.
    fn complain(&mut self, about: &str, sentence: Option<String>) {
        match sentence {
            Some(sentence) if self.complaints.get(about) != Some(&sentence) => {
                dkvm_sdk::warn!("{sentence}");
                self.complaints.insert(about.to_owned(), sentence);
            }
            Some(_) => {}
            None => drop(self.complaints.remove(about)),
        }
    }

    /// Tells the network this node's name; what is received is a name that had to be taken instead.
    fn announce(&mut self) -> mpsc::Receiver<String> {
        if !self.config.mdns {
            return mpsc::channel(1).1;
        }
        let label = mdns::label(&self.node);
        match mdns::start(&label, self.config.https_port, self.config.ignore.clone()) {
            Ok((responder, names)) => {
                self.responder = Some(responder);
                self.state.mdns = format!("{label}.local");
                names
            }
            Err(error) => {
                dkvm_sdk::warn!("the name {label}.local is not told to the network: {error}");
                mpsc::channel(1).1
            }
        }
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
                self.complain("time", None);
            }
            Told::InVain(server, reason) => {
                self.complain("time", Some(format!("no time from {server}: {reason}")))
            }
        }
    }

    fn publish(&mut self) -> Result<(), Error> {
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
        Ok(())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Others then no longer wait for a node that is gone.
        let _ = self.responder.take().map(|responder| responder.shutdown());
    }
}

fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    Moment(seconds.unwrap_or(0) * 1000 + nanos.unwrap_or(0) / 1_000_000)
}

fn owner(config: &Config) -> Owner {
    let path = config.boot_dir.join("network.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            dkvm_sdk::warn!(
                "cannot read {}: {error}; every link asks by DHCP",
                path.display()
            );
            String::new()
        }
    };
    let (owner, ignored) = Owner::read(&text);
    for sentence in ignored {
        dkvm_sdk::warn!("{sentence}");
    }
    owner
}

fn wifi_settings(config: &Config) -> PathBuf {
    config.boot_dir.join("wpa_supplicant.conf")
}

fn wifi(config: &Config) -> Wifi {
    if wifi_settings(config).exists() {
        Wifi::Searching
    } else {
        Wifi::Off
    }
}
