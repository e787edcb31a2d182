use super::Node;
use crate::accounts::{Accounts, SHARED_GROUP};
use crate::link::{ClientId, Io, Link, Peer};
use tokio::net::UnixStream;

/// Clients at once: people, scripts and monitors of one node.
const MOST: usize = 64;

/// A connection to the control socket.
pub(crate) struct Client {
    pub(super) link: Link,
    pub(super) welcomed: bool,
    /// May start, stop and reload.
    pub(super) control: bool,
}

impl Node {
    pub(crate) fn on_client(&mut self, stream: UnixStream) {
        if self.clients.len() >= MOST {
            self.warn(format!(
                "refused a client of the control socket: {MOST} are connected"
            ));
            return;
        }
        let Ok(credentials) = stream.peer_cred() else {
            return;
        };
        let uid = credentials.uid();
        if self.is_device_user(uid) {
            self.warn(format!("refused a client of the control socket: user {uid} is a device's, which has its own connection"));
            return;
        }
        self.last_client = self.last_client.wrapping_add(1);
        let id = ClientId(self.last_client);
        let control = self.is_trusted(uid, credentials.gid());
        self.clients.insert(
            id,
            Client {
                link: Link::new(Io::Socket(stream)),
                welcomed: false,
                control,
            },
        );
        self.watch(Peer::Client(id));
        self.dirty.push(Peer::Client(id));
        self.settle();
    }

    /// Devices are in the group dkvm too, for the pools; that must not open the socket to them.
    fn is_device_user(&self, uid: u32) -> bool {
        let mut users = self
            .config
            .devices
            .iter()
            .filter_map(|device| self.accounts.user(&device.user));
        self.root && uid != 0 && users.any(|user| user.uid == uid)
    }

    fn is_trusted(&self, uid: u32, gid: u32) -> bool {
        let accounts = Accounts::read();
        let own = rustix::process::geteuid().as_raw();
        uid == 0
            || uid == own
            || accounts.group(SHARED_GROUP) == Some(gid)
            || accounts.is_member(uid, SHARED_GROUP)
    }

    pub(super) fn drop_client(&mut self, id: ClientId) {
        self.clients.remove(&id);
        self.pending.forget(Peer::Client(id));
    }
}
