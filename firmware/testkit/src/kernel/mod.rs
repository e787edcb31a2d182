//! The kernel as one device sees it, played by a test.

mod expect;
mod say;
mod serve;

use crate::{
    launch::Launch,
    memory::Memory,
    run::{self, Run},
    setup::Setup,
    wire::{Event, Received, Wire},
    Failure,
};
use dkvm_wire::{
    decode_body, encode_body, service::methods, Hello, LeaseRef, Message, Preamble, RequestId,
    Welcome, WireError,
};
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

/// How long the last lines of an ended device are waited for, before a failure is told.
const LAST_WORDS: Duration = Duration::from_millis(500);

type Answerer = Box<dyn FnMut(&[u8]) -> Result<Vec<u8>, WireError>>;

/// A frame that the device published.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame<T> {
    /// The event's body.
    pub info: T,
    /// The payload, copied.
    pub bytes: Vec<u8>,
    /// The lease it came by; given back already.
    pub lease: LeaseRef,
}

/// The kernel as one device sees it, played by a test.
///
/// It answers the memory services by itself, with real shared memory; it answers other calls as
/// [`FakeKernel::answer`] says, else with `unknown_method`. Whatever waits, waits up to 15 s and then gives
/// a [`Failure`] that carries the device's log. Dropping it kills the device and all of its children.
pub struct FakeKernel {
    wire: Wire,
    run: Run,
    patience: Duration,
    memory: Memory,
    hello: Option<Hello>,
    /// Not looked at by the test yet.
    events: VecDeque<Event>,
    /// Not fetched by the asker yet.
    responses: HashMap<RequestId, Result<Vec<u8>, WireError>>,
    answers: HashMap<String, Answerer>,
    unanswered: Vec<String>,
    calls: Vec<String>,
    last_id: u32,
    output: Output,
}

/// Whether the device can still say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Open,
    Closed,
}

impl FakeKernel {
    /// Starts a device and shakes hands with it.
    pub fn start(launch: Launch, setup: Setup) -> Result<Self, Failure> {
        let mut kernel = Self::start_silent(launch)?;
        let hello = kernel.greet()?;
        kernel.welcome(hello, &setup)?;
        Ok(kernel)
    }

    /// Starts a device and says nothing.
    pub(crate) fn start_silent(launch: Launch) -> Result<Self, Failure> {
        let patience = launch.patience;
        let (run, pipes) = run::start(launch)?;
        Ok(Self {
            wire: Wire::new(pipes),
            run,
            patience,
            memory: Memory::new()?,
            hello: None,
            events: VecDeque::new(),
            responses: HashMap::new(),
            answers: HashMap::new(),
            unanswered: Vec::new(),
            calls: Vec::new(),
            last_id: 0,
            output: Output::Open,
        })
    }

    /// Sends the preamble and takes the device's `hello`, whose id it gives.
    pub(crate) fn greet(&mut self) -> Result<RequestId, Failure> {
        // A device that ended before it read is told by what it did not send.
        let _ = self.wire.send_raw(&Preamble::BYTES);
        match self.wire.receive(Instant::now() + self.patience) {
            Some(Received::Request { id, method, body }) if method == methods::HELLO => {
                self.hello = Some(decode_body(methods::HELLO, &body)?);
                Ok(id)
            }
            other => Err(self.failure(format!("no hello, but {}", told(other.as_ref())))),
        }
    }

    fn welcome(&mut self, hello: RequestId, setup: &Setup) -> Result<(), Failure> {
        let welcome = self.welcome_of(setup)?;
        self.respond(hello, Ok(&encode_body(&welcome)))
    }

    pub(crate) fn welcome_of(&self, setup: &Setup) -> Result<Welcome, Failure> {
        let welcome = setup.welcome(self.memory.dir());
        welcome.map_err(|error| Failure::new(error.to_string()))
    }

    pub(crate) fn respond(
        &mut self,
        id: RequestId,
        result: Result<&[u8], WireError>,
    ) -> Result<(), Failure> {
        self.wire.send(&Message::Response { id, result })
    }

    /// What the device said of itself.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Its process id, if it is a process.
    pub fn pid(&self) -> Option<u32> {
        self.run.pid()
    }

    /// Its log so far.
    pub fn log(&self) -> Vec<String> {
        self.run.log.lines()
    }

    /// The methods it called so far, the memory services included.
    pub fn calls(&self) -> &[String] {
        &self.calls
    }

    pub(crate) fn failure(&self, what: impl Into<String>) -> Failure {
        if self.output == Output::Closed {
            // Its last words are on their way.
            self.run.log.wait_for_end(LAST_WORDS);
        }
        Failure::new(what).with_log(self.log())
    }
}

fn told(received: Option<&Received>) -> String {
    match received {
        None => "nothing in time".to_owned(),
        Some(Received::End) => "the end of its output".to_owned(),
        Some(Received::Broken(why)) => why.clone(),
        Some(Received::Request { method, .. }) => format!("a request {method}"),
        Some(Received::Response { id, .. }) => format!("a response to {id}"),
        Some(Received::Event(event)) => format!("an event {}", event.topic),
    }
}
