//! The tasks around the node: each waits for one thing of Linux, and then calls the node.

use super::Node;
use crate::link::{DeviceId, Io, Output, Peer};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio::task::{spawn_local, yield_now, AbortHandle};
use tokio::time::{sleep, Duration};

/// After a failed accept: file descriptors are used up, and it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Whether a reader goes on.
pub(super) enum Reading {
    /// There may be more: others first.
    Yield,
    /// Nothing now.
    Wait,
    /// The other side has closed, or the connection is gone.
    Stop,
}

impl Node {
    /// Starts the tasks of a connection.
    pub(super) fn watch(&mut self, peer: Peer) {
        let me = self.me.clone();
        let Some(link) = self.link(peer) else { return };
        let reader = spawn_local(read(me.clone(), peer, link.io.clone()));
        let writer = spawn_local(write(me, peer, link.io.clone(), link.stuck.clone()));
        link.tasks = vec![reader.abort_handle(), writer.abort_handle()];
    }

    pub(super) fn watch_errors(&self, id: DeviceId, from: &Rc<Output>) -> AbortHandle {
        spawn_local(read_errors(self.me.clone(), id, from.clone())).abort_handle()
    }
}

async fn read(node: Weak<RefCell<Node>>, peer: Peer, io: Rc<Io>) {
    while io.readable().await.is_ok() {
        let Some(node) = node.upgrade() else { return };
        let reading = node.borrow_mut().on_readable(peer);
        match reading {
            Reading::Yield => yield_now().await,
            Reading::Wait => {}
            Reading::Stop => return,
        }
    }
}

async fn write(node: Weak<RefCell<Node>>, peer: Peer, io: Rc<Io>, stuck: Rc<Notify>) {
    loop {
        stuck.notified().await;
        if io.writable().await.is_err() {
            return;
        }
        let Some(node) = node.upgrade() else { return };
        node.borrow_mut().on_writable(peer);
    }
}

async fn read_errors(node: Weak<RefCell<Node>>, id: DeviceId, from: Rc<Output>) {
    while from.readable().await.is_ok() {
        let Some(node) = node.upgrade() else { return };
        let reading = node.borrow_mut().on_errors(id, &from);
        match reading {
            Reading::Yield => yield_now().await,
            Reading::Wait => {}
            Reading::Stop => return,
        }
    }
}

/// Takes clients of the control socket, for ever.
pub(crate) async fn accept_clients(node: Rc<RefCell<Node>>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => node.borrow_mut().on_client(stream),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}
