//! The fake kernel's side of the connection: frames out, messages in.

use crate::{run::Pipes, Failure};
use dkvm_wire::{
    decode, encode_frame, FrameDecoder, Generation, LeaseRef, Message, Preamble, RequestId,
    WireError, LIMIT_BEFORE_WELCOME, LIMIT_DEFAULT, PREAMBLE_LEN,
};
use serde::de::DeserializeOwned;
use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::Instant,
};

const READ_CHUNK: usize = 64 * 1024;
/// Messages that the test has not looked at yet. A device that floods waits in its pipe.
const UNREAD: usize = 4096;

/// An event that the device sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// The topic.
    pub topic: String,
    /// The body, as it came.
    pub body: Vec<u8>,
    /// The leases that travelled along.
    pub leases: Vec<LeaseRef>,
    /// Whose it is, where the device says so: a gateway speaks for devices of other nodes.
    pub source: Option<(String, Generation)>,
    /// For whom of its readers alone; empty for all of them.
    pub to: Vec<String>,
}

impl Event {
    /// The body, decoded.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Ok(dkvm_wire::decode_body(&self.topic, &self.body)?)
    }
}

/// What came from the device.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Received {
    Request {
        id: RequestId,
        method: String,
        body: Vec<u8>,
    },
    Response {
        id: RequestId,
        result: Result<Vec<u8>, WireError>,
    },
    Event(Event),
    /// It broke the protocol; nothing more comes.
    Broken(String),
    /// Its stdout is closed, by it and by all of its children.
    End,
}

pub(crate) struct Wire {
    to_device: Option<File>,
    incoming: Receiver<Received>,
}

impl Wire {
    pub(crate) fn new(pipes: Pipes) -> Self {
        let (sender, incoming) = sync_channel(UNREAD);
        thread::spawn(move || read_all(pipes.from_device, &sender));
        Self {
            to_device: Some(pipes.to_device.into()),
            incoming,
        }
    }

    pub(crate) fn send(&mut self, message: &Message<'_>) -> Result<(), Failure> {
        self.send_frame(&message.encode())
    }

    /// A frame whose body may be anything.
    pub(crate) fn send_frame(&mut self, body: &[u8]) -> Result<(), Failure> {
        let frame =
            encode_frame(body, LIMIT_DEFAULT).map_err(|error| Failure::new(error.to_string()))?;
        self.send_raw(&frame)
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let pipe = self
            .to_device
            .as_mut()
            .ok_or_else(|| Failure::new("the test hung up before"))?;
        pipe.write_all(bytes)
            .map_err(|error| Failure::new(format!("the device takes no bytes: {error}")))
    }

    /// The device reads the end of file from now on.
    pub(crate) fn hang_up(&mut self) {
        self.to_device = None;
    }

    /// `None` when nothing came until then.
    pub(crate) fn receive(&self, until: Instant) -> Option<Received> {
        match self
            .incoming
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            Ok(received) => Some(received),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Received::End),
        }
    }
}

fn read_all(from_device: OwnedFd, sender: &SyncSender<Received>) {
    let last = match read_messages(&mut File::from(from_device), sender) {
        Ok(()) => Received::End,
        Err(error) => Received::Broken(error),
    };
    let _ = sender.send(last);
}

fn read_messages(pipe: &mut File, sender: &SyncSender<Received>) -> Result<(), String> {
    let mut preamble = [0; PREAMBLE_LEN];
    if pipe.read_exact(&mut preamble).is_err() {
        return Ok(());
    }
    Preamble::check(preamble).map_err(|error| error.to_string())?;
    // What the kernel allows from welcome on; `hello` is checked apart.
    let mut decoder = FrameDecoder::new(LIMIT_DEFAULT);
    let mut chunk = vec![0; READ_CHUNK];
    let mut limit = LIMIT_BEFORE_WELCOME;
    while let Ok(length @ 1..) = pipe.read(&mut chunk) {
        decoder.push(&chunk[..length]);
        while let Some(frame) = decoder.next_frame().map_err(|error| error.to_string())? {
            if frame.len() > std::mem::replace(&mut limit, LIMIT_DEFAULT) {
                return Err(format!("a hello of {} bytes", frame.len()));
            }
            let message = decode(frame).map_err(|error| error.to_string())?;
            if sender.send(own(message)).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn own(message: Message<'_>) -> Received {
    match message {
        Message::Request {
            id, method, body, ..
        } => Received::Request {
            id,
            method: method.to_owned(),
            body: body.to_vec(),
        },
        Message::Response { id, result } => Received::Response {
            id,
            result: result.map(<[u8]>::to_vec),
        },
        Message::Event {
            topic,
            body,
            leases,
            source,
            to,
        } => Received::Event(Event {
            topic: topic.to_owned(),
            body: body.to_vec(),
            leases,
            source: source.map(|source| (source.name.to_owned(), source.generation)),
            to: to.into_iter().map(str::to_owned).collect(),
        }),
    }
}
