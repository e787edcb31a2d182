//! The shell: carries requests and hid's answers to the core, and its input states to hid.

use crate::{
    config::{check_pace, Config, Senseless},
    core::{
        layout,
        plan::{plan, PlanError},
        time::Time,
        Core, Event, Keys, StartError,
    },
    error::Error,
};
use dkvm_sdk::{Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        input::InputState,
        typist::{methods, Checked, Text, TypistState},
    },
    ErrorCode, WireError,
};
use std::time::Duration;
use tokio::time::Instant;

/// Progress is told so often.
const TELL: Duration = Duration::from_millis(200);
/// Holders are numbers that a page's JavaScript can hold.
const HOLDER_BITS: u32 = 53;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let mut device = Device::new(&link)?;
    // A stream, and streams start unwanted.
    device.sender.want(topics::INPUT_ACK)?;
    device.publish()?;
    link.ready()?;
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                // hid releases what is held when its holder is gone.
                Incoming::Goodbye { .. } => return Ok(()),
                incoming => device.take(incoming)?,
            },
            () = sleep_until(device.deadline()) => device.turn(Event::Tick)?,
        }
        device.publish()?;
    }
}

struct Device {
    core: Core,
    config: Config,
    sender: Sender,
    started: Instant,
    published: Option<TypistState>,
    told: Instant,
}

impl Device {
    fn new(link: &Link) -> Result<Self, Error> {
        let config: Config = link.config()?;
        config
            .check()
            .map_err(|Senseless { key, reason }| link.refuse(key, reason))?;
        let now = Instant::now();
        Ok(Self {
            core: Core::new(random_holder()?),
            config,
            sender: link.sender(),
            started: now,
            published: None,
            told: now,
        })
    }

    fn now(&self) -> Time {
        Time::at(self.started.elapsed())
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), SendError> {
        match incoming {
            Incoming::Event { topic, body, .. } => {
                let event = match topic.as_str() {
                    topics::HID_STATE => body.decode(&topic).map(Event::Hid),
                    topics::INPUT_ACK => body.decode(&topic).map(Event::Ack),
                    _ => return Ok(()),
                };
                match event {
                    Ok(event) => self.turn(event),
                    Err(error) => {
                        dkvm_sdk::warn!("{error}");
                        Ok(())
                    }
                }
            }
            Incoming::SourceGone { .. } => self.turn(Event::HidGone),
            Incoming::Request(request) => self.request(request),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, event: Event) -> Result<(), SendError> {
        let sent = self.core.step(event, self.now());
        self.send(sent)
    }

    fn send(&self, state: Option<InputState>) -> Result<(), SendError> {
        state.map_or(Ok(()), |state| self.sender.emit(topics::INPUT, &state))
    }

    fn request(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.state()),
            methods::CHECK => {
                let checked = self.prepare(&request).map(|(keys, _)| checked(&keys));
                request.answer_with(checked)
            }
            methods::TYPE => {
                let started = self.prepare(&request).and_then(|text| self.start(text));
                match started {
                    Ok((checked, state)) => {
                        request.reply(&checked)?;
                        self.send(state)
                    }
                    Err(error) => request.fail(error),
                }
            }
            methods::CANCEL => {
                request.reply(&Nothing {})?;
                self.turn(Event::Cancel)
            }
            _ => request.unknown(),
        }
    }

    /// The keys of a text and the pause after each, or why not.
    fn prepare(&self, request: &Request) -> Result<(Vec<Keys>, Duration), WireError> {
        let Text {
            text,
            layout,
            pace_ms,
        } = request.decode()?;
        let refused = |reason: String| WireError::new(ErrorCode::BadRequest, reason);
        let pace_ms = pace_ms.unwrap_or(self.config.pace_ms);
        check_pace(pace_ms).map_err(refused)?;
        let id = layout.as_deref().unwrap_or(&self.config.layout);
        let layout = layout::find(id).map_err(|error| refused(error.to_string()))?;
        let keys = plan(&layout, &text).map_err(|error: PlanError| refused(error.to_string()))?;
        Ok((keys, Duration::from_millis(u64::from(pace_ms))))
    }

    fn start(
        &mut self,
        (keys, pace): (Vec<Keys>, Duration),
    ) -> Result<(Checked, Option<InputState>), WireError> {
        let (checked, now) = (checked(&keys), self.now());
        let sent = self.core.start(keys, pace, now).map_err(not_now)?;
        Ok((checked, sent))
    }

    fn state(&self) -> TypistState {
        TypistState {
            holder: self.core.holder(),
            typing: self.core.typing(),
            last: self.core.last().cloned(),
            layouts: layout::list(),
            layout: self.config.layout.clone(),
        }
    }

    /// Beginnings and ends at once, progress now and then.
    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.state();
        let known = self.published.as_ref();
        let turned = known.is_none_or(|known| {
            known.typing.is_some() != state.typing.is_some() || known.last != state.last
        });
        let due = known != Some(&state) && self.told.elapsed() >= TELL;
        if turned || due {
            self.sender.emit(topics::TYPIST_STATE, &state)?;
            self.published = Some(state);
            self.told = Instant::now();
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let deadline = self.core.deadline()?;
        Some(self.started + deadline.since(Time::default()))
    }
}

fn checked(keys: &[Keys]) -> Checked {
    Checked {
        characters: u32::try_from(keys.len()).unwrap_or(u32::MAX),
    }
}

fn not_now(error: StartError) -> WireError {
    let code = match error {
        StartError::Busy | StartError::LettingGo => ErrorCode::Conflict,
        StartError::NoHid | StartError::NoKeyboard => ErrorCode::Unavailable,
    };
    WireError::new(code, error.to_string())
}

fn random_holder() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    // 0 is nobody.
    Ok((u64::from_le_bytes(bytes) >> (u64::BITS - HOLDER_BITS)).max(1))
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
