//! Sound cards: Linux's, or a dummy.

mod alsa;
mod dummy;
mod list;

use crate::{
    config::BackendKind,
    core::{resample::ResampleError, Rate},
    shared::Place,
};
use dkvm_wire::vocab::audio::SoundSource;
use std::time::Duration;
use thiserror::Error;

/// What went wrong with sound. Each is met by trying again.
#[derive(Debug, Error)]
pub enum SoundError {
    /// Opening.
    #[error("the sound card {card} cannot be opened: {source}; is it plugged in, and does another program use it?")]
    Open {
        /// Which.
        card: String,
        /// Why.
        source: ::alsa::Error,
    },
    /// Everything after that.
    #[error("the sound card {card} failed: {source}; it is tried again")]
    Work {
        /// Which.
        card: String,
        /// Why.
        source: ::alsa::Error,
    },
    /// It is another than was asked for.
    #[error("{card} takes no {channels} channels at {rate} a second: choose one that does, as \"default\"")]
    Form {
        /// Which.
        card: String,
        /// Frames a second.
        rate: u32,
        /// That were asked for.
        channels: usize,
    },
    /// Resampling.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// The kernel is gone.
    #[error(transparent)]
    Link(#[from] dkvm_sdk::SendError),
}

impl SoundError {
    /// Whether the card is simply not there any more, as when the gadget is bound anew: no trouble, whoever says where cards are says that.
    pub fn is_gone(&self) -> bool {
        let gone = [libc::ENODEV, libc::ENOENT, libc::EBADFD];
        matches!(self, Self::Work { source, .. } if gone.contains(&source.errno()))
    }
}

/// Frames, left and right, or why there are none.
pub enum Heard {
    /// Some.
    Frames(Vec<i16>),
    /// None in that time.
    Nothing,
    /// There were more than were taken in time.
    Lost,
}

/// Room in the card for what is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Frames that are wanted.
    pub free: usize,
    /// Frames that wait in the card.
    pub waiting: usize,
    /// How often it had none.
    pub ran_out: u32,
}

/// A card.
pub trait Card: Send {
    /// At which rate the target plays; only of a gadget's.
    fn plays(&mut self) -> Result<Rate, SoundError>;
    /// At which rate the target records; only of a gadget's.
    fn records(&mut self) -> Result<Rate, SoundError>;
    /// Opens it to hear, at that rate or the nearest.
    fn capture(&mut self, rate: Rate) -> Result<(Box<dyn Capture>, Rate), SoundError>;
    /// Opens it to speak, in so many channels; `waiting` frames should always wait there.
    fn playback(
        &mut self,
        rate: Rate,
        channels: usize,
        waiting: usize,
    ) -> Result<Box<dyn Playback>, SoundError>;
}

/// A card that is heard.
pub trait Capture: Send {
    /// What there is, or comes in that time.
    fn hear(&mut self, patience: Duration) -> Result<Heard, SoundError>;
}

/// A card that is spoken to.
pub trait Playback: Send {
    /// Waits for room, for so long.
    fn room(&mut self, patience: Duration) -> Result<Room, SoundError>;
    /// Frames, interleaved.
    fn say(&mut self, samples: &[i16]) -> Result<(), SoundError>;
}

/// Where cards come from.
#[derive(Debug, Clone, Copy)]
pub struct Backend(BackendKind);

impl Backend {
    /// Linux's, or a dummy.
    pub const fn new(kind: BackendKind) -> Self {
        Self(kind)
    }

    /// Opens a card.
    pub fn card(self, place: &Place) -> Result<Box<dyn Card>, SoundError> {
        match self.0 {
            BackendKind::Alsa => Ok(Box::new(alsa::AlsaCard::open(place)?)),
            BackendKind::Dummy => Ok(Box::new(dummy::DummyCard)),
        }
    }

    /// The cards that can be heard, but for the gadget's own.
    pub fn cards(self) -> Vec<SoundSource> {
        match self.0 {
            BackendKind::Alsa => list::cards(),
            BackendKind::Dummy => dummy::cards(),
        }
    }
}
