//! A blocking client of the control socket, for `dkvm ps` and the like.

use dkvm_wire::service::{methods, Nothing, Subscribe};
use dkvm_wire::{
    decode, decode_body, encode_body, encode_frame, topics, FrameDecoder, Generation, Goodbye,
    Hello, Message, Preamble, RequestId, Welcome, WireError, FORWARD_MARGIN, LIMIT_BEFORE_WELCOME,
    PREAMBLE_LEN, WIRE_VERSION,
};
use serde::{de::DeserializeOwned, Serialize};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;

/// The kernel answers within its own turn; a forwarded call within 10 s. Longer means that it hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);
/// What a side that has closed said before it is read within.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Events that wait while the client waits for an answer; the oldest go first.
const EVENTS_KEPT: usize = 4096;

/// Why the kernel could not be asked.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens there, or it may not be opened.
    #[error("no dKVM kernel answers at {path}: {source} (start one with `dkvm kernel`, or name its socket)")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What Linux said.
        source: io::Error,
    },
    /// The connection broke; [`Self::is_unsent`] says whether before the request was out.
    #[error("the connection to the kernel broke: {0}")]
    Broken(#[from] io::Error),
    /// Something else than a kernel of this protocol answered.
    #[error("what answers there does not speak this protocol: {0}")]
    Protocol(String),
    /// No answer in time.
    #[error("the kernel did not answer {0} in 12 s")]
    Timeout(String),
    /// The kernel, or the device asked, said no.
    #[error(transparent)]
    Refused(#[from] WireError),
}

impl ClientError {
    /// The request never got out whole: the other side did not hear it.
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::Broken(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// An event as it came, its body not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEvent {
    /// Its topic.
    pub topic: String,
    /// MessagePack.
    pub body: Vec<u8>,
    /// Whose event it is, when a device sent it.
    pub source: Option<(String, Generation)>,
}

impl ClientEvent {
    /// Reads the body.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        decode_body(&self.topic, &self.body).map_err(|e| ClientError::Protocol(e.to_string()))
    }
}

/// A connection to the control socket.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    decoder: FrameDecoder,
    last_id: u32,
    events: VecDeque<ClientEvent>,
    welcome: Option<Welcome>,
    limit: usize,
    /// Why the other side ends, once it has said so.
    farewell: Option<String>,
}

impl Client {
    /// Connects and shakes hands. The socket is `kernel.sock` in the kernel's `run_dir`.
    pub fn connect(socket: &Path) -> Result<Self, ClientError> {
        Self::connect_held(socket, None)
    }

    /// The same for a session that may only what these grants allow.
    pub fn connect_held(socket: &Path, grants: Option<Vec<String>>) -> Result<Self, ClientError> {
        let mut stream = UnixStream::connect(socket).map_err(|source| ClientError::Connect {
            path: socket.to_owned(),
            source,
        })?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(&Preamble::BYTES)?;
        let mut client = Self {
            stream,
            decoder: FrameDecoder::new(LIMIT_BEFORE_WELCOME),
            last_id: 0,
            events: VecDeque::new(),
            welcome: None,
            limit: LIMIT_BEFORE_WELCOME,
            farewell: None,
        };
        client.shake_hands(grants)?;
        Ok(client)
    }

    /// The hello does not wait for the other side's preamble: it may be a link away.
    fn shake_hands(&mut self, grants: Option<Vec<String>>) -> Result<(), ClientError> {
        let id = self.begin(methods::HELLO, &hello(grants))?;
        check_preamble(&mut self.stream)?;
        let welcome: Welcome = self.answer(id, methods::HELLO)?;
        self.limit = welcome.limits.frame as usize;
        self.decoder
            .set_limit(self.limit.saturating_add(FORWARD_MARGIN));
        self.welcome = Some(welcome);
        Ok(())
    }

    /// What the kernel said in its welcome; `connect` returns no client without one.
    pub fn welcome(&self) -> Option<&Welcome> {
        self.welcome.as_ref()
    }

    /// Asks and waits for the answer. `method` is a kernel's (`devices.list`) or a device's (`hid/status`).
    pub fn call<A: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        args: &A,
    ) -> Result<T, ClientError> {
        let body = self.call_raw(method, &encode_body(args))?;
        decode_body(method, &body).map_err(|e| ClientError::Protocol(e.to_string()))
    }

    /// The same without arguments.
    pub fn ask<T: DeserializeOwned>(&mut self, method: &str) -> Result<T, ClientError> {
        self.call(method, &Nothing {})
    }

    /// The same with bodies as MessagePack.
    pub fn call_raw(&mut self, method: &str, body: &[u8]) -> Result<Vec<u8>, ClientError> {
        let id = self.request(method, body)?;
        self.answer_raw(id, method)
    }

    /// Asks and does not wait: [`Self::answer`] does, for the oldest first.
    pub fn begin<A: Serialize>(
        &mut self,
        method: &str,
        args: &A,
    ) -> Result<RequestId, ClientError> {
        self.request(method, &encode_body(args))
    }

    /// The answer to what was begun. Answers to later requests that come before it are dropped: whoever has several under way
    /// gives all of them up with the first that fails.
    pub fn answer<T: DeserializeOwned>(
        &mut self,
        id: RequestId,
        method: &str,
    ) -> Result<T, ClientError> {
        let body = self.answer_raw(id, method)?;
        decode_body(method, &body).map_err(|e| ClientError::Protocol(e.to_string()))
    }

    fn request(&mut self, method: &str, body: &[u8]) -> Result<RequestId, ClientError> {
        self.last_id = self.last_id.wrapping_add(1);
        let id = RequestId(self.last_id);
        let source = None;
        self.send(&Message::Request {
            id,
            method,
            body,
            source,
        })?;
        Ok(id)
    }

    fn answer_raw(&mut self, id: RequestId, method: &str) -> Result<Vec<u8>, ClientError> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            match self.receive(deadline)? {
                Some(Got::Answer(of, result)) if of == id => return Ok(result?),
                Some(_) => {}
                None => return Err(ClientError::Timeout(method.to_owned())),
            }
        }
    }

    /// Asks for the kernel's own topics: `device.state`, `device.death`, `log`.
    pub fn subscribe(&mut self, wanted: &[&str]) -> Result<(), ClientError> {
        let topics = wanted.iter().map(|topic| (*topic).to_owned()).collect();
        self.call::<_, Nothing>(methods::EVENTS_SUBSCRIBE, &Subscribe { topics })?;
        Ok(())
    }

    /// The next event, or `None` when none came in time.
    pub fn next_event(&mut self, timeout: Duration) -> Result<Option<ClientEvent>, ClientError> {
        let deadline = Instant::now() + timeout;
        while self.events.is_empty() {
            if self.receive(deadline)?.is_none() {
                return Ok(None);
            }
        }
        Ok(self.events.pop_front())
    }

    fn send(&mut self, message: &Message<'_>) -> Result<(), ClientError> {
        let frame = encode_frame(&message.encode(), self.limit)
            .map_err(|e| ClientError::Protocol(e.to_string()))?;
        self.stream
            .write_all(&frame)
            .map_err(|error| self.unsent(error).into())
    }

    /// Whoever closed the connection has said why before, and that waits here unread.
    fn unsent(&mut self, error: io::Error) -> io::Error {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        if !matches!(error.kind(), BrokenPipe | ConnectionReset) {
            return error;
        }
        let deadline = Instant::now() + LAST_WORDS;
        while let Ok(Some(_)) = self.receive(deadline) {}
        match &self.farewell {
            Some(why) => io::Error::new(BrokenPipe, why.as_str()),
            None => io::Error::new(BrokenPipe, error),
        }
    }

    /// Reads one message; `None` when the deadline passed first. Events are put aside.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Got>, ClientError> {
        loop {
            let frame = self
                .decoder
                .next_frame()
                .map_err(|e| ClientError::Protocol(e.to_string()))?;
            if let Some(frame) = frame {
                let got = take(frame)?;
                return Ok(Some(self.put_aside(got)));
            }
            if !self.read_more(deadline)? {
                return Ok(None);
            }
        }
    }

    fn put_aside(&mut self, got: Got) -> Got {
        let Got::Event(event) = got else { return got };
        if event.topic == topics::GOODBYE {
            self.farewell = event.read::<Goodbye>().ok().map(|goodbye| goodbye.reason);
            return Got::Other;
        }
        if self.events.len() == EVENTS_KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
        Got::Other
    }

    fn ended(&self) -> io::Error {
        let why = self.farewell.as_deref().unwrap_or("the kernel ended");
        io::Error::new(io::ErrorKind::UnexpectedEof, why)
    }

    fn read_more(&mut self, deadline: Instant) -> Result<bool, ClientError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(self.ended().into()),
            Ok(n) => {
                self.decoder.push(&buffer[..n]);
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(true),
            // It closed with our request unread; what it said before that came first.
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset && self.farewell.is_some() => {
                Err(self.ended().into())
            }
            Err(e) => Err(e.into()),
        }
    }
}

enum Got {
    Answer(RequestId, Result<Vec<u8>, WireError>),
    Event(ClientEvent),
    Other,
}

fn take(frame: &[u8]) -> Result<Got, ClientError> {
    let message = decode(frame).map_err(|e| ClientError::Protocol(e.to_string()))?;
    Ok(match message {
        Message::Response { id, result } => Got::Answer(id, result.map(<[u8]>::to_vec)),
        Message::Event {
            topic,
            body,
            source,
            ..
        } => Got::Event(ClientEvent {
            topic: topic.to_owned(),
            body: body.to_vec(),
            source: source.map(|s| (s.name.to_owned(), s.generation)),
        }),
        Message::Request { .. } => Got::Other,
    })
}

fn check_preamble(stream: &mut UnixStream) -> Result<(), ClientError> {
    let mut bytes = [0; PREAMBLE_LEN];
    stream.read_exact(&mut bytes)?;
    Preamble::check(bytes).map_err(|e| ClientError::Protocol(e.to_string()))?;
    Ok(())
}

fn hello(grants: Option<Vec<String>>) -> Hello {
    Hello {
        wire: WIRE_VERSION,
        device: "cli".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        features: Vec::new(),
        consumes: Vec::new(),
        produces: Vec::new(),
        grants,
    }
}
