//! What goes into the core and comes out.

use crate::config::PRESS_MIN_MS;
use dkvm_sdk::Time;
use dkvm_wire::{
    vocab::power::{Button, Press, HOLD_MAX_MS},
    ErrorCode, WireError,
};
use std::time::Duration;
use thiserror::Error;

/// A LED of the front panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Led {
    Power,
    Disk,
}

/// What a LED does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Light {
    Lit,
    Dark,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Position {
    Pressed,
    Released,
}

/// A LED at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Sample {
    pub led: Led,
    pub light: Light,
    pub at: Time,
}

/// Names a request until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What happens to the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody asks for a press.
    Press(Ticket, Press),
    /// A line could not be set to pressed.
    Failed(String),
    /// The buttons that can be pressed now.
    Wired(Vec<Button>),
    /// LEDs were seen, oldest first: together, for time does not pass between what is read at once.
    Seen(Vec<Sample>),
    /// A LED's line is gone: nothing is known.
    Blind(Led),
    /// Time has passed.
    Tick,
    /// The kernel wants the device to end.
    Goodbye,
}

/// What the device does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Moves a button.
    Set(Button, Position),
    /// Answers a request.
    Answer(Ticket, Result<(), Refusal>),
}

/// Why a press is not, or not wholly, done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A press is under way.
    #[error("the {} button is being pressed, for {} ms more: wait until it is released", name(*.button), .left.as_millis())]
    Busy {
        /// Which.
        button: Button,
        /// For how long yet.
        left: Duration,
    },
    /// No press of such a length.
    #[error("hold_ms = {0}: a button is held for {PRESS_MIN_MS} to {HOLD_MAX_MS} ms")]
    Length(u32),
    /// No line.
    #[error("the {} button is not wired: name its line in the configuration ({}_button), see docs/power.md", name(*.0), name(*.0))]
    NotWired(Button),
    /// The line refused.
    #[error("{0}")]
    Hardware(String),
    /// Released early, or never pressed.
    #[error("the power device ends: the button was released before its time")]
    Ending,
}

impl From<Refusal> for WireError {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Busy { .. } => ErrorCode::Conflict,
            Refusal::Length(_) => ErrorCode::BadRequest,
            Refusal::NotWired(_) => ErrorCode::NotFound,
            Refusal::Hardware(_) => ErrorCode::Hardware,
            Refusal::Ending => ErrorCode::Unavailable,
        };
        Self::new(code, refusal.to_string())
    }
}

/// As people call it.
pub const fn name(button: Button) -> &'static str {
    match button {
        Button::Power => "power",
        Button::Reset => "reset",
    }
}
