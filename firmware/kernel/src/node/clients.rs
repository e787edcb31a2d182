use super::rights::{Rights, Standing};
use super::Node;
use crate::accounts::{Accounts, SHARED_GROUP};
use crate::link::{ClientId, Io, Link, Peer};
use crate::process::{descent, Descent};
use dkvm_wire::vocab::peer::Grant;
use dkvm_wire::{DeviceName, Hello};
use tokio::net::unix::UCred;
use tokio::net::UnixStream;

/// Clients at once: people, scripts and monitors of one node.
const MOST: usize = 64;
/// Of these, sessions for others: whoever is at this node must still get in.
const MOST_FOR_OTHERS: usize = 32;

/// Letters of a node's name: a host name has no more.
const LONGEST_NODE: usize = 64;

/// A connection to the control socket.
pub(crate) struct Client {
    pub(super) link: Link,
    pub(super) welcomed: bool,
    pub(super) uid: u32,
    pub(super) rights: Rights,
    /// For whom a gateway has opened it.
    pub(super) node: Option<String>,
}

impl Node {
    pub(crate) fn on_client(&mut self, stream: UnixStream) {
        let Ok(credentials) = stream.peer_cred() else {
            return;
        };
        let standing = match self.standing(credentials).and_then(|s| self.admit(s)) {
            Ok(standing) => standing,
            Err(why) => {
                self.warn(format!("refused a client of the control socket: {why}"));
                return;
            }
        };
        self.last_client = self.last_client.wrapping_add(1);
        let id = ClientId(self.last_client);
        let rights = Rights {
            standing,
            grants: None,
        };
        let client = Client {
            link: Link::new(Io::Socket(stream)),
            welcomed: false,
            uid: credentials.uid(),
            rights,
            node: None,
        };
        self.clients.insert(id, client);
        self.watch(Peer::Client(id));
        self.dirty.push(Peer::Client(id));
        self.settle();
    }

    /// While there is room.
    fn admit(&self, standing: Standing) -> Result<Standing, String> {
        let for_others = |standing: &Standing| matches!(standing, Standing::Gateway(_));
        let others = self
            .clients
            .values()
            .filter(|client| for_others(&client.rights.standing));
        if self.clients.len() >= MOST {
            return Err(format!("{MOST} are connected"));
        }
        if for_others(&standing) && others.count() >= MOST_FOR_OTHERS {
            return Err(format!(
                "{MOST_FOR_OTHERS} sessions of other nodes are open"
            ));
        }
        Ok(standing)
    }

    /// Devices are in the group dkvm too, for the pools; that must not open the socket to them.
    fn standing(&self, credentials: UCred) -> Result<Standing, String> {
        let uid = credentials.uid();
        let devices = self.devices_behind(credentials)?;
        if devices.is_empty() {
            return Ok(self.standing_of_person(uid, credentials.gid()));
        }
        // The name of the first will do: two gateways never share a user.
        match devices.iter().all(|(_, gateway)| *gateway) {
            true => Ok(Standing::Gateway(devices[0].0.clone())),
            false => Err(format!(
                "it is, by its user {uid} or by what started it, the device {}, which has its own connection",
                devices[0].0
            )),
        }
    }

    /// The devices that a process may be part of, each with whether it is a gateway. The error is a sentence: nobody can say.
    fn devices_behind(&self, credentials: UCred) -> Result<Vec<(DeviceName, bool)>, String> {
        let itself = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
        let its = |pid: Option<u32>| {
            let mut running = self.devices.iter();
            let device = running.find(|device| pid.is_some() && device.pid == pid)?;
            Some(vec![(device.config.name.clone(), device.config.gateway)])
        };
        if let Some(device) = its(itself) {
            return Ok(device);
        }
        match self.root {
            true => Ok(self.devices_by_user(credentials.uid())),
            false => Ok(its(self.ancestor(credentials, itself)?).unwrap_or_default()),
        }
    }

    fn devices_by_user(&self, uid: u32) -> Vec<(DeviceName, bool)> {
        let is_its_user = |name: &str| self.accounts.user(name).is_some_and(|user| user.uid == uid);
        let devices = self.config.devices.iter();
        let by_user = devices.filter(|device| uid != 0 && is_its_user(&device.user));
        by_user
            .map(|device| (device.name.clone(), device.gateway))
            .collect()
    }

    /// Where all devices run as one user, what a taken-over one starts is known by its parents alone. The process of the device that
    /// one of that user comes from, if it comes from any.
    fn ancestor(&self, credentials: UCred, pid: Option<u32>) -> Result<Option<u32>, String> {
        if credentials.uid() != rustix::process::geteuid().as_raw() {
            return Ok(None);
        }
        match pid.map_or(Descent::Unknown, |pid| descent(pid, &self.pids())) {
            Descent::Of(pid) => Ok(Some(pid)),
            Descent::Stranger => Ok(None),
            Descent::Orphan => Err("it was left behind by a device that ended".to_owned()),
            Descent::Unknown => Err("the process that connected has ended meanwhile, or its parent: whose it was cannot be said; connect again".to_owned()),
        }
    }

    fn standing_of_person(&self, uid: u32, gid: u32) -> Standing {
        let accounts = Accounts::read();
        let own = rustix::process::geteuid().as_raw();
        let trusted = uid == 0
            || uid == own
            || accounts.group(SHARED_GROUP) == Some(gid)
            || accounts.is_member(uid, SHARED_GROUP);
        if trusted {
            Standing::Trusted
        } else {
            Standing::Reader
        }
    }

    /// To what its hello holds a session. The error is a sentence: it cannot be welcomed.
    pub(super) fn hold_to(&mut self, id: ClientId, hello: Hello) -> Result<(), String> {
        let Some(client) = self.clients.get_mut(&id) else {
            return Ok(());
        };
        if let Standing::Gateway(name) = &client.rights.standing {
            if hello.grants.is_none() {
                return Err(format!(
                    "the device {name} opens sessions for others only: its hello must say by `grants` what they may do"
                ));
            }
            let node = hello.device.chars().filter(|letter| !letter.is_control());
            client.node = Some(node.take(LONGEST_NODE).collect());
        }
        // One that only a newer release knows allows nothing here.
        let known =
            |names: Vec<String>| names.iter().filter_map(|name| Grant::named(name)).collect();
        client.rights.grants = hello.grants.map(known);
        Ok(())
    }

    /// After a change of the configuration: what is no longer allowed is no longer told.
    pub(super) fn judge_listeners(&mut self) {
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            if !self.may_listen(Peer::Client(id)) {
                if let Some(client) = self.clients.get_mut(&id) {
                    client.link.subscribed = crate::link::Subscribed::default();
                }
            }
        }
    }

    pub(super) fn drop_client(&mut self, id: ClientId) {
        self.clients.remove(&id);
        self.pending.forget(Peer::Client(id));
    }
}
