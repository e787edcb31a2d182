//! The shell: the port, the file, and the kernel, tied to the decisions.

use crate::{
    config::Config,
    core::{
        history::History,
        outgoing::{Outgoing, Refused},
        place::Place,
    },
    port::{self, Heard, Port},
    store::Store,
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::GadgetState,
        serial::{methods, HistoryFrom, SerialOutput, SerialState, SerialWrite},
    },
    ErrorCode, WireError,
};
use std::{fs::File, io, path::PathBuf, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

/// How long to wait before a port is opened again that hung up or could not be opened.
const REOPEN: Duration = Duration::from_millis(250);
/// How often Linux is asked whether it takes more, while something waits: it tells only some changes.
const PUMP: Duration = Duration::from_millis(10);
/// The count of bytes is told so often; what is wrong at once.
const TELL: Duration = Duration::from_millis(250);
/// The least time for a chunk of the target's words: 2 MiB a second at most, so that a target that says nonsense without a
/// pause takes its own time and not the node's. Linux holds it up meanwhile.
const BREATH: Duration = Duration::from_millis(2);

const CLOSED: &str = "the serial port cannot be opened";

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let Config {} = link.config()?;
    let mut device = Device::new(&link)?;
    device.publish()?;
    link.ready()?;
    loop {
        let deadline = device.deadline();
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                incoming => device.take(incoming)?,
            },
            happened = device.tty.next() => device.happened(happened)?,
            () = sleep_until(deadline) => {}
        }
        device.pump();
        device.publish()?;
    }
}

/// No name as a count of bytes.
#[derive(Debug, thiserror::Error)]
#[error("Linux gives no random number for the name of what is kept: {0}")]
struct NoRandom(#[source] getrandom::Error);

impl dkvm_sdk::Exit for NoRandom {
    fn exit_code(&self) -> dkvm_sdk::ExitCode {
        dkvm_sdk::ExitCode::TryAgain
    }
}

/// The terminal, wherever it stands.
enum Tty {
    Closed { again: Option<Instant> },
    Opening(PathBuf, JoinHandle<io::Result<File>>),
    Open { port: Port, rested: Instant },
}

enum Happened {
    TryAgain,
    Opened(io::Result<File>),
    Heard(io::Result<Heard>),
}

impl Tty {
    /// What happens to it next. Cancel-safe.
    async fn next(&mut self) -> Happened {
        match self {
            Self::Closed { again } => {
                sleep_until(*again).await;
                Happened::TryAgain
            }
            Self::Opening(_, opening) => Happened::Opened(match opening.await {
                Ok(result) => result,
                Err(error) => Err(error.into()),
            }),
            Self::Open { port, rested } => {
                tokio::time::sleep_until(*rested).await;
                Happened::Heard(port.hear().await)
            }
        }
    }
}

struct Device {
    tty: Tty,
    place: Place,
    /// Why the port is not open though it should be.
    failed: Option<String>,
    history: History,
    store: Store,
    outgoing: Outgoing,
    sender: Sender,
    started: Instant,
    published: Option<SerialState>,
    told: Instant,
}

impl Device {
    fn new(link: &Link) -> Result<Self, NoRandom> {
        let run = dkvm_sdk::run_dir();
        let (store, history) = Store::open(run.as_deref(), random()?);
        let now = Instant::now();
        Ok(Self {
            tty: Tty::Closed { again: None },
            place: Place::default(),
            failed: None,
            history,
            store,
            outgoing: Outgoing::default(),
            sender: link.sender(),
            started: now,
            published: None,
            told: now,
        })
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), SendError> {
        match incoming {
            Incoming::Event { topic, body, .. } if topic == topics::GADGET_STATE => {
                match body.decode::<GadgetState>(&topic) {
                    Ok(state) => self.locate(Place::of(&state)),
                    Err(error) => dkvm_sdk::warn!("{error}"),
                }
                Ok(())
            }
            Incoming::Request(request) => self.answer(request),
            _ => Ok(()),
        }
    }

    /// Another port, or the same bound anew, is opened anew; one that is taken down is let go at once.
    fn locate(&mut self, place: Place) {
        let moved = (&place.path, place.binding) != (&self.place.path, self.place.binding);
        self.place = place;
        if moved {
            self.failed = None;
            self.outgoing.clear();
            self.close();
            self.open();
        }
    }

    fn open(&mut self) {
        if let Some(path) = self.place.path.clone() {
            let opened = path.clone();
            let opening = tokio::task::spawn_blocking(move || port::open(&opened));
            self.tty = Tty::Opening(path, opening);
        }
    }

    /// Elsewhere: Linux waits up to 15 s for a target to take what was written.
    fn close(&mut self) {
        let again = self.place.path.as_ref().map(|_| Instant::now() + REOPEN);
        match std::mem::replace(&mut self.tty, Tty::Closed { again }) {
            Tty::Closed { .. } => {}
            Tty::Opening(_, opening) => {
                // What it opens is closed by the task's own end.
                drop(opening);
            }
            Tty::Open { port, .. } => {
                drop(tokio::task::spawn_blocking(move || drop(port.into_file())));
            }
        }
    }

    fn happened(&mut self, happened: Happened) -> Result<(), SendError> {
        match happened {
            Happened::TryAgain => self.open(),
            Happened::Opened(result) => self.opened(result.and_then(Port::new)),
            Happened::Heard(heard) => return self.heard(heard),
        }
        Ok(())
    }

    fn opened(&mut self, result: io::Result<Port>) {
        match result {
            Ok(port) => {
                self.failed = None;
                let rested = Instant::now();
                self.tty = Tty::Open { port, rested };
            }
            Err(error) => {
                let path = match &self.tty {
                    Tty::Opening(path, _) => path.display().to_string(),
                    _ => String::new(),
                };
                self.fail(format!("{CLOSED}: {path}: {error}"));
            }
        }
    }

    fn fail(&mut self, why: String) {
        if self.failed.as_ref() != Some(&why) {
            dkvm_sdk::warn!("{why}; it is tried again");
        }
        self.failed = Some(why);
        self.close();
    }

    fn heard(&mut self, heard: io::Result<Heard>) -> Result<(), SendError> {
        match heard {
            Ok(Heard::Bytes(bytes)) => {
                if let Tty::Open { rested, .. } = &mut self.tty {
                    *rested = Instant::now() + BREATH;
                }
                return self.said(bytes);
            }
            // A target that restarts, a cable: the port is there again at once.
            Ok(Heard::HungUp) => self.close(),
            Err(error) => self.fail(format!("the serial port cannot be read: {error}")),
        }
        Ok(())
    }

    /// Kept first: who asks after the event finds it.
    fn said(&mut self, data: Vec<u8>) -> Result<(), SendError> {
        let offset = self.history.said();
        let pieces = self.history.push(&data);
        self.store.save(&self.history, &pieces);
        let output = SerialOutput {
            log: self.history.log(),
            offset,
            data,
        };
        self.sender.emit(topics::SERIAL_OUTPUT, &output)
    }

    fn answer(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.state()),
            methods::HISTORY => {
                let from = request.decode::<HistoryFrom>();
                request.answer_with(from.map(|from| self.history.read(from)))
            }
            methods::WRITE => {
                let written = request.decode().and_then(|write| self.write(&write));
                request.answer_with(written)
            }
            _ => request.unknown(),
        }
    }

    fn write(&mut self, SerialWrite { data }: &SerialWrite) -> Result<Nothing, WireError> {
        if let Some(problem) = self.problem() {
            return Err(WireError::new(ErrorCode::Unavailable, problem));
        }
        self.listen();
        let now = self.now();
        let offered = self.outgoing.offer(data, now).map_err(|error| {
            let code = match error {
                Refused::TooLong | Refused::Empty => ErrorCode::BadRequest,
                Refused::Full => ErrorCode::Exhausted,
                Refused::Deaf(_) => ErrorCode::Unavailable,
            };
            WireError::new(code, error.to_string())
        });
        offered.map(|()| Nothing {})
    }

    /// Whether a target that was found deaf takes something now.
    fn listen(&mut self) {
        if let Tty::Open { port, .. } = &self.tty {
            if self.outgoing.is_deaf() && port.takes() {
                self.outgoing.listens();
            }
        }
    }

    /// Gives Linux what it takes, a little at a time.
    fn pump(&mut self) {
        let now = self.now();
        if let Tty::Open { port, .. } = &self.tty {
            while !self.outgoing.is_empty() && port.takes() {
                match port.write(self.outgoing.piece()) {
                    Ok(0) | Err(_) => break, // a port that is gone says so to whoever reads it
                    Ok(count) => self.outgoing.taken(count, now),
                }
            }
        }
        if let Some(count) = self.outgoing.tick(now) {
            dkvm_sdk::warn!("the target took nothing from its serial port for a while: {count} bytes for it were dropped");
        }
    }

    fn problem(&self) -> Option<String> {
        let place = self.place.problem.map(str::to_owned);
        let open = matches!(self.tty, Tty::Open { .. });
        place
            .or_else(|| self.failed.clone())
            .or_else(|| (!open).then(|| "the serial port is being opened".to_owned()))
    }

    fn state(&self) -> SerialState {
        SerialState {
            log: self.history.log(),
            said: self.history.said(),
            kept: self.history.kept(),
            waiting: u32::try_from(self.outgoing.len()).unwrap_or(u32::MAX),
            problem: self.problem(),
        }
    }

    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.state();
        let known = self.published.as_ref();
        if known == Some(&state) {
            return Ok(());
        }
        let turned = known.is_none_or(|known| known.problem != state.problem);
        if turned || self.told.elapsed() >= TELL {
            self.sender.emit(topics::SERIAL_STATE, &state)?;
            self.published = Some(state);
            self.told = Instant::now();
        }
        Ok(())
    }

    /// When to come again if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        if !self.outgoing.is_empty() {
            return Some(Instant::now() + PUMP);
        }
        let untold = self.published.as_ref() != Some(&self.state());
        untold.then(|| self.told + TELL)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

fn random() -> Result<u32, NoRandom> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    // 0 is no count.
    Ok(u32::from_le_bytes(bytes).max(1))
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
