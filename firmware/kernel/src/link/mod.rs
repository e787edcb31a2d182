//! One connection: a device's pair of pipes, or a client's socket.

mod inbound;
mod io;
mod outbox;
mod pace;
mod peer;
mod subscribed;

pub(crate) use inbound::{Inbound, Step};
pub(crate) use io::{Io, Read};
pub(crate) use outbox::{Class, Item, Outbox, Overflow};
pub(crate) use pace::{Pace, FLOOD};
pub(crate) use peer::{ClientId, DeviceId, Peer};
pub(crate) use subscribed::Subscribed;

use dkvm_wire::{encode_frame, topics, Message, RequestId, LIMIT_DEFAULT};
use std::rc::Rc;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Written in one go: what a pipe holds by default.
const CHUNK: usize = 64 * 1024;

/// A connection as the node sees it.
pub(crate) struct Link {
    pub(crate) io: Rc<Io>,
    pub(crate) inbound: Inbound,
    pub(crate) outbox: Outbox,
    /// Bytes on their way out, and how many of them are gone.
    pending: Vec<u8>,
    sent: usize,
    /// Wakes the task that waits until there is room again.
    pub(crate) stuck: Rc<Notify>,
    pub(crate) tasks: Vec<AbortHandle>,
    /// The kernel's own topics that it listens to.
    pub(crate) subscribed: Subscribed,
    last_request: u32,
    /// Broken for writing: its end will be told by other means.
    closed: bool,
}

impl Link {
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io: Rc::new(io),
            inbound: Inbound::new(),
            outbox: Outbox::default(),
            pending: dkvm_wire::Preamble::BYTES.to_vec(),
            sent: 0,
            stuck: Rc::new(Notify::new()),
            tasks: Vec::new(),
            subscribed: Subscribed::default(),
            last_request: 0,
            closed: false,
        }
    }

    pub(crate) fn next_request(&mut self) -> RequestId {
        self.last_request = self.last_request.wrapping_add(1);
        RequestId(self.last_request)
    }

    /// Writes what the connection takes now, without waiting.
    pub(crate) fn flush(&mut self) {
        while !self.closed && self.fill() {
            match self.io.try_write(&self.pending[self.sent..]) {
                Ok(0) => return self.stuck.notify_one(),
                Ok(n) => self.sent += n,
                Err(_) => self.closed = true,
            }
        }
    }

    /// No more will be sent: the other side reads an end of file after what was written.
    pub(crate) fn close_output(&mut self) {
        self.flush();
        self.closed = true;
        self.io.close_output();
    }

    /// Whether there is something to write.
    fn fill(&mut self) -> bool {
        if self.sent < self.pending.len() {
            return true;
        }
        self.pending.clear();
        self.pending.shrink_to(CHUNK);
        self.sent = 0;
        while self.pending.len() < CHUNK {
            let Some(item) = self.outbox.pop() else { break };
            self.pending.extend_from_slice(&item);
        }
        !self.pending.is_empty()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A message as the bytes that go out. One that is over the limit cannot be made here but by forwarding:
/// the receiver then gets nothing, and a pending request runs into its timeout.
pub(crate) fn frame(message: &Message<'_>) -> Rc<[u8]> {
    encode_frame(&message.encode(), LIMIT_DEFAULT + FORWARD_MARGIN)
        .unwrap_or_default()
        .into()
}

/// Room that the source's name takes in a message of the largest size.
const FORWARD_MARGIN: usize = 256;

/// An event of the kernel's own, to one connection.
pub(crate) fn kernel_event<T: serde::Serialize>(topic: &str, body: &T) -> Rc<[u8]> {
    let body = dkvm_wire::encode_body(body);
    frame(&Message::Event {
        topic,
        body: &body,
        leases: Vec::new(),
        source: None,
    })
}

/// The notice that events of a stream were dropped.
pub(crate) fn dropped_notice(topic: &str, count: u64) -> Rc<[u8]> {
    kernel_event(
        topics::DROPPED,
        &dkvm_wire::service::Dropped {
            topic: topic.to_owned(),
            count,
        },
    )
}
