//! Where reports go.

mod answer;
mod dummy;
mod hidg;

use crate::{
    config::{BackendKind, Config},
    core::{motion::Fine, Outcome},
    error::Error,
    reports::{Form, Function, Report},
};
use dkvm_wire::vocab::{gadget::FunctionInfo, input::Leds};
pub use dummy::Dummy;
pub use hidg::Hidg;

/// What a backend says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The function takes a report.
    Writable(Function),
    /// The target has not configured the function.
    Down(Function),
    /// The target set the LEDs.
    Leds(Leds),
    /// The target set something of a mouse.
    Feature(Function, [u8; 2]),
}

/// Whether a device file is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is.
    Yes,
    /// It is not there, or not ours.
    No,
}

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// Linux.
    Hidg(Hidg),
    /// No hardware.
    Dummy(Dummy),
}

impl Backend {
    /// The backend that the configuration chooses.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(match config.backend {
            BackendKind::Hidg => Self::Hidg(Hidg::new(config)),
            BackendKind::Dummy => Self::Dummy(Dummy::new(config)?),
        })
    }

    /// Learns where the gadget device says that the functions are.
    pub fn locate(&mut self, functions: &[FunctionInfo]) {
        if let Self::Hidg(hidg) = self {
            hidg.locate(functions);
        }
    }

    /// Opens a function's device file, anew if it was open.
    pub fn open(&mut self, function: Function) -> Opened {
        match self {
            Self::Hidg(hidg) => hidg.open(function),
            Self::Dummy(dummy) => dummy.open(function),
        }
    }

    /// Writes a report as functions of this form tell it. Never blocks.
    pub fn write(&mut self, report: &Report, form: Form) -> Outcome {
        match self {
            Self::Hidg(hidg) => hidg.write(report, form),
            Self::Dummy(dummy) => dummy.write(report),
        }
    }

    /// Has ready what a function says when the target asks for reports by itself.
    pub fn answer(&mut self, function: Function, form: Form, fine: Fine) {
        if let Self::Hidg(hidg) = self {
            hidg.answer(function, form, fine);
        }
    }

    /// What it says next. Cancel-safe.
    pub async fn next(&mut self) -> Said {
        match self {
            Self::Hidg(hidg) => hidg.next().await,
            Self::Dummy(dummy) => dummy.next().await,
        }
    }
}
