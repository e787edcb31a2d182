//! The shell: carries events to the core and its actions to the world.

use crate::{
    backend::Backend,
    config::{Config, Senseless},
    core::{
        types::{Action, Event},
        Core, How, Refusal,
    },
    error::Error,
    watchdog::{Watchdog, BEAT},
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender, Time};
use dkvm_wire::{
    topics,
    vocab::{
        desk::{methods, DeskState, FocusTo},
        typist::TypistState,
        video::{Signal, VideoState},
    },
    ErrorCode, WireError,
};
use std::{collections::VecDeque, fs, time::Duration};
use tokio::time::Instant;

/// Holders are numbers that a page's JavaScript can hold.
const HOLDER_BITS: u32 = 53;
/// How long the last words may take when the device is told to end.
const FAREWELL: Duration = Duration::from_millis(300);
/// The devices of other nodes that are worked.
const HID: &str = "hid";
const CAPTURE: &str = "capture";
const TYPIST: &str = "typist";

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut device = Device::new(&link)?;
    // A stream, and streams start unwanted.
    device.sender.want(topics::INPUT_ACK)?;
    device.publish()?;
    link.ready()?;
    loop {
        let deadline = device.deadline();
        let event = tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => break,
                Incoming::Request(request) => {
                    device.request(request)?;
                    None
                }
                incoming => translate(incoming),
            },
            event = device.backend.next() => Some(event),
            () = sleep_until(deadline) => Some(Event::Tick),
        };
        if let Some(event) = event {
            device.turn(event)?;
        }
    }
    device.part(link).await
}

struct Device {
    core: Core,
    backend: Backend,
    sender: Sender,
    watchdog: Watchdog,
    started: Instant,
    /// When it was looked at the clock last.
    seen: Time,
    published: Option<DeskState>,
}

impl Device {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        let backend = Backend::new(&config)?;
        let holder = random_holder()?;
        let mut core = Core::new(config, holder)
            .map_err(|Senseless { key, reason }| link.refuse(key, reason))?;
        if let Some(former) = follow(holder) {
            core.succeed(former);
        }
        Ok(Self {
            core,
            backend,
            sender: link.sender(),
            watchdog: Watchdog::start().map_err(Error::Watchdog)?,
            started: Instant::now(),
            seen: Time::default(),
            published: None,
        })
    }

    fn now(&mut self) -> Time {
        self.seen = Time::at(self.started.elapsed());
        self.seen
    }

    /// When to come again. It goes on: asked before each wait.
    fn deadline(&self) -> Option<Instant> {
        let mut deadline = self.core.deadline();
        if self.core.has_grabbed() {
            self.watchdog.beat();
            let beat = self.seen.after(BEAT);
            deadline = Some(deadline.map_or(beat, |deadline| deadline.min(beat)));
        } else {
            self.watchdog.rest();
        }
        deadline.map(|deadline| self.started + deadline.since(Time::default()))
    }

    fn turn(&mut self, event: Event) -> Result<(), SendError> {
        let now = self.now();
        let actions = self.core.step(event, now);
        self.act(actions)?;
        self.publish()
    }

    /// Does what the core says, and takes what became of it through it too.
    fn act(&mut self, actions: Vec<Action>) -> Result<(), SendError> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            let grip = match action {
                Action::Send(node, state) => {
                    let to = format!("{node}/{HID}");
                    self.sender.emit_to(topics::INPUT, &state, &[&to])?;
                    continue;
                }
                Action::LetUp(id, codes) => {
                    self.backend.let_up(id, &codes);
                    continue;
                }
                Action::Light(id, leds) => {
                    self.backend.light(id, leds);
                    continue;
                }
                Action::Grab(id) => {
                    self.watchdog.beat();
                    Event::Gripped(id, self.backend.grab(id))
                }
                Action::Ungrab(id) => Event::Gripped(id, self.backend.ungrab(id)),
            };
            let now = self.now();
            actions.extend(self.core.step(grip, now));
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.core.state();
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::INPUT_STATE, &state)?;
            self.published = Some(state);
        }
        Ok(())
    }

    fn request(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.core.state()),
            methods::FOCUS => {
                let result = match request.decode() {
                    Ok(to) => self.focus(&to)?,
                    Err(error) => Err(error),
                };
                request.answer_with(result.map(|()| self.core.state()))
            }
            _ => request.unknown(),
        }
    }

    fn focus(&mut self, to: &FocusTo) -> Result<Result<(), WireError>, SendError> {
        let how = if to.steal { How::Steal } else { How::Call };
        let now = self.now();
        let (result, actions) = self.core.focus(to.node.as_deref(), how, now);
        self.act(actions)?;
        self.publish()?;
        Ok(result.map_err(|refusal| {
            let code = match refusal {
                Refusal::Busy { .. } => ErrorCode::Conflict,
                Refusal::Unreachable { .. } | Refusal::NoWayBack { .. } => ErrorCode::Unavailable,
            };
            WireError::new(code, refusal.to_string())
        }))
    }

    /// Nothing stays pressed at a target, and nothing grabbed here.
    async fn part(mut self, mut link: Link) -> Result<(), Fault> {
        let end = Instant::now() + FAREWELL;
        self.turn(Event::Goodbye)?;
        while !self.core.is_done() && Instant::now() < end {
            let until = self.deadline().map_or(end, |deadline| deadline.min(end));
            let event = tokio::select! {
                incoming = link.next() => match incoming {
                    Ok(incoming) => translate(incoming).unwrap_or(Event::Tick),
                    // Nobody listens any more.
                    Err(_) => break,
                },
                event = self.backend.next() => event,
                () = tokio::time::sleep_until(until) => Event::Tick,
            };
            self.turn(event)?;
        }
        Ok(())
    }
}

/// What of it is for the core.
fn translate(incoming: Incoming) -> Option<Event> {
    match incoming {
        Incoming::Event {
            topic,
            body,
            source,
            ..
        } => {
            let node = node_of(&source.name);
            match topic.as_str() {
                topics::HID_STATE => Some(Event::Hid(node?, understood(body.decode(&topic))?)),
                topics::INPUT_ACK => Some(Event::Ack(node?, understood(body.decode(&topic))?)),
                topics::VIDEO_STATE => {
                    let state: VideoState = understood(body.decode(&topic))?;
                    let size = match state.signal {
                        Signal::Ok => (state.mode.width, state.mode.height),
                        // It comes back in the size that it had, as a rule.
                        _ => return None,
                    };
                    Some(Event::Screen(node?, size))
                }
                topics::TYPIST_STATE => {
                    let state: TypistState = understood(body.decode(&topic))?;
                    Some(Event::Layout(node?, state.layout))
                }
                topics::PEER_STATE => understood(body.decode(&topic)).map(Event::Peers),
                _ => None,
            }
        }
        Incoming::SourceGone { source, .. } => match (source.node(), source.device()) {
            (Some(node), HID) => Some(Event::HidGone(node.to_owned())),
            (Some(_), _) => None,
            (None, _) => Some(Event::PeersGone),
        },
        _ => None,
    }
}

/// The node of a device that is worked.
fn node_of(source: &str) -> Option<String> {
    let (node, device) = source.split_once('/')?;
    [HID, CAPTURE, TYPIST]
        .contains(&device)
        .then(|| node.to_owned())
}

/// A message that makes no sense is told and dropped: its sender may be of another version.
fn understood<T>(body: Result<T, dkvm_wire::DecodeError>) -> Option<T> {
    body.map_err(|error| dkvm_sdk::warn!("{error}")).ok()
}

fn random_holder() -> Result<u64, Fault> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    // 0 is nobody.
    Ok((u64::from_le_bytes(bytes) >> (u64::BITS - HOLDER_BITS)).max(1))
}

/// Keeps its number for its next life, and says the one of its last.
fn follow(holder: u64) -> Option<u64> {
    let path = dkvm_sdk::run_dir()?.join("holder");
    let former = fs::read_to_string(&path).ok();
    if let Err(error) = fs::write(&path, holder.to_string()) {
        dkvm_sdk::debug!("{} cannot be written: {error}", path.display());
    }
    former?.trim().parse().ok()
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
