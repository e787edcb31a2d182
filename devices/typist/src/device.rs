//! The shell: carries requests and hid's answers to the core, and its input states to hid.

use crate::{
    config::{check_pace, Config, Senseless},
    core::{
        plan::{plan, PlanError},
        script::{check, script},
        Core, Event, Item, StartError,
    },
    error::Error,
    keeping::{told, Keeping},
    macros::{Change, Macros},
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender, Time};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        input::InputState,
        typist::{methods, Checked, Macro, MacroRef, MacroRun, MacroState, Text, TypistState},
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
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut device = Device::new(&link)?;
    // A stream, and streams start unwanted.
    device.sender.want(topics::INPUT_ACK)?;
    device.publish()?;
    link.ready()?;
    loop {
        let deadline = device.deadline();
        tokio::select! {
            incoming = link.next() => match incoming? {
                // hid releases what is held when its holder is gone.
                Incoming::Goodbye { .. } => return Ok(()),
                incoming => device.take(incoming)?,
            },
            written = device.keeping.written() => device.keeping.settle(written)?,
            () = sleep_until(deadline) => device.turn(Event::Tick)?,
        }
        device.publish()?;
    }
}

struct Device {
    core: Core,
    keeping: Keeping,
    told_macros: Option<MacroState>,
    config: Config,
    sender: Sender,
    started: Instant,
    published: Option<TypistState>,
    told: Instant,
}

impl Device {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        config
            .check()
            .map_err(|Senseless { key, reason }| link.refuse(key, reason))?;
        let now = Instant::now();
        Ok(Self {
            core: Core::new(random_holder()?),
            keeping: Keeping::new(Macros::load(dkvm_sdk::state_dir())),
            told_macros: None,
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
                let checked = self.prepare(&request).map(|(items, _)| checked(&items));
                request.answer_with(checked)
            }
            methods::TYPE => {
                let prepared = self.prepare(&request);
                self.begin(request, prepared)
            }
            methods::MACRO_RUN => {
                let prepared = self.prepare_macro(&request);
                self.begin(request, prepared)
            }
            methods::MACRO_LIST => request.reply(self.keeping.macros().state()),
            methods::MACRO_PUT => {
                let put = request.decode().and_then(|one| self.put(one));
                self.change(put, request)
            }
            methods::MACRO_REMOVE => {
                let removed = request.decode::<MacroRef>();
                self.change(removed.map(|one| Change::Remove(one.name)), request)
            }
            methods::CANCEL | methods::MACRO_CANCEL => {
                request.reply(&Nothing {})?;
                self.turn(Event::Cancel)
            }
            _ => request.unknown(),
        }
    }

    /// Starts what was prepared, and answers.
    fn begin(
        &mut self,
        request: Request,
        prepared: Result<Prepared, WireError>,
    ) -> Result<(), SendError> {
        match prepared.and_then(|prepared| self.start(prepared)) {
            Ok((checked, state)) => {
                request.reply(&checked)?;
                self.send(state)
            }
            Err(error) => request.fail(error),
        }
    }

    /// The keys of a text and the pause after each, or why not.
    fn prepare(&self, request: &Request) -> Result<Prepared, WireError> {
        let Text {
            text,
            layout,
            pace_ms,
        } = request.decode()?;
        let pace = self.pace(pace_ms)?;
        let layout = self.layout(layout.as_deref())?;
        let keys = plan(&layout, &text).map_err(|error: PlanError| refused(&error))?;
        Ok((keys.into_iter().map(Item::Keys).collect(), pace))
    }

    /// The same of a macro.
    fn prepare_macro(&self, request: &Request) -> Result<Prepared, WireError> {
        let MacroRun {
            name,
            layout,
            pace_ms,
        } = request.decode()?;
        let pace = self.pace(pace_ms)?;
        let layout = self.layout(layout.as_deref())?;
        let found = self.keeping.macros().get(&name).map_err(told)?;
        let items = script(&layout, &found.text)
            .map_err(|error| refused(&format!("the macro {name} was not run: {error}")))?;
        Ok((items, pace))
    }

    fn change(
        &mut self,
        change: Result<Change, WireError>,
        request: Request,
    ) -> Result<(), SendError> {
        match change {
            Ok(change) => self.keeping.ask(change, request),
            Err(error) => request.fail(error),
        }
    }

    /// Kept only when it can be run.
    fn put(&self, one: Macro) -> Result<Change, WireError> {
        let layout = self.layout(None)?;
        check(&layout, &one.text).map_err(|error| refused(&error))?;
        Ok(Change::Put(one))
    }

    fn pace(&self, pace_ms: Option<u32>) -> Result<Duration, WireError> {
        let pace_ms = pace_ms.unwrap_or(self.config.pace_ms);
        check_pace(pace_ms).map_err(|reason| refused(&reason))?;
        Ok(Duration::from_millis(u64::from(pace_ms)))
    }

    fn layout(&self, asked: Option<&str>) -> Result<dkvm_keymap::Layout, WireError> {
        let id = asked.unwrap_or(&self.config.layout);
        dkvm_keymap::find(id).map_err(|error| refused(&error))
    }

    fn start(
        &mut self,
        (items, pace): Prepared,
    ) -> Result<(Checked, Option<InputState>), WireError> {
        let (checked, now) = (checked(&items), self.now());
        let sent = self.core.start(items, pace, now).map_err(not_now)?;
        Ok((checked, sent))
    }

    fn state(&self) -> TypistState {
        TypistState {
            holder: self.core.holder(),
            typing: self.core.typing(),
            last: self.core.last().cloned(),
            layouts: dkvm_keymap::list(),
            layout: self.config.layout.clone(),
        }
    }

    /// Beginnings and ends at once, progress now and then.
    fn publish(&mut self) -> Result<(), SendError> {
        if self.told_macros.as_ref() != Some(self.keeping.macros().state()) {
            let state = self.keeping.macros().state().clone();
            self.sender.emit(topics::MACRO_STATE, &state)?;
            self.told_macros = Some(state);
        }
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

/// What is to be done, and the pause after each.
type Prepared = (Vec<Item>, Duration);

fn refused(error: &impl ToString) -> WireError {
    WireError::new(ErrorCode::BadRequest, error.to_string())
}

fn checked(items: &[Item]) -> Checked {
    Checked {
        characters: u32::try_from(items.len()).unwrap_or(u32::MAX),
    }
}

fn not_now(error: StartError) -> WireError {
    let code = match error {
        StartError::Busy | StartError::LettingGo => ErrorCode::Conflict,
        StartError::NoHid | StartError::NoKeyboard => ErrorCode::Unavailable,
    };
    WireError::new(code, error.to_string())
}

fn random_holder() -> Result<u64, Fault> {
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
