//! A card for machines without one: it plays a tone to whoever listens and takes what is said.

use super::{Capture, Card, Heard, Playback, Room, SoundError};
use crate::core::Rate;
use dkvm_wire::vocab::audio::SoundSource;
use std::time::{Duration, Instant};

/// Hertz, a divisor of the rate.
const TONE: usize = 1000;
/// Far from the loudest.
const LOUD: f32 = 8000.0;
/// Frames at a time: 10 ms.
const PIECE: usize = 480;

pub fn cards() -> Vec<SoundSource> {
    vec![SoundSource {
        id: "dummy".to_owned(),
        title: "a tone".to_owned(),
    }]
}

pub struct DummyCard;

impl Card for DummyCard {
    fn plays(&mut self) -> Result<Rate, SoundError> {
        Ok(Rate::WIRE)
    }
    fn records(&mut self) -> Result<Rate, SoundError> {
        Ok(Rate::WIRE)
    }
    fn capture(&mut self, _: Rate) -> Result<(Box<dyn Capture>, Rate), SoundError> {
        Ok((Box::new(Clocked::default()), Rate::WIRE))
    }
    fn playback(
        &mut self,
        _: Rate,
        channels: usize,
        waiting: usize,
    ) -> Result<Box<dyn Playback>, SoundError> {
        Ok(Box::new(Sink {
            channels: channels.max(1),
            waiting,
            clock: Clocked::default(),
        }))
    }
}

/// Counts frames by the clock of this machine.
struct Clocked {
    began: Instant,
    done: usize,
}

impl Default for Clocked {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            done: 0,
        }
    }
}

impl Clocked {
    fn due(&self) -> usize {
        usize::try_from(self.began.elapsed().as_micros() * 48 / 1000).unwrap_or(0)
    }

    /// Whether a piece is due, after at most that time.
    fn awaits(&self, patience: Duration) -> bool {
        if self.due() < self.done + PIECE {
            std::thread::sleep(patience.min(Duration::from_millis(10)));
        }
        self.due() >= self.done + PIECE
    }
}

impl Capture for Clocked {
    fn hear(&mut self, patience: Duration) -> Result<Heard, SoundError> {
        if !self.awaits(patience) {
            return Ok(Heard::Nothing);
        }
        let frames = (self.done..self.done + PIECE).flat_map(|at| [sample(at); 2]);
        self.done += PIECE;
        Ok(Heard::Frames(frames.collect()))
    }
}

#[allow(clippy::cast_possible_truncation)] // well within
fn sample(at: usize) -> i16 {
    let period = 48_000 / TONE;
    let phase = (at % period) as f32 / period as f32;
    ((phase * std::f32::consts::TAU).sin() * LOUD) as i16
}

struct Sink {
    channels: usize,
    waiting: usize,
    clock: Clocked,
}

impl Playback for Sink {
    fn room(&mut self, patience: Duration) -> Result<Room, SoundError> {
        let free = if self.clock.awaits(patience) {
            PIECE
        } else {
            0
        };
        Ok(Room {
            free,
            waiting: self.waiting,
            ran_out: 0,
        })
    }
    fn say(&mut self, samples: &[i16]) -> Result<(), SoundError> {
        self.clock.done += samples.len() / self.channels;
        Ok(())
    }
}
