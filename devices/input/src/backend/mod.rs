//! Where keys come from.

mod dummy;
mod evdev;
mod kinds;
mod reading;
mod watch;

use crate::{
    config::{BackendKind, Config},
    core::types::{DeviceId, Event, Grip},
    error::Error,
};
use dkvm_wire::vocab::input::Leds;
pub use dummy::Dummy;
pub use evdev::Evdev;

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// Linux.
    Evdev(Box<Evdev>),
    /// A script.
    Dummy(Dummy),
}

impl Backend {
    /// The backend that the configuration chooses.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(match config.backend {
            BackendKind::Evdev => Self::Evdev(Box::new(Evdev::new(config)?)),
            BackendKind::Dummy => Self::Dummy(Dummy::new(config)?),
        })
    }

    /// Grabs a device.
    pub fn grab(&mut self, id: DeviceId) -> Grip {
        match self {
            Self::Evdev(evdev) => evdev.grab(id),
            Self::Dummy(dummy) => dummy.grab(id),
        }
    }

    /// Lets it go.
    pub fn ungrab(&mut self, id: DeviceId) -> Grip {
        match self {
            Self::Evdev(evdev) => evdev.ungrab(id),
            Self::Dummy(dummy) => dummy.tell(&format!("ungrab {}", id.0)),
        }
        Grip::Machines
    }

    /// Tells this machine that these keys are up.
    pub fn let_up(&mut self, id: DeviceId, codes: &[u16]) {
        match self {
            Self::Evdev(evdev) => evdev.let_up(id, codes),
            Self::Dummy(dummy) => dummy.tell(&format!("let up {} {codes:?}", id.0)),
        }
    }

    /// Lights a keyboard.
    pub fn light(&mut self, id: DeviceId, leds: Leds) {
        match self {
            Self::Evdev(evdev) => evdev.light(id, leds),
            Self::Dummy(dummy) => dummy.light(id, leds),
        }
    }

    /// What happens next. Cancel-safe.
    pub async fn next(&mut self) -> Event {
        match self {
            Self::Evdev(evdev) => evdev.next().await,
            Self::Dummy(dummy) => dummy.next().await,
        }
    }
}
