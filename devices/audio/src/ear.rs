//! The thread that hears: from a card to `audio.speaker`.

use crate::{
    backend::{Backend, Capture, Card, Heard, SoundError},
    core::{
        chunker::{Chunker, Count},
        Rate,
    },
    shared::{Orders, Place, Shared, Wanted},
    turns::{self, Worker, PATIENCE},
};
use dkvm_sdk::{monotonic, SendError};
use dkvm_wire::vocab::audio::Speaker;
use std::{sync::Arc, time::Duration};

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

impl Worker for Ear {
    fn step(&mut self, orders: &Orders) -> Result<Option<Duration>, SoundError> {
        let Some(place) = &orders.place else {
            self.shut();
            self.shared.tell(&self.shared.ear, |facts| {
                facts.rate = Rate::NONE;
                facts.trouble = None;
            });
            return Ok(Some(turns::pause(Wanted::No)));
        };
        let rate = self.look(place, orders.wanted)?;
        self.shared
            .tell(&self.shared.ear, |facts| facts.rate = rate);
        if orders.wanted == Wanted::No || rate == Rate::NONE {
            self.close();
            self.shared.is_well(&self.shared.ear);
            return Ok(Some(turns::pause(orders.wanted)));
        }
        self.listen(rate)?;
        Ok(None)
    }

    fn shut(&mut self) {
        self.close();
        self.card = None;
    }
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
        let shared = self.shared.clone();
        turns::run(&shared, &shared.ear, &mut self);
    }

    fn close(&mut self) {
        if let Some(listening) = self.listening.take() {
            self.count = listening.chunker.count();
        }
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
            self.shared.is_well(&self.shared.ear);
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
    u64::try_from(monotonic().as_nanos()).unwrap_or(u64::MAX)
}
