//! One connection: a device's pair of pipes, or a client's socket.

mod inbound;
mod io;
mod outbox;
mod pace;
mod peer;
mod subscribed;

pub(crate) use inbound::{Inbound, Step};
pub(crate) use io::{Io, Output, Read};
pub(crate) use outbox::{Class, Item, Outbox, Overflow};
pub(crate) use pace::{Pace, FLOOD};
pub(crate) use peer::{ClientId, DeviceId, Peer};
pub(crate) use subscribed::Subscribed;

use dkvm_wire::{
    encode_frame, topics, ErrorCode, Message, RequestId, WireError, FORWARD_MARGIN, LIMIT_DEFAULT,
};
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

/// A message as the bytes that go out. Who waits for an answer that is over the limit is told so; of anything else the receiver
/// gets nothing.
pub(crate) fn frame(message: &Message<'_>) -> Rc<[u8]> {
    let whole = encode_frame(&message.encode(), LIMIT_DEFAULT + FORWARD_MARGIN).ok();
    whole
        .or_else(|| too_long(message))
        .unwrap_or_default()
        .into()
}

fn too_long(message: &Message<'_>) -> Option<Vec<u8>> {
    let Message::Response { id, .. } = message else {
        return None;
    };
    let text = format!(
        "the answer is longer than {} KiB: ask for less at a time",
        LIMIT_DEFAULT / 1024
    );
    let response = Message::Response {
        id: *id,
        result: Err(WireError::new(ErrorCode::Exhausted, text)),
    };
    encode_frame(&response.encode(), LIMIT_DEFAULT).ok()
}

/// An event of the kernel's own, to one connection.
pub(crate) fn kernel_event<T: serde::Serialize>(topic: &str, body: &T) -> Rc<[u8]> {
    let body = dkvm_wire::encode_body(body);
    frame(&Message::Event {
        topic,
        body: &body,
        leases: Vec::new(),
        source: None,
        to: vec![],
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

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{decode, FrameDecoder};

    #[test]
    fn an_event_of_the_largest_size_is_passed_on_with_all_names() {
        let names = vec!["n".repeat(96); 128];
        let to: Vec<&str> = names.iter().map(String::as_str).collect();
        let event = |body, to| Message::Event {
            topic: "t",
            body,
            leases: Vec::new(),
            source: None,
            to,
        };
        let body = vec![0; LIMIT_DEFAULT - 64];
        assert!(event(&body, vec![]).encode().len() <= LIMIT_DEFAULT);
        assert!(!frame(&event(&body, to)).is_empty());
    }

    #[test]
    fn who_waits_for_an_answer_that_is_too_long_is_told_so() {
        let long = "x".repeat(LIMIT_DEFAULT + FORWARD_MARGIN);
        let bytes = dkvm_wire::encode_body(&long);
        let wrong = Err(WireError::new(ErrorCode::BadRequest, long));
        for result in [Ok(&bytes[..]), wrong] {
            let id = RequestId(7);
            let mut frames = FrameDecoder::new(LIMIT_DEFAULT);
            frames.push(&frame(&Message::Response { id, result }));
            let body = frames.next_frame().expect("whole").expect("one");
            let Message::Response { id, result } = decode(body).expect("a message") else {
                panic!("no answer");
            };
            assert_eq!(id, RequestId(7));
            assert!(result.is_err_and(|e| e.message.contains("longer than 1024 KiB")));
        }
    }
}
