//! Which programs run for which interface.

use crate::{
    config::Config,
    core::event::Helper,
    helper::{self, News, Running, What, Whom},
    settings,
};
use std::{collections::HashMap, net::Ipv4Addr};
use tokio::sync::mpsc;

/// What runs for an interface; one of each at most.
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

/// All of them. They end with this.
pub struct Programs {
    node: String,
    running: HashMap<(String, Job), Running>,
    lives: u64,
    tell: mpsc::Sender<News>,
}

impl Programs {
    /// None yet. `node` is the name that DHCP servers are told.
    pub fn new(node: &str, tell: mpsc::Sender<News>) -> Self {
        Self {
            node: node.to_owned(),
            running: HashMap::new(),
            lives: 0,
            tell,
        }
    }

    /// Starts one; the DHCP client with the address to ask for.
    pub fn start(&mut self, config: &Config, link: &str, helper: Helper, wish: Option<Ipv4Addr>) {
        let command = match helper {
            Helper::Dhcp => helper::dhcp_client(config, link, &self.node, wish),
            Helper::Wifi => helper::wifi_supplicant(config, link, &settings::wifi_file(config)),
        };
        let whom = self.whom(link);
        let running = helper::start(whom, helper, command, self.tell.clone());
        self.running
            .insert((link.to_owned(), helper.into()), running);
    }

    /// Asks whether anybody has this address.
    pub fn probe(&mut self, link: &str, address: Ipv4Addr) {
        let whom = self.whom(link);
        let running = helper::probe(whom, address, self.tell.clone());
        self.running.insert((link.to_owned(), Job::Probe), running);
    }

    /// Ends one, if it runs.
    pub fn stop(&mut self, link: &str, helper: Helper) {
        self.running.remove(&(link.to_owned(), helper.into()));
    }

    /// Ends all, and waits until they are gone.
    pub async fn end(&mut self) {
        for (_, running) in self.running.drain() {
            running.end().await;
        }
    }

    /// Whether the news are of one that runs, and not of one that was stopped meanwhile. One that ended no longer runs.
    pub fn are_of_now(&mut self, news: &News) -> bool {
        let (job, over) = match news.what {
            What::Line(helper, _) => (helper.into(), false),
            What::Ended(helper, _) => (helper.into(), true),
            What::Probed(..) => (Job::Probe, true),
        };
        let key = (news.link.clone(), job);
        let now = self
            .running
            .get(&key)
            .is_some_and(|running| running.life == news.life);
        if now && over {
            self.running.remove(&key);
        }
        now
    }

    fn whom(&mut self, link: &str) -> Whom {
        self.lives += 1;
        Whom {
            link: link.to_owned(),
            life: self.lives,
        }
    }
}
