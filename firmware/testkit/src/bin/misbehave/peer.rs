//! The protocol by hand.

use dkvm_wire::{
    decode, decode_body, encode_body, encode_frame,
    service::{methods, Nothing},
    topics, FrameDecoder, Hello, LeaseRef, Message, Preamble, Produce, QueueClass, Ready,
    RequestId, Welcome, LIMIT_DEFAULT, PREAMBLE_LEN, WIRE_VERSION,
};
use std::io::{self, Read, Write};

/// What came, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Ping(RequestId),
    Request(RequestId),
    Event(Vec<LeaseRef>),
    Goodbye,
    End,
}

/// Its end of the connection.
pub struct Peer {
    decoder: FrameDecoder,
}

impl Peer {
    /// Shakes hands; It sends `topic` and hears whatever is routed to it. `None`: the kernel does not want it.
    pub fn connect(topic: &str) -> Option<(Self, Welcome)> {
        let mut peer = Self {
            decoder: FrameDecoder::new(LIMIT_DEFAULT),
        };
        write(&Preamble::BYTES).ok()?;
        let body = encode_body(&hello(topic));
        peer.send(&Message::Request {
            id: RequestId(0),
            method: methods::HELLO,
            body: &body,
            source: None,
        })
        .ok()?;
        let mut preamble = [0; PREAMBLE_LEN];
        io::stdin().read_exact(&mut preamble).ok()?;
        Preamble::check(preamble).ok()?;
        let frame = peer.frame()?;
        match decode(&frame).ok()? {
            Message::Response {
                result: Ok(body), ..
            } => Some((peer, decode_body("welcome", body).ok()?)),
            _ => None,
        }
    }

    pub fn ready(&mut self) -> io::Result<()> {
        self.emit(topics::READY, &encode_body(&Ready::default()), &[])
    }

    pub fn emit(&mut self, topic: &str, body: &[u8], leases: &[LeaseRef]) -> io::Result<()> {
        self.send(&Message::Event {
            topic,
            body,
            leases: leases.to_vec(),
            source: None,
            to: vec![],
        })
    }

    pub fn answer(&mut self, id: RequestId) -> io::Result<()> {
        self.send(&Message::Response {
            id,
            result: Ok(&encode_body(&Nothing {})),
        })
    }

    pub fn send(&mut self, message: &Message<'_>) -> io::Result<()> {
        let frame = encode_frame(&message.encode(), LIMIT_DEFAULT).map_err(io::Error::other)?;
        write(&frame)
    }

    /// What comes next; whatever makes no sense is the end.
    pub fn hear(&mut self) -> Heard {
        loop {
            let Some(frame) = self.frame() else {
                return Heard::End;
            };
            match decode(&frame) {
                Ok(Message::Request {
                    id,
                    method: methods::PING,
                    ..
                }) => return Heard::Ping(id),
                Ok(Message::Request { id, .. }) => return Heard::Request(id),
                Ok(Message::Event {
                    topic: topics::GOODBYE,
                    ..
                }) => return Heard::Goodbye,
                Ok(Message::Event { leases, .. }) => return Heard::Event(leases),
                Ok(Message::Response { .. }) => {}
                Err(_) => return Heard::End,
            }
        }
    }

    fn frame(&mut self) -> Option<Vec<u8>> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(frame) = self.decoder.next_frame().ok()? {
                return Some(frame.to_vec());
            }
            let length = io::stdin()
                .read(&mut chunk)
                .ok()
                .filter(|length| *length > 0)?;
            self.decoder.push(&chunk[..length]);
        }
    }
}

/// Bytes on stdout, whatever they are.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

fn hello(topic: &str) -> Hello {
    Hello {
        wire: WIRE_VERSION,
        device: "misbehave".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        features: Vec::new(),
        consumes: vec!["*".to_owned()],
        produces: vec![Produce {
            topic: topic.to_owned(),
            class: QueueClass::Stream,
        }],
        grants: None,
    }
}
