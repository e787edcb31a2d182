//! What the fake kernel says.

use super::FakeKernel;
use crate::{Event, Failure};
use dkvm_wire::{
    encode_body,
    service::{Demand, Dropped, Grant, SourceGone},
    topics, Generation, Goodbye, LeaseRef, Message, RequestId, Source, SourceName,
};
use rustix::process::Signal;
use serde::Serialize;

/// What `goodbye` says; the test itself waits longer.
const GOODBYE_MS: u32 = 2000;
/// Generation of the devices that a test speaks for.
const FIRST: Generation = Generation(1);

impl FakeKernel {
    /// An event of another device (`web`; to whom a gateway forwards it, of one of another node, `office/hid`), first generation.
    pub fn emit<B: Serialize + ?Sized>(
        &mut self,
        from: &str,
        topic: &str,
        body: &B,
    ) -> Result<(), Failure> {
        self.emit_with(from, topic, body, &[])
    }

    /// The same with leases, made by [`FakeKernel::lend`].
    pub fn emit_with<B>(
        &mut self,
        from: &str,
        topic: &str,
        body: &B,
        leases: &[LeaseRef],
    ) -> Result<(), Failure>
    where
        B: Serialize + ?Sized,
    {
        let event = Event {
            topic: topic.to_owned(),
            body: encode_body(body),
            leases: leases.to_vec(),
            ..Event::default()
        };
        self.emit_raw(source(from), &event)
    }

    /// To a gateway: an event of a device of this node for devices of others (`office/hid`, `*/hid`).
    pub fn emit_to<B>(
        &mut self,
        from: &str,
        topic: &str,
        body: &B,
        to: &[&str],
    ) -> Result<(), Failure>
    where
        B: Serialize + ?Sized,
    {
        let event = Event {
            topic: topic.to_owned(),
            body: encode_body(body),
            to: to.iter().map(|&name| name.to_owned()).collect(),
            ..Event::default()
        };
        self.emit_raw(source(from), &event)
    }

    /// An event whose body may be anything, from whom it may be; `None` is the kernel itself. What the event says of its source
    /// counts for nothing.
    pub fn emit_raw(&mut self, source: Option<Source<'_>>, event: &Event) -> Result<(), Failure> {
        self.wire.send(&Message::Event {
            topic: &event.topic,
            body: &event.body,
            leases: event.leases.clone(),
            source,
            to: event.to.iter().map(String::as_str).collect(),
        })
    }

    /// An event of the kernel's own.
    pub fn tell<B: Serialize + ?Sized>(&mut self, topic: &str, body: &B) -> Result<(), Failure> {
        self.emit_raw(
            None,
            &Event {
                topic: topic.to_owned(),
                body: encode_body(body),
                ..Event::default()
            },
        )
    }

    /// So many running readers want a topic of the device's.
    pub fn demand(&mut self, topic: &str, readers: u32) -> Result<(), Failure> {
        self.say_demand(topic, readers, None)
    }

    /// To a gateway: so many running readers want a topic of `office/hid`, or of `*/hid`.
    pub fn demand_from(&mut self, topic: &str, from: &str, readers: u32) -> Result<(), Failure> {
        self.say_demand(topic, readers, Some(from))
    }

    fn say_demand(&mut self, topic: &str, readers: u32, from: Option<&str>) -> Result<(), Failure> {
        let demand = Demand {
            topic: topic.to_owned(),
            readers,
            from: from.map(str::to_owned),
        };
        self.tell(topics::DEMAND, &demand)
    }

    /// Events of a stream were dropped on the way to the device.
    pub fn dropped(&mut self, topic: &str, count: u64) -> Result<(), Failure> {
        self.tell(
            topics::DROPPED,
            &Dropped {
                topic: topic.to_owned(),
                count,
            },
        )
    }

    /// Another device is gone.
    pub fn source_gone(&mut self, source: &str, generation: u32) -> Result<(), Failure> {
        let source =
            SourceName::try_from(source).map_err(|error| Failure::new(error.to_string()))?;
        self.tell(
            topics::SOURCE_GONE,
            &SourceGone {
                source,
                generation: Generation(generation),
            },
        )
    }

    /// A frame for the device to read, to be sent with [`FakeKernel::emit_with`].
    pub fn lend(&mut self, bytes: &[u8]) -> Result<LeaseRef, Failure> {
        self.memory.lend(bytes)
    }

    /// Gives a published lease back, so that its slot is granted again.
    pub fn give_back(&mut self, lease: &LeaseRef) -> Result<(), Failure> {
        let leases = self.memory.give_back(lease);
        self.grant(leases)
    }

    pub(super) fn grant(&mut self, leases: Vec<LeaseRef>) -> Result<(), Failure> {
        if leases.is_empty() {
            return Ok(());
        }
        self.tell(topics::GRANT, &Grant { leases })
    }

    /// Asks the device to finish; see [`FakeKernel::goodbye`] for the whole end.
    pub fn say_goodbye(&mut self) -> Result<(), Failure> {
        let goodbye = Goodbye {
            reason: "the test is over".to_owned(),
            deadline_ms: GOODBYE_MS,
        };
        self.tell(topics::GOODBYE, &goodbye)
    }

    /// Closes the device's input, as a dead kernel does.
    pub fn hang_up(&mut self) {
        self.wire.hang_up();
    }

    /// Kills the device's process group.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.run.signal(Signal::KILL)
    }

    /// Stops (`SIGSTOP`) the device's process group, as a hung device looks from outside.
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.run.signal(Signal::STOP)
    }

    /// Lets a frozen device go on.
    pub fn thaw(&mut self) -> Result<(), Failure> {
        self.run.signal(Signal::CONT)
    }

    /// Bytes as they are, to break the protocol with.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.wire.send_raw(bytes)
    }

    /// A frame whose body may be anything.
    pub fn send_frame(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.wire.send_frame(body)
    }

    /// A request to the device, of which nobody has fetched the answer yet.
    pub(super) fn send_request(&mut self, method: &str, body: &[u8]) -> Result<RequestId, Failure> {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.wire.send(&Message::Request {
            id,
            method,
            body,
            source: None,
        })?;
        Ok(id)
    }
}

fn source(name: &str) -> Option<Source<'_>> {
    let generation = FIRST;
    Some(Source { name, generation })
}
