use super::events::Came;
use super::tasks::Reading;
use super::Node;
use crate::link::{DeviceId, Inbound, Output, Peer, Read, Step};
use dkvm_wire::{decode, Message};
use std::mem;
use std::rc::Rc;

/// Bytes read of one connection before others get their turn: a pipe holds no more by default.
const TURN: usize = 64 * 1024;
/// Bytes read of a dead device's pipe: the most that a pipe can hold.
const LAST_TURN: usize = 1024 * 1024;
/// Reads of a device's log before others get their turn, and when it is dead.
const LOG_READS: usize = 4;
const LOG_READS_AT_END: usize = 16;

impl Node {
    pub(super) fn on_readable(&mut self, peer: Peer) -> Reading {
        let reading = self.read(peer, TURN);
        self.settle();
        reading
    }

    pub(super) fn on_writable(&mut self, peer: Peer) {
        if let Some(link) = self.link(peer) {
            link.flush();
        }
    }

    /// Reads and handles what is there.
    fn read(&mut self, peer: Peer, bytes: usize) -> Reading {
        let Some(io) = self.link(peer).map(|link| link.io.clone()) else {
            return Reading::Stop;
        };
        let mut buffer = mem::take(&mut self.buffer);
        let mut reading = Reading::Yield;
        let mut left = bytes;
        while left > 0 && matches!(reading, Reading::Yield) {
            reading = match io.try_read(&mut buffer) {
                Read::Some(n) => {
                    left = left.saturating_sub(n);
                    self.take_bytes(peer, &buffer[..n])
                }
                Read::NothingNow => Reading::Wait,
                Read::End => self.ended(peer),
            };
        }
        self.buffer = buffer;
        reading
    }

    /// The other side closed. A client is gone; a device will be by its process's end, or by its silence.
    fn ended(&mut self, peer: Peer) -> Reading {
        if let Peer::Client(id) = peer {
            self.drop_client(id);
        }
        Reading::Stop
    }

    fn take_bytes(&mut self, peer: Peer, bytes: &[u8]) -> Reading {
        let Some(link) = self.link(peer) else {
            return Reading::Stop;
        };
        let mut inbound = mem::replace(&mut link.inbound, Inbound::new());
        let result = self.take_frames(peer, &mut inbound, bytes);
        if let Some(link) = self.link(peer) {
            link.inbound = inbound;
        }
        match result {
            Ok(()) => Reading::Yield,
            Err(sentence) => {
                self.offenders.push((peer, sentence));
                Reading::Stop
            }
        }
    }

    fn take_frames(
        &mut self,
        peer: Peer,
        inbound: &mut Inbound,
        bytes: &[u8],
    ) -> Result<(), String> {
        inbound.push(bytes)?;
        let now = self.now();
        loop {
            let frame = match inbound.decoder.next()? {
                Step::NeedMore => return Ok(()),
                Step::Frame(frame) => frame,
            };
            if !inbound.pace.take(now) {
                return Err(crate::link::FLOOD.to_owned());
            }
            if let Some(limit) = self.on_frame(peer, frame)? {
                inbound.decoder.set_limit(limit);
            }
        }
    }

    /// One message. The error is a sentence: the sender broke the protocol. Returns a new limit on frames.
    fn on_frame(&mut self, peer: Peer, frame: &[u8]) -> Result<Option<usize>, String> {
        let message = decode(frame).map_err(|e| e.to_string())?;
        if !self.is_welcomed(peer) {
            return self.on_first(peer, &message).map(Some);
        }
        match message {
            Message::Event {
                topic,
                body,
                leases,
                source,
                to,
            } => self.on_event(
                peer,
                &Came {
                    topic,
                    body,
                    leases: &leases,
                    source,
                    to: &to,
                },
            )?,
            Message::Request {
                id, method, body, ..
            } => self.on_request(peer, id, method, body),
            Message::Response { id, result } => self.on_response(peer, id, result),
        }
        Ok(None)
    }

    pub(super) fn on_errors(&mut self, id: DeviceId, from: &Rc<Output>) -> Reading {
        let mine = self
            .devices
            .get(id.0)
            .and_then(|device| device.errors.as_ref());
        if !mine.is_some_and(|errors| Rc::ptr_eq(&errors.from, from)) {
            return Reading::Stop;
        }
        let reading = self.read_errors(id, LOG_READS);
        self.settle();
        reading
    }

    fn read_errors(&mut self, id: DeviceId, reads: usize) -> Reading {
        let mut buffer = mem::take(&mut self.buffer);
        let mut reading = Reading::Yield;
        for _ in 0..reads {
            reading = match self.devices[id.0]
                .errors
                .as_ref()
                .map(|errors| errors.from.try_read(&mut buffer))
            {
                Some(Ok(n)) if n > 0 => self.take_lines(id, &buffer[..n]),
                Some(Err(e)) if e.kind() == std::io::ErrorKind::WouldBlock => Reading::Wait,
                _ => Reading::Stop,
            };
            if !matches!(reading, Reading::Yield) {
                break;
            }
        }
        self.buffer = buffer;
        reading
    }

    fn take_lines(&mut self, id: DeviceId, bytes: &[u8]) -> Reading {
        let now = self.now();
        let lines = self.devices[id.0]
            .errors
            .as_mut()
            .map(|errors| errors.lines.push(bytes, now));
        for line in lines.unwrap_or_default() {
            self.line_of(id, line);
        }
        Reading::Yield
    }

    /// What a dead device still left in its pipes: its last words are evidence, its last events happened.
    pub(super) fn drain(&mut self, id: DeviceId) {
        if let Some(errors) = &self.devices[id.0].errors {
            errors.from.ended();
        }
        self.read_errors(id, LOG_READS_AT_END);
        let peer = self.devices[id.0].peer();
        if let Some(link) = self.link(peer) {
            link.io.ended();
        }
        self.read(peer, LAST_TURN);
        let now = self.now();
        let rest = self.devices[id.0]
            .errors
            .as_mut()
            .map(|errors| errors.lines.finish(now));
        for line in rest.unwrap_or_default() {
            self.line_of(id, line);
        }
    }
}
