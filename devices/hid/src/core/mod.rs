//! The decisions: events in, actions out, no clock and no file of its own.
//!
//! One step at a time is on its way to the target, over all three functions: it is written, the target takes it
//! (the endpoint is writable again), it is settled, the next one goes. So no two steps share a report, and their order
//! is the target's order. A function that the target does not poll holds nobody up: steps for the others overtake.

pub mod book;
mod busy;
pub mod endpoint;
pub mod fingers;
pub mod focus;
pub mod held;
mod intake;
mod jiggle;
pub mod motion;
mod output;
mod react;
pub mod steps;
mod types;

use crate::reports::{Form, Function};
use book::Books;
use busy::Busy;
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{Extra, HidState, InputAck, Leds, Link};
use endpoint::{Endpoint, Shown};
use focus::{Focus, LEASE};
use held::Held;
use jiggle::Jiggle;
use motion::Pending;
use steps::Steps;
pub use types::{Action, Bus, Event, Outcome, Record, Usb};

/// What should be held when all steps are done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    keys: Vec<u8>,
    buttons: u8,
    mode: Function,
    extra: Extra,
}

/// What the holder is owed for its last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It has it.
    Given,
    /// At once.
    Now,
    /// One for both, with the word that its step was taken: the target fetches a report within milliseconds. A step that is not
    /// under way is not waited for, and the holder who hears nothing says it again, which is answered at once.
    WithStep,
}

/// The state.
#[derive(Debug)]
pub struct Core {
    focus: Focus,
    books: Books,
    steps: Steps,
    held: Held,
    /// What was released although its holder may still hold it.
    owed: Held,
    wanted: Option<Wanted>,
    motion: Pending,
    endpoints: [Endpoint; 3],
    binding: Option<u32>,
    form: Form,
    bus: Bus,
    /// When it was last asleep, where that was under this plug.
    slept: Option<Time>,
    jiggle: Jiggle,
    busy: Busy,
    /// When the digitizer's fingers were told last.
    touched: Time,
    leds: Leds,
    saved: Record,
    told: (u64, u32, u32),
    answer: Answer,
    out: Vec<Action>,
}

impl Core {
    /// Goes on from what an earlier life kept, or begins.
    ///
    /// What it held is held on if its holder's word had not lapsed: a restart is then not seen by the target. Else the
    /// first report releases everything.
    pub fn new(record: Record, now: Time) -> Self {
        let lease = focus::inherited(record.lease, now);
        let goes_on = lease.is_some();
        let (mut held, mut owed, mut books) =
            (record.held.clone(), Held::default(), record.books.clone());
        if !goes_on {
            owed = held.clone();
            held.release();
            books.0.iter_mut().for_each(book::Book::give_up_sent);
        }
        // What the lives before this one released is not known: it may be any.
        owed.keys.modifiers = u8::MAX;
        let steps = books
            .get(record.holder)
            .map_or_else(Steps::default, Steps::resume);
        let shown = if goes_on {
            Shown::Unknown
        } else {
            Shown::Nothing
        };
        let mut motion = Pending::default();
        let [absolute, relative] = record.fine;
        motion.set_fine(Function::Absolute, absolute);
        motion.set_fine(Function::Relative, relative);
        Self {
            focus: Focus {
                epoch: record.epoch,
                holder: record.holder,
                lease,
                said: record.lease,
                ..Focus::default()
            },
            books,
            steps,
            held,
            owed,
            wanted: None,
            motion,
            endpoints: [Endpoint::new(shown); 3],
            binding: record.binding,
            form: record.form,
            jiggle: Jiggle::new(now),
            busy: Busy::default(),
            touched: Time::default(),
            bus: Bus::Awake,
            slept: None,
            leds: record.leds,
            saved: record,
            told: (0, 0, 0),
            answer: Answer::Given,
            out: Vec::new(),
        }
    }

    /// Takes an event and says what to do.
    pub fn step(&mut self, event: Event, now: Time) -> Vec<Action> {
        self.hear(event, now);
        self.expire(now);
        self.pump(now);
        self.settle();
        let record = self.record();
        if record != self.saved {
            self.out.insert(0, Action::Save(record.clone()));
            self.saved = record;
        }
        std::mem::take(&mut self.out)
    }

    /// Writes the books, and tells the holder when something of its own was settled.
    fn settle(&mut self) {
        let Some(book) = self.books.get_mut(self.focus.holder) else {
            return;
        };
        self.steps.settle(book);
        let news = (book.holder, book.settled, book.lost);
        let owed = match self.answer {
            Answer::Given => false,
            Answer::Now => true,
            Answer::WithStep => !self.steps.is_flying(),
        };
        if owed || news != self.told {
            self.told = news;
            self.answer = Answer::Given;
            let seq = book.seq.unwrap_or(0);
            let ack = InputAck {
                holder: book.holder,
                seq,
                steps: book.settled,
                focus: self.focus.epoch,
                lost: book.lost,
            };
            let to = self.focus.source.as_ref().map(|source| source.name.clone());
            self.out.push(Action::Ack { ack, to });
        }
    }

    fn record(&self) -> Record {
        Record {
            epoch: self.focus.epoch,
            holder: self.focus.holder,
            lease: self
                .focus
                .lease
                .map_or(Time::default(), |_| self.focus.said),
            binding: self.binding,
            form: self.form,
            fine: [Function::Absolute, Function::Relative].map(|mouse| self.motion.fine(mouse)),
            held: self.held.clone(),
            leds: self.leds,
            books: self.books.clone(),
        }
    }

    /// When to come again with a [`Event::Tick`], if nothing happens before.
    pub fn deadline(&self) -> Option<Time> {
        // A function that is down is tried again when the target wakes, and not before.
        let sleeps = |endpoint: &&Endpoint| {
            self.bus != Bus::Awake && matches!(endpoint.phase, endpoint::Phase::Down(_))
        };
        let endpoints = self.endpoints.iter().filter(|endpoint| !sleeps(endpoint));
        let endpoints = endpoints.filter_map(Endpoint::deadline).min();
        [
            self.focus.lease,
            self.steps.deadline(self.out_since()),
            self.motion.deadline(LEASE),
            endpoints,
            self.owed_due(),
            self.retouch(),
            self.jiggle_due(),
            self.busy.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether there is nothing left that the target could be shown now.
    pub fn is_quiet(&self) -> bool {
        Function::ALL.into_iter().all(|function| {
            let endpoint = &self.endpoints[function.index()];
            match endpoint.usage() {
                endpoint::Use::Now => self
                    .form
                    .kinds(function)
                    .all(|kind| endpoint.shown(kind) == Shown::Face(self.held.face(kind))),
                endpoint::Use::Wait => false,
                endpoint::Use::Out => true,
            }
        })
    }

    /// For everybody.
    pub fn state(&self) -> HidState {
        HidState {
            keyboard: self.link(Function::Keyboard),
            absolute: self.link(Function::Absolute),
            relative: self.link(Function::Relative),
            leds: self.leds,
            focus: self.focus.epoch,
            holder: self.focus.holder,
            extras: self.form.traits(Function::Absolute),
            jiggle: self.jiggle.every(),
            by: self.focus.by(),
            busy: self.busy.is_busy(),
        }
    }

    /// What the functions announce.
    pub fn form(&self) -> Form {
        self.form
    }

    fn link(&self, function: Function) -> Link {
        match (self.endpoints[function.index()].link(), self.bus) {
            (Link::Absent, _) => Link::Absent,
            (_, Bus::Asleep | Bus::Unplugged) => Link::NotConfigured,
            (link, Bus::Awake) => link,
        }
    }

    /// What is held now.
    pub fn held(&self) -> &Held {
        &self.held
    }
}
