//! The thread that speaks: from `audio.microphone` to the gadget's card.

use crate::{
    backend::{Backend, Card, Playback, SoundError},
    core::{
        jitter::{Block, Jitter, BLOCK},
        Rate,
    },
    shared::{Orders, Place, Shared, Wanted},
    turns::{self, Worker, PATIENCE},
};
use std::{sync::Arc, time::Duration};

/// A target that is spoken to.
struct Speaking {
    playback: Box<dyn Playback>,
    jitter: Jitter,
    rate: Rate,
}

/// The thread's own.
pub struct Mouth {
    shared: Arc<Shared>,
    backend: Backend,
    wait_ms: u32,
    channels: usize,
    card: Option<(Place, Box<dyn Card>)>,
    speaking: Option<Speaking>,
}

impl Worker for Mouth {
    fn step(&mut self, orders: &Orders) -> Result<Option<Duration>, SoundError> {
        let rate = match &orders.place {
            Some(place) => self.look(place)?,
            None => {
                self.card = None;
                Rate::NONE
            }
        };
        self.shared
            .tell(&self.shared.mouth, |facts| facts.rate = rate);
        if orders.wanted == Wanted::No || rate == Rate::NONE {
            self.speaking = None;
            self.shared.is_well(&self.shared.mouth);
            // Said to nobody.
            self.shared.heard();
            return Ok(Some(turns::pause(orders.wanted)));
        }
        self.speak(rate)?;
        Ok(None)
    }

    fn shut(&mut self) {
        self.speaking = None;
        self.card = None;
    }
}

impl Mouth {
    /// So many ms of what comes wait for the one who hears it, half of them in the card.
    pub fn new(shared: Arc<Shared>, backend: Backend, wait_ms: u32, channels: usize) -> Self {
        Self {
            shared,
            backend,
            wait_ms,
            channels,
            card: None,
            speaking: None,
        }
    }

    /// For ever.
    pub fn run(mut self) {
        let shared = self.shared.clone();
        turns::run(&shared, &shared.mouth, &mut self);
    }

    /// At which rate the target records.
    fn look(&mut self, place: &Place) -> Result<Rate, SoundError> {
        if self.card.as_ref().is_none_or(|(open, _)| open != place) {
            self.speaking = None;
            self.card = Some((place.clone(), self.backend.card(place)?));
        }
        self.card
            .as_mut()
            .map_or(Ok(Rate::NONE), |(_, card)| card.records())
    }

    fn speak(&mut self, rate: Rate) -> Result<(), SoundError> {
        if self.speaking.as_ref().is_none_or(|open| open.rate != rate) {
            self.speaking = None;
            self.open(rate)?;
            self.shared.is_well(&self.shared.mouth);
        }
        let Some(speaking) = &mut self.speaking else {
            return Ok(());
        };
        let late = speaking.jitter.push(self.shared.heard().into_iter());
        let room = speaking.playback.room(PATIENCE)?;
        let mut samples = Vec::with_capacity(room.free);
        let mut faults = room.ran_out + u32::from(late > 0);
        for block in 0..room.free / BLOCK {
            let beyond = room.waiting + block * BLOCK;
            if speaking.jitter.pull(beyond, &mut samples)? == Block::Starved {
                faults += 1;
            }
        }
        if faults > 0 {
            self.shared
                .tell(&self.shared.mouth, |facts| facts.faults += faults);
        }
        speaking.playback.say(&samples)
    }

    fn open(&mut self, rate: Rate) -> Result<(), SoundError> {
        let Some((_, card)) = &mut self.card else {
            return Ok(());
        };
        let beyond = (rate.frames(self.wait_ms / 2) / BLOCK).max(2) * BLOCK;
        let playback = card.playback(rate, self.channels, beyond)?;
        self.speaking = Some(Speaking {
            playback,
            jitter: Jitter::new(rate, self.channels, self.wait_ms / 2, beyond)?,
            rate,
        });
        Ok(())
    }
}
