use crate::{
    identity::Identity, intake::Intake, link::Link, reader, shared::Shared, stdio, writer::Writer,
    SendError,
};
use dkvm_wire::{
    decode, decode_body, encode_body, service::methods, DecodeError, FrameDecoder, FrameError,
    Message, Preamble, PreambleError, RequestId, Welcome, WireError, FORWARD_MARGIN,
    LIMIT_BEFORE_WELCOME, PREAMBLE_LEN, WIRE_VERSION,
};
use rustix::{
    event::{poll, PollFd, PollFlags, Timespec},
    io::Errno,
};
use std::{
    io::{self, IsTerminal},
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;

/// The kernel answers `hello` at once; one that does not is no kernel.
const WELCOME_DEADLINE: Duration = Duration::from_secs(10);
const READ_CHUNK: usize = 4096;
const HELLO_ID: RequestId = RequestId(0);

/// Why there is no link to the kernel.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// fds 0 and 1 could not be taken.
    #[error("standard input and output cannot be set up: {0}")]
    Stdio(#[source] io::Error),
    /// A person started it.
    #[error("standard input is a terminal; a device is started by `dkvm kernel`, not by hand")]
    ByHand,
    /// The other side is no kernel.
    #[error(
        "the other side is no dKVM kernel; a device is started by `dkvm kernel`, not by hand: {0}"
    )]
    Preamble(#[from] PreambleError),
    /// It went away.
    #[error("the other side closed the connection before its welcome; a device is started by `dkvm kernel`, not by hand")]
    Closed,
    /// It said nothing.
    #[error("no welcome from the kernel within {} s", WELCOME_DEADLINE.as_secs())]
    Silent,
    /// It refused.
    #[error("the kernel refused this device: {0}")]
    Rejected(WireError),
    /// Its answer is not what the protocol says.
    #[error("the kernel broke the wire protocol: {0}")]
    Decode(#[from] DecodeError),
    /// The same, in the framing.
    #[error("the kernel broke the wire protocol: {0}")]
    Frame(#[from] FrameError),
    /// Its first message is not the answer to `hello`.
    #[error("the kernel's first message is not the answer to hello")]
    OutOfTurn,
    /// It speaks another major version.
    #[error("the kernel speaks wire protocol {kernel}, this device {own}: update the older of the two", own = WIRE_VERSION.major)]
    #[allow(missing_docs)]
    Version { kernel: u16 },
    /// Reading failed.
    #[error("reading from the kernel failed: {0}")]
    Read(#[source] io::Error),
    /// Writing failed.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Takes fds 0 and 1, shakes hands with the kernel, and reads from then on in a thread of its own.
/// Call it first thing in `main`.
pub fn connect(identity: Identity) -> Result<Link, ConnectError> {
    let (input, output) = take_stdio()?;
    connect_over(input, output, identity)
}

pub(crate) fn take_stdio() -> Result<(OwnedFd, OwnedFd), ConnectError> {
    if io::stdin().is_terminal() {
        return Err(ConnectError::ByHand);
    }
    stdio::take().map_err(|error| ConnectError::Stdio(error.into()))
}

/// The same over any two descriptors, for tests and for clients of the control socket.
pub fn connect_over(
    input: OwnedFd,
    output: OwnedFd,
    identity: Identity,
) -> Result<Link, ConnectError> {
    let connection = shake_hands(input, output, identity)?;
    Ok(Link::new(reader::in_thread(connection)))
}

/// A connection after `welcome`, of which nobody reads yet.
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) input: OwnedFd,
    pub(crate) intake: Intake,
}

pub(crate) fn shake_hands(
    input: OwnedFd,
    output: OwnedFd,
    identity: Identity,
) -> Result<Connection, ConnectError> {
    let writer = Writer::new(output);
    let hello = encode_body(&identity.hello());
    let request = Message::Request {
        id: HELLO_ID,
        method: methods::HELLO,
        body: &hello,
        source: None,
    };
    writer.send_raw(&Preamble::BYTES)?;
    writer.send(methods::HELLO, &request)?;
    let mut listener = Listener {
        input: &input,
        deadline: Instant::now() + WELCOME_DEADLINE,
    };
    let mut decoder = FrameDecoder::new(LIMIT_BEFORE_WELCOME);
    listener.preamble(&mut decoder)?;
    let welcome = welcome(listener.frame(&mut decoder)?)?;
    let limit = welcome.limits.frame as usize;
    decoder.set_limit(limit.saturating_add(FORWARD_MARGIN));
    writer.set_limit(limit);
    let shared = Shared::new(writer, welcome);
    Ok(Connection {
        shared: Arc::new(shared),
        input,
        intake: Intake::new(decoder),
    })
}

fn welcome(frame: Vec<u8>) -> Result<Welcome, ConnectError> {
    let Message::Response {
        id: HELLO_ID,
        result,
    } = decode(&frame)?
    else {
        return Err(ConnectError::OutOfTurn);
    };
    let welcome: Welcome = decode_body("welcome", result.map_err(ConnectError::Rejected)?)?;
    if welcome.wire.major != WIRE_VERSION.major {
        return Err(ConnectError::Version {
            kernel: welcome.wire.major,
        });
    }
    Ok(welcome)
}

/// Reads with a deadline, before any executor runs.
struct Listener<'a> {
    input: &'a OwnedFd,
    deadline: Instant,
}

impl Listener<'_> {
    fn preamble(&mut self, decoder: &mut FrameDecoder) -> Result<(), ConnectError> {
        let mut head = Vec::new();
        loop {
            head.extend(self.read()?);
            if let Some((preamble, rest)) = head.split_first_chunk::<PREAMBLE_LEN>() {
                Preamble::check(*preamble)?;
                decoder.push(rest);
                return Ok(());
            }
        }
    }

    fn frame(&mut self, decoder: &mut FrameDecoder) -> Result<Vec<u8>, ConnectError> {
        loop {
            if let Some(frame) = decoder.next_frame()? {
                return Ok(frame.to_vec());
            }
            decoder.push(&self.read()?);
        }
    }

    fn read(&mut self) -> Result<Vec<u8>, ConnectError> {
        let mut chunk = vec![0; READ_CHUNK];
        loop {
            self.wait()?;
            match rustix::io::read(self.input, &mut chunk[..]) {
                Ok(0) => return Err(ConnectError::Closed),
                Ok(length) => {
                    chunk.truncate(length);
                    return Ok(chunk);
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(ConnectError::Read(error.into())),
            }
        }
    }

    fn wait(&self) -> Result<(), ConnectError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        match poll(
            &mut [PollFd::new(self.input, PollFlags::IN)],
            timeout.as_ref(),
        ) {
            Ok(0) => Err(ConnectError::Silent),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(ConnectError::Read(error.into())),
        }
    }
}
