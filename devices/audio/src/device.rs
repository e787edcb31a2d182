//! The loop: who listens, whose microphone is open, what the gadget says; and what everybody is told of it.

use crate::{
    backend::Backend,
    config::Config,
    core::{
        from_bytes,
        holder::Holder,
        order::{Next, Order},
    },
    ear::{Ear, Out},
    error::Error,
    kept::Kept,
    mouth::Mouth,
    shared::{Orders, Place, Shared, Wanted},
};
use dkvm_sdk::{Fault, Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        audio::{
            methods, AudioState, ChooseSource, Microphone, MicrophoneRef, SoundSource, Speaker,
            GADGET, MICROPHONE_FRAMES,
        },
        gadget::GadgetState,
    },
    ErrorCode, WireError,
};
use std::{
    sync::{
        mpsc::{self, SyncSender, TrySendError},
        Arc,
    },
    thread,
    time::{Duration, Instant},
};

/// How often it is looked whether the threads live, a microphone is silent, or a card came or went.
const LOOK: Duration = Duration::from_millis(500);
/// A driver that has not come back after so long never will.
const STUCK: Duration = Duration::from_secs(10);
/// Choices of a source that wait for the card; people choose one at a time.
const CHOICES: usize = 8;
/// Channels of a microphone.
const MONO: usize = 1;
/// As the gadget device names it.
const FUNCTION: &str = "audio";

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let mut device = Device::start(&config, link.sender())?;
    // A stream, and streams start unwanted.
    device.sender.want(topics::AUDIO_MICROPHONE)?;
    device.settle()?;
    link.ready()?;
    let mut look = tokio::time::interval(LOOK);
    let news = device.shared.news.clone();
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                incoming => device.take(incoming)?,
            },
            () = news.notified() => {}
            _ = look.tick() => device.look()?,
        }
        device.settle()?;
    }
}

/// What is heard goes to whoever reads it.
struct Topic(Sender);

impl Out for Topic {
    fn piece(&mut self, piece: &Speaker) -> Result<(), SendError> {
        self.0.emit(topics::AUDIO_SPEAKER, piece)
    }
}

struct Device {
    began: Instant,
    shared: Arc<Shared>,
    sender: Sender,
    backend: Backend,
    source: String,
    /// To the thread that remembers it.
    keeper: SyncSender<(String, Request)>,
    /// The gadget's card, once the gadget device has said whether there is one.
    usb: Option<Option<String>>,
    cards: Vec<SoundSource>,
    listeners: Wanted,
    holder: Holder,
    /// Of a microphone whose pieces may overtake each other.
    order: Order,
    told: Option<AudioState>,
}

impl Device {
    fn start(config: &Config, sender: Sender) -> Result<Self, Fault> {
        let shared = Arc::new(Shared::default());
        let backend = Backend::new(config.backend);
        let ear = Ear::new(shared.clone(), Box::new(Topic(sender.clone())), backend);
        let mouth = Mouth::new(shared.clone(), backend, config.microphone_buffer_ms, MONO);
        spawn("ear", move || ear.run())?;
        spawn("mouth", move || mouth.run())?;
        let (kept, chosen) = Kept::open(dkvm_sdk::state_dir().as_deref());
        let (keeper, choices) = mpsc::sync_channel(CHOICES);
        spawn("keeper", move || kept.run(&choices))?;
        Ok(Self {
            began: Instant::now(),
            shared,
            sender,
            backend,
            source: chosen.unwrap_or_else(|| config.source.clone()),
            keeper,
            usb: None,
            cards: backend.cards(),
            listeners: Wanted::No,
            holder: Holder::default(),
            order: Order::new(config.microphone_buffer_ms),
            told: None,
        })
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), Fault> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                source,
                ..
            } => {
                let from = (source.name, source.generation);
                let done = match topic.as_str() {
                    topics::AUDIO_MICROPHONE => {
                        body.decode(&topic).map(|sound| self.hear(sound, from))
                    }
                    topics::GADGET_STATE => body.decode(&topic).map(|state| self.gadget(state)),
                    _ => Ok(()),
                };
                if let Err(error) = done {
                    dkvm_sdk::warn!("{error}");
                }
            }
            Incoming::Demand { topic, readers, .. } if topic == topics::AUDIO_SPEAKER => {
                self.listeners = if readers > 0 { Wanted::Yes } else { Wanted::No };
            }
            Incoming::Dropped { topic, .. } if topic == topics::AUDIO_MICROPHONE => {
                // This loop was too slow for the microphone.
                let shared = &self.shared;
                shared.tell(&shared.mouth, |facts| facts.faults += 1);
            }
            Incoming::SourceGone { source, generation } => {
                self.holder.gone(source.as_str(), generation)
            }
            Incoming::Request(request) => self.answer(request)?,
            _ => {}
        }
        Ok(())
    }

    fn hear(&mut self, sound: Microphone, from: (String, dkvm_wire::Generation)) {
        if !self.holder.hears(&sound.who, from, self.now()) {
            return;
        }
        let pieces = match sound.position {
            None => vec![Next::Sound(sound.data)],
            Some(position) => self.order.push(sound.who.holder, position, sound.data),
        };
        for piece in pieces {
            match piece {
                Next::Sound(data) => self.shared.hear(from_bytes(&data).take(MICROPHONE_FRAMES)),
                Next::Lost(frames) => self.shared.hear(std::iter::repeat_n(0, frames)),
            }
        }
    }

    fn gadget(&mut self, state: GadgetState) {
        let card = state
            .functions
            .into_iter()
            .find(|function| function.name == FUNCTION);
        self.usb = Some(
            card.map(|function| function.device)
                .filter(|device| !device.is_empty()),
        );
    }

    fn answer(&mut self, request: Request) -> Result<(), Fault> {
        let from = (request.source().name.clone(), request.source().generation);
        let done = match request.method() {
            methods::GET => {
                let state = self.state();
                return Ok(request.reply(&state)?);
            }
            methods::SOURCE => return self.choose(request),
            methods::MICROPHONE_OPEN => request.decode().and_then(|who| self.open(who, from)),
            methods::MICROPHONE_CLOSE => request
                .decode()
                .map(|who: MicrophoneRef| self.holder.close(who.holder)),
            _ => return Ok(request.unknown()?),
        };
        Ok(request.answer_with(done.map(|()| Nothing {}))?)
    }

    fn open(
        &mut self,
        who: MicrophoneRef,
        from: (String, dkvm_wire::Generation),
    ) -> Result<(), WireError> {
        let now = self.now();
        self.holder.open(who, from, now).map_err(|other| {
            let message = format!("the microphone of {other} is open already: one at a time");
            WireError::new(ErrorCode::Conflict, message)
        })
    }

    fn choose(&mut self, request: Request) -> Result<(), Fault> {
        match request.decode().and_then(|to| self.there(to)) {
            Ok(source) => match self.keeper.try_send((source.clone(), request)) {
                Ok(()) => self.source = source,
                Err(
                    TrySendError::Full((_, request)) | TrySendError::Disconnected((_, request)),
                ) => {
                    let message =
                        "the card is slow to keep earlier choices: choose again in a moment";
                    request.fail(WireError::new(ErrorCode::Exhausted, message))?;
                }
            },
            Err(error) => request.fail(error)?,
        }
        Ok(())
    }

    fn there(&mut self, to: ChooseSource) -> Result<String, WireError> {
        self.cards = self.backend.cards();
        if self.sources().iter().any(|source| source.id == to.source) {
            return Ok(to.source);
        }
        let message = self.missing(&to.source);
        Err(WireError::new(ErrorCode::NotFound, message))
    }

    /// Whether the threads live, and what time changed.
    fn look(&mut self) -> Result<(), Fault> {
        if self.shared.silence() > STUCK {
            return Err(Error::Stuck(STUCK.as_secs()).into());
        }
        self.cards = self.backend.cards();
        let now = self.now();
        self.holder.expire(now);
        Ok(())
    }

    /// Orders for the threads, and the state if it changed.
    fn settle(&mut self) -> Result<(), Fault> {
        let usb = self.usb.clone().flatten().map(Place::Gadget);
        let place = match self.source.as_str() {
            GADGET => usb.clone(),
            id => Some(Place::Card(id.to_owned())).filter(|_| self.is_there(id)),
        };
        self.shared.ear.order(Orders {
            place,
            wanted: self.listeners,
        });
        let wanted = self.holder.who().map_or(Wanted::No, |_| Wanted::Yes);
        self.shared.mouth.order(Orders { place: usb, wanted });
        let state = self.state();
        if self.told.as_ref() != Some(&state) {
            self.sender.emit(topics::AUDIO_STATE, &state)?;
            self.told = Some(state);
        }
        Ok(())
    }

    fn is_there(&self, id: &str) -> bool {
        self.cards.iter().any(|card| card.id == id)
    }

    fn sources(&self) -> Vec<SoundSource> {
        let own = SoundSource {
            id: GADGET.to_owned(),
            title: "the target's USB speakers".to_owned(),
        };
        [own]
            .into_iter()
            .chain(self.cards.iter().cloned())
            .collect()
    }

    fn missing(&self, id: &str) -> String {
        let names: Vec<_> = self.sources().into_iter().map(|source| source.id).collect();
        format!(
            "there is no sound card {id}: plug it in, or choose one of {}",
            names.join(", ")
        )
    }

    fn state(&self) -> AudioState {
        let (ear, mouth) = (self.shared.ear.facts(), self.shared.mouth.facts());
        AudioState {
            source: self.source.clone(),
            sources: self.sources(),
            usb: self.usb.as_ref().is_some_and(Option::is_some),
            playing: ear.rate.0,
            recording: mouth.rate.0,
            heard: self.listeners == Wanted::Yes,
            microphone: self.holder.who().cloned(),
            lost: ear.faults,
            starved: mouth.faults,
            message: self.message().or(ear.trouble).or(mouth.trouble),
        }
    }

    fn message(&self) -> Option<String> {
        match self.source.as_str() {
            GADGET if self.usb == Some(None) => {
                Some("the target has no sound card of this node: choose a USB profile with the function audio, as desk".to_owned())
            }
            GADGET => None,
            id => (!self.is_there(id)).then(|| self.missing(id)),
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map(|_| ()).map_err(Error::Thread)
}
