//! The thread that hears: from a card to `audio.speaker`.

use crate::{
    backend::{Backend, Capture, Card, Heard, SoundError},
    core::{
        chunker::{Chunker, Count},
        Rate,
    },
    shared::{Orders, Place, Shared, Wanted},
};
use dkvm_sdk::SendError;
use dkvm_wire::vocab::audio::Speaker;
use std::{sync::Arc, time::Duration};

/// How often the card is asked whether the target plays while nobody listens: it is for the state alone.
const LOOK: Duration = Duration::from_millis(250);
/// While somebody listens: so much of the beginning is lost at most.
const LOOK_CLOSELY: Duration = Duration::from_millis(20);
/// How long one look at the card's frames waits; in between it is asked for its rate.
const PATIENCE: Duration = Duration::from_millis(100);
/// After a fault.
const AGAIN: Duration = Duration::from_millis(250);

/// A card that is heard.
struct Listening {
    capture: Box<dyn Capture>,
    chunker: Chunker,
    rate: Rate,
}

/// Where what is heard goes.
pub trait Out: Send {
    /// The next piece. An error ends the thread.
    fn piece(&mut self, piece: &Speaker) -> Result<(), SendError>;
}

/// The thread's own.
pub struct Ear {
    shared: Arc<Shared>,
    out: Box<dyn Out>,
    backend: Backend,
    card: Option<(Place, Box<dyn Card>)>,
    listening: Option<Listening>,
    count: Count,
}

impl Ear {
    /// Nothing is open yet.
    pub fn new(shared: Arc<Shared>, out: Box<dyn Out>, backend: Backend) -> Self {
        Self {
            shared,
            out,
            backend,
            card: None,
            listening: None,
            count: Count::default(),
        }
    }

    /// Until the link to the kernel is gone.
    pub fn run(mut self) {
        loop {
            let shared = self.shared.clone();
            shared.beat(&shared.ear);
            let orders = shared.ear.orders();
            match self.step(&orders) {
                Ok(Some(pause)) => shared.ear.rest(&orders, pause),
                Ok(None) => {}
                Err(SoundError::Link(_)) => return,
                Err(error) => self.fail(&orders, &error),
            }
        }
    }

    fn fail(&mut self, orders: &Orders, error: &SoundError) {
        self.close();
        self.card = None;
        let trouble = (!error.is_gone()).then(|| error.to_string());
        self.shared.tell(&self.shared.ear, |facts| {
            facts.rate = Rate::NONE;
            facts.trouble = trouble;
        });
        self.shared.ear.rest(orders, AGAIN);
    }

    fn close(&mut self) {
        if let Some(listening) = self.listening.take() {
            self.count = listening.chunker.count();
        }
    }

    /// Said of what is open, or is not wanted: until then what was in the way may be so still.
    fn is_well(&self) {
        self.shared
            .tell(&self.shared.ear, |facts| facts.trouble = None);
    }

    /// How long there is nothing to do, if there is nothing.
    fn step(&mut self, orders: &Orders) -> Result<Option<Duration>, SoundError> {
        let Some(place) = &orders.place else {
            self.close();
            self.card = None;
            self.shared.tell(&self.shared.ear, |facts| {
                facts.rate = Rate::NONE;
                facts.trouble = None;
            });
            return Ok(Some(LOOK));
        };
        let rate = self.look(place, orders.wanted)?;
        self.shared
            .tell(&self.shared.ear, |facts| facts.rate = rate);
        if orders.wanted == Wanted::No || rate == Rate::NONE {
            self.close();
            self.is_well();
            return Ok(Some(if orders.wanted == Wanted::Yes {
                LOOK_CLOSELY
            } else {
                LOOK
            }));
        }
        self.listen(rate)?;
        Ok(None)
    }

    /// At which rate there is sound.
    fn look(&mut self, place: &Place, wanted: Wanted) -> Result<Rate, SoundError> {
        if self.card.as_ref().is_none_or(|(open, _)| open != place) {
            self.close();
            self.card = Some((place.clone(), self.backend.card(place)?));
        }
        let Some((_, card)) = &mut self.card else {
            return Ok(Rate::NONE);
        };
        match place {
            Place::Gadget(_) => card.plays(),
            // A dongle gives sound whenever it is asked.
            Place::Card(_) | Place::Pcm(_) if wanted == Wanted::Yes => {
                Ok(self.listening.as_ref().map_or(Rate::WIRE, |open| open.rate))
            }
            Place::Card(_) | Place::Pcm(_) => Ok(Rate::NONE),
        }
    }

    fn listen(&mut self, rate: Rate) -> Result<(), SoundError> {
        if self.listening.as_ref().is_none_or(|open| open.rate != rate) {
            self.close();
            self.open(rate)?;
            self.is_well();
        }
        let Some(listening) = &mut self.listening else {
            return Ok(());
        };
        match listening.capture.hear(PATIENCE)? {
            Heard::Nothing => {}
            Heard::Lost => {
                listening.chunker.lost();
                self.shared
                    .tell(&self.shared.ear, |facts| facts.faults += 1);
            }
            Heard::Frames(frames) => {
                for chunk in listening.chunker.push(&frames, monotonic_ns())? {
                    self.out.piece(&chunk)?;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, wanted: Rate) -> Result<(), SoundError> {
        let Some((_, card)) = &mut self.card else {
            return Ok(());
        };
        let (capture, rate) = card.capture(wanted)?;
        self.listening = Some(Listening {
            capture,
            chunker: Chunker::new(rate, self.count)?,
            rate,
        });
        Ok(())
    }
}

/// The node's clock, as pictures have it.
fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}
