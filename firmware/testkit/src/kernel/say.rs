//! What the fake kernel says.

use super::FakeKernel;
use crate::{Event, Failure};
use dkvm_wire::{
    encode_body,
    service::{Demand, Dropped, Grant, SourceGone},
    topics, DeviceName, Generation, Goodbye, LeaseRef, Message, RequestId, Source,
};
use rustix::process::Signal;
use serde::Serialize;

/// What `goodbye` says; the test itself waits longer.
const GOODBYE_MS: u32 = 2000;
/// Generation of the devices that a test speaks for.
const FIRST: Generation = Generation(1);

impl FakeKernel {
    /// An event of another device, first generation.
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
        };
        self.emit_raw(
            Some(Source {
                name: from,
                generation: FIRST,
            }),
            &event,
        )
    }

    /// An event whose body may be anything, from whom it may be; `None` is the kernel itself.
    pub fn emit_raw(&mut self, source: Option<Source<'_>>, event: &Event) -> Result<(), Failure> {
        let Event {
            topic,
            body,
            leases,
        } = event;
        self.wire.send(&Message::Event {
            topic,
            body,
            leases: leases.clone(),
            source,
        })
    }

    /// An event of the kernel's own.
    pub fn tell<B: Serialize + ?Sized>(&mut self, topic: &str, body: &B) -> Result<(), Failure> {
        self.emit_raw(
            None,
            &Event {
                topic: topic.to_owned(),
                body: encode_body(body),
                leases: Vec::new(),
            },
        )
    }

    /// So many running readers want a topic of the device's.
    pub fn demand(&mut self, topic: &str, readers: u32) -> Result<(), Failure> {
        self.tell(
            topics::DEMAND,
            &Demand {
                topic: topic.to_owned(),
                readers,
            },
        )
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
            DeviceName::try_from(source).map_err(|error| Failure::new(error.to_string()))?;
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
