//! The shell: carries events to the core and its actions to the world.

use crate::{
    backend::{Backend, Opened, Said},
    config::Config,
    core::{focus::Source, Action, Bus, Core, Event, Usb},
    jiggle::{self, Keeper},
    reports::{Form, Function},
    store::Store,
};
use dkvm_sdk::{monotonic, Fault, Incoming, Link, Request, SendError, Sender, Time};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::{GadgetState, UsbState},
        input::{methods, HidState, InputState, Link as Endpoint},
    },
};
use std::{collections::VecDeque, time::Duration};
use tokio::time::{sleep_until, Instant};

/// How long the last neutral reports may take when the device is told to end.
const FAREWELL: Duration = Duration::from_millis(100);

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut device = Device::new(&link)?;
    device.turn(Event::Jiggle(jiggle::kept()))?;
    device.announce()?;
    loop {
        let deadline = device.core.deadline().and_then(|due| device.instant(due));
        let event = tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => break,
                Incoming::Request(request) => device.request(request)?,
                incoming => device.translate(incoming),
            },
            said = device.backend.next() => Some(heard(said)),
            () = come(deadline) => Some(Event::Tick),
        };
        if let Some(event) = event {
            device.turn(event)?;
        }
    }
    device.part().await
}

struct Device {
    core: Core,
    backend: Backend,
    store: Store,
    keeper: Keeper,
    sender: Sender,
    /// One moment by both clocks, so that neither is asked before each wait.
    begun: (Instant, Time),
    gadget: Option<String>,
    published: Option<HidState>,
    told: Option<Readiness>,
}

/// What the kernel was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Ready,
    NoFunctions,
}

impl Device {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        let (store, record) = Store::open();
        // In this order: where something comes between the two, what is due comes later by that and never before it is.
        let now = now();
        let begun = (Instant::now(), now);
        Ok(Self {
            core: Core::new(record, now),
            backend: Backend::new(&config)?,
            store,
            keeper: Keeper::new(),
            sender: link.sender(),
            begun,
            gadget: None,
            published: None,
            told: None,
        })
    }

    /// The same by tokio's clock; nothing beyond its end.
    fn instant(&self, time: Time) -> Option<Instant> {
        let (instant, begun) = self.begun;
        instant.checked_add(time.since(begun))
    }

    fn translate(&mut self, incoming: Incoming) -> Option<Event> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                source,
                ..
            } => match topic.as_str() {
                topics::INPUT => {
                    let state: InputState = understood(body.decode(&topic))?;
                    Some(Event::Input {
                        source: Source {
                            name: source.name,
                            generation: source.generation.0,
                        },
                        state,
                    })
                }
                topics::GADGET_STATE => {
                    let state: GadgetState = understood(body.decode(&topic))?;
                    self.gadget = Some(source.name);
                    self.backend.locate(&state.functions);
                    Some(Event::Usb(usb(&state)))
                }
                _ => None,
            },
            Incoming::SourceGone { source, generation } => {
                Some(self.gone(source.as_str(), generation.0))
            }
            _ => None,
        }
    }

    fn request(&self, request: Request) -> Result<Option<Event>, SendError> {
        match request.method() {
            methods::JIGGLE => self.jiggle(request),
            methods::GET => request.reply(&self.core.state()).map(|()| None),
            _ => request.unknown().map(|()| None),
        }
    }

    fn jiggle(&self, request: Request) -> Result<Option<Event>, SendError> {
        let every = request.decode().and_then(jiggle::checked);
        let event = every.as_ref().ok().copied().map(Event::Jiggle);
        if let Ok(every) = every {
            self.keeper.keep(every);
        }
        request.answer_with(every.map(|_| Nothing {}))?;
        Ok(event)
    }

    fn gone(&mut self, name: &str, generation: u32) -> Event {
        if self.gadget.as_deref() == Some(name) {
            return Event::Usb(Usb {
                binding: None,
                bus: Bus::Awake,
                form: None,
            });
        }
        Event::SourceGone(Source {
            name: name.to_owned(),
            generation,
        })
    }

    /// Takes an event through the core, does what it says, and takes the outcomes through it too.
    fn turn(&mut self, event: Event) -> Result<(), SendError> {
        let now = now();
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.core.step(event, now) {
                events.extend(self.act(action)?);
            }
        }
        self.publish()
    }

    fn act(&mut self, action: Action) -> Result<Option<Event>, SendError> {
        Ok(match action {
            Action::Save(record) => {
                self.store.save(&record);
                None
            }
            Action::Write(report) => {
                let outcome = self.backend.write(&report, self.core.form());
                Some(Event::Wrote(report.function(), outcome))
            }
            Action::Answer(function, fine) => {
                self.backend.answer(function, self.core.form(), fine);
                None
            }
            Action::Open(function) => Some(match self.backend.open(function) {
                Opened::Yes => Event::Opened(function),
                Opened::No => Event::NoDevice(function),
            }),
            Action::Ack { ack, to } => {
                match &to {
                    Some(to) => self.sender.emit_to(topics::INPUT_ACK, &ack, &[to])?,
                    None => self.sender.emit(topics::INPUT_ACK, &ack)?,
                }
                None
            }
        })
    }

    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.core.state();
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::HID_STATE, &state)?;
            self.published = Some(state);
            if self.told.is_some() {
                self.announce()?;
            }
        }
        Ok(())
    }

    /// Tells the kernel whether there is anything to write to.
    fn announce(&mut self) -> Result<(), SendError> {
        let absent = self.core.state().keyboard == Endpoint::Absent;
        let readiness = if absent {
            Readiness::NoFunctions
        } else {
            Readiness::Ready
        };
        if self.told.replace(readiness) == Some(readiness) {
            return Ok(());
        }
        let ready = match readiness {
            Readiness::Ready => dkvm_wire::Ready::default(),
            Readiness::NoFunctions => dkvm_wire::Ready {
                degraded: Some(NO_FUNCTIONS.to_owned()),
            },
        };
        self.sender.emit(topics::READY, &ready)
    }

    /// Nothing stays pressed.
    async fn part(mut self) -> Result<(), Fault> {
        let end = self.instant(now().after(FAREWELL));
        let mut event = Event::Goodbye;
        while !matches!(event, Event::Tick) {
            self.turn(event)?;
            if self.core.is_quiet() {
                break;
            }
            event = tokio::select! {
                said = self.backend.next() => heard(said),
                () = come(end) => Event::Tick,
            };
        }
        Ok(())
    }
}

const NO_FUNCTIONS: &str = "there is no keyboard to write to: the gadget device has bound none, or /dev/hidg0 is not this device's; \
                            see the gadget device's state";

/// A message that makes no sense is told and dropped: its sender may be of another version.
fn understood<T>(body: Result<T, dkvm_wire::DecodeError>) -> Option<T> {
    body.map_err(|error| dkvm_sdk::warn!("{error}")).ok()
}

fn heard(said: Said) -> Event {
    match said {
        Said::Writable(function) => Event::Writable(function),
        Said::Down(function) => Event::Down(function),
        Said::Leds(leds) => Event::Leds(leds),
        Said::Feature(function, bytes) => Event::Feature(function, bytes),
    }
}

fn usb(state: &GadgetState) -> Usb {
    let bus = match state.state {
        UsbState::Suspended => Bus::Asleep,
        UsbState::Unplugged => Bus::Unplugged,
        _ => Bus::Awake,
    };
    Usb {
        binding: Some(state.binding),
        bus,
        form: form(state),
    }
}

/// What the functions announce, where there are any.
fn form(state: &GadgetState) -> Option<Form> {
    let of = |function: Function| {
        state
            .functions
            .iter()
            .find(|one| one.name == function.name())
    };
    let told = of(Function::Absolute).or_else(|| of(Function::Relative))?;
    Some(Form::of_traits(told.traits.iter().map(String::as_str)))
}

/// By the machine's clock, so that it means the same after this device's own death.
fn now() -> Time {
    Time::at(monotonic())
}

async fn come(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
