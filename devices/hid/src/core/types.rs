//! What goes into the core and what comes out.

use super::{book::Books, focus::Source, held::Held, motion::Fine};
use crate::reports::{Form, Function, Report};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputAck, InputState, Leds};

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A holder said what it holds.
    Input {
        /// Through whom.
        source: Source,
        /// What.
        state: InputState,
    },
    /// A process is gone, and what was held through it is to be released.
    SourceGone(Source),
    /// USB as the gadget device sees it.
    Usb(Usb),
    /// A device file is open.
    Opened(Function),
    /// A device file is not there, or not ours.
    NoDevice(Function),
    /// A function takes a report; the last one was taken.
    Writable(Function),
    /// What became of a write.
    Wrote(Function, Outcome),
    /// A function says that it is not configured.
    Down(Function),
    /// The target set the lock LEDs.
    Leds(Leds),
    /// The target set something of a mouse: a feature report, up to its second byte.
    Feature(Function, [u8; 2]),
    /// Somebody wants the mouse to move to and fro after so many seconds without input; 0 for never.
    Jiggle(u32),
    /// Time went by.
    Tick,
    /// The end: release everything.
    Goodbye,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Linux has it.
    Taken,
    /// The last report is still there.
    Again,
    /// Not configured.
    Down,
    /// The function is gone.
    Gone,
}

/// USB as the gadget device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usb {
    /// Counts binds; unknown while the gadget device is not there.
    pub binding: Option<u32>,
    /// Whether the target's side is awake.
    pub bus: Bus,
    /// What the functions announce; unknown while the gadget device is not there.
    pub form: Option<Form>,
}

/// Whether reports are taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bus {
    /// As far as is known.
    #[default]
    Awake,
    /// The target sleeps: a report written now would be typed when it wakes.
    Asleep,
    /// Soft unplugged, or about to be: all is released, and nothing is typed.
    Unplugged,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Keep this for a later life.
    Save(Record),
    /// Write a report, and say what became of it.
    Write(Report),
    /// Open a function's device file (anew), and say what became of it.
    Open(Function),
    /// Have answers ready for when the target asks for reports by itself, and among them what it set of a mouse.
    Answer(Function, Fine),
    /// Tell a holder.
    Ack {
        /// What.
        ack: InputAck,
        /// The device through which it speaks, and nobody else; `None` where that is not known, after a death of this device: then
        /// all that listen.
        to: Option<String>,
    },
}

/// What a later life of this device needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The focus epoch.
    pub epoch: u32,
    /// Who had the focus.
    pub holder: u64,
    /// When its word lapses; zero when nothing is held.
    pub lease: Time,
    /// The binding that the reports went to.
    pub binding: Option<u32>,
    /// What its functions announced.
    pub form: Form,
    /// Which wheels the target reads in parts of a notch: of the absolute and of the relative mouse.
    pub fine: [Fine; 2],
    /// What the target was shown.
    pub held: Held,
    /// The lock LEDs: the target says them only when they change.
    pub leds: Leds,
    /// The holders.
    pub books: Books,
}
