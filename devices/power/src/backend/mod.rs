//! What reaches the lines of the front panel.

mod chardev;
mod chip;
mod dummy;
mod lines;
mod rppal;

use crate::{
    config::{BackendKind, Config},
    core::{Led, Position, Sample},
    error::Error,
};
use dkvm_wire::vocab::power::Button;

use chardev::Chardev;
use dummy::Dummy;
use rppal::Rppal;

/// Both buttons.
pub const BUTTONS: [Button; 2] = [Button::Power, Button::Reset];
/// Both LEDs.
pub const LEDS: [Led; 2] = [Led::Power, Led::Disk];

/// What a backend says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A LED at moments, oldest first.
    Seen(Vec<Sample>),
    /// A LED's line failed: a sentence. It is tried again with the next [`Backend::open`].
    Blind(Led, String),
}

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// Linux's character device.
    Chardev(Chardev),
    /// The Pi's registers.
    Rppal(Rppal),
    /// No hardware.
    Dummy(Dummy),
}

impl Backend {
    /// The backend that the configuration chooses. Nothing is opened yet.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(match choose(config.backend) {
            BackendKind::Rppal => Self::Rppal(Rppal::new(config)),
            BackendKind::Dummy => Self::Dummy(Dummy::new(config)?),
            BackendKind::Auto | BackendKind::Chardev => Self::Chardev(Chardev::new(config)),
        })
    }

    /// Opens what is wired and not open yet, buttons released. Says in sentences what is wrong, if anything.
    pub fn open(&mut self) -> Vec<String> {
        match self {
            Self::Chardev(backend) => backend.open(),
            Self::Rppal(backend) => backend.open(),
            Self::Dummy(backend) => backend.open(),
        }
    }

    /// The buttons that can be pressed.
    pub fn buttons(&self) -> Vec<Button> {
        let has = |button: &Button| match self {
            Self::Chardev(backend) => backend.has(*button),
            Self::Rppal(backend) => backend.has(*button),
            Self::Dummy(backend) => backend.has(*button),
        };
        BUTTONS.into_iter().filter(has).collect()
    }

    /// Moves a button. A line that fails to release is closed, which releases it; the error tells.
    pub fn set(&mut self, button: Button, position: Position) -> Result<(), String> {
        match self {
            Self::Chardev(backend) => backend.set(button, position),
            Self::Rppal(backend) => backend.set(button, position),
            Self::Dummy(backend) => backend.set(button, position),
        }
    }

    /// What it says next. Cancel-safe.
    pub async fn next(&mut self) -> Said {
        match self {
            Self::Chardev(backend) => backend.next().await,
            Self::Rppal(backend) => backend.next().await,
            Self::Dummy(backend) => backend.next().await,
        }
    }
}

/// A Pi whose Linux has no character device for its pins still has registers.
fn choose(kind: BackendKind) -> BackendKind {
    match kind {
        BackendKind::Auto if chip::any() => BackendKind::Chardev,
        BackendKind::Auto if rppal::is_pi() => BackendKind::Rppal,
        kind => kind,
    }
}
