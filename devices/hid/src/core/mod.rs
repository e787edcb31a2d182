//! The decisions: events in, actions out, no clock and no file of its own.
//!
//! One step at a time is on its way to the target, over all three functions: it is written, the target takes it
//! (the endpoint is writable again), it is settled, the next one goes. So no two steps share a report, and their order
//! is the target's order. A function that the target does not poll holds nobody up: steps for the others overtake.

pub mod book;
pub mod endpoint;
pub mod focus;
pub mod held;
mod intake;
pub mod motion;
mod output;
pub mod steps;
pub mod time;

use crate::reports::{Function, Report};
use book::Books;
use dkvm_wire::vocab::input::{HidState, InputAck, InputState, Leds, Link};
use endpoint::{Endpoint, Load, Shown};
use focus::{Focus, Source, LEASE};
use held::Held;
use motion::Pending;
use steps::{Out, Progress, Steps};
use time::Time;

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
}

/// Whether reports are taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bus {
    /// As far as is known.
    #[default]
    Awake,
    /// The target sleeps: a report written now would be typed when it wakes.
    Asleep,
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
    /// Tell a holder.
    Ack(InputAck),
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
    /// What the target was shown.
    pub held: Held,
    /// The holders.
    pub books: Books,
}

/// What should be held when all steps are done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    keys: Vec<u8>,
    buttons: u8,
    mode: Function,
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
    bus: Bus,
    leds: Leds,
    saved: Record,
    told: (u64, u32, u32),
    out: Vec<Action>,
}

impl Core {
    /// Goes on from what an earlier life kept, or begins.
    ///
    /// What it held is held on if its holder's word has not lapsed: a restart is then not seen by the target. Else the
    /// first report releases everything.
    pub fn new(record: Record, now: Time) -> Self {
        let goes_on = record.lease > now && record.lease.since(now) <= LEASE;
        let (mut held, mut owed, mut books) = (record.held.clone(), Held::default(), record.books.clone());
        if !goes_on {
            owed = held.clone();
            held.release();
            books.0.iter_mut().for_each(book::Book::give_up_sent);
        }
        let steps = books.get(record.holder).map_or_else(Steps::default, Steps::resume);
        let shown = if goes_on { Shown::Unknown } else { Shown::Nothing };
        let lease = goes_on.then_some(record.lease);
        Self {
            focus: Focus { epoch: record.epoch, holder: record.holder, source: None, lease },
            books,
            steps,
            held,
            owed,
            wanted: None,
            motion: Pending::default(),
            endpoints: [Endpoint::new(shown); 3],
            binding: record.binding,
            bus: Bus::Awake,
            leds: Leds::default(),
            saved: record,
            told: (0, 0, 0),
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

    fn hear(&mut self, event: Event, now: Time) {
        match event {
            Event::Input { source, state } => self.on_input(source, &state, now),
            Event::SourceGone(source) => self.on_source_gone(&source),
            Event::Usb(usb) => self.on_usb(usb, now),
            Event::Opened(function) => self.endpoint(function).opened(now),
            Event::NoDevice(function) => self.on_absent(function, now.after(endpoint::RETRY_OPEN)),
            Event::Writable(function) => self.on_writable(function, now),
            Event::Wrote(function, outcome) => self.on_wrote(function, outcome, now),
            Event::Down(function) => self.on_down(function, now),
            Event::Leds(leds) => self.leds = leds,
            Event::Tick => {}
            Event::Goodbye => self.let_go(),
        }
    }

    fn endpoint(&mut self, function: Function) -> &mut Endpoint {
        &mut self.endpoints[function.index()]
    }

    fn on_source_gone(&mut self, gone: &Source) {
        let ours = |source: &Source| source.name == gone.name && source.generation <= gone.generation;
        if self.focus.source.as_ref().is_some_and(ours) {
            self.let_go();
        }
    }

    /// Releases everything. Steps on their way count as taken; those that wait will come again from their holder.
    fn let_go(&mut self) {
        self.park();
        if !self.held.is_neutral() {
            self.owed = self.held.clone();
        }
        self.held.release();
        self.wanted = None;
        self.motion = Pending::default();
        self.focus.lease = None;
    }

    fn park(&mut self) {
        let Some(book) = self.books.get_mut(self.focus.holder) else { return };
        self.steps.flying_are_done();
        self.steps.settle(book);
        self.steps.drop_all();
    }

    fn on_usb(&mut self, usb: Usb, now: Time) {
        self.bus = usb.bus;
        if usb.binding.is_none() || usb.binding == self.binding {
            return;
        }
        // The first binding that is heard of is the one whose files are open.
        if self.binding.is_some() {
            Function::ALL.into_iter().for_each(|function| self.on_rebind(function, now));
        }
        self.binding = usb.binding;
    }

    fn on_rebind(&mut self, function: Function, now: Time) {
        self.on_absent(function, now);
        self.endpoint(function).forget();
    }

    fn on_absent(&mut self, function: Function, retry: Time) {
        let load = self.endpoint(function).absent(retry);
        self.broke(load);
    }

    fn on_down(&mut self, function: Function, now: Time) {
        let load = self.endpoint(function).down(now);
        self.broke(load);
    }

    fn on_writable(&mut self, function: Function, now: Time) {
        if let Some(Load::Step(number)) = self.endpoint(function).ready(now) {
            self.progress(number, Progress::Done);
        }
    }

    fn on_wrote(&mut self, function: Function, outcome: Outcome, now: Time) {
        match outcome {
            Outcome::Taken => {}
            Outcome::Again => {
                let load = self.endpoint(function).refused(now);
                self.returned(load, now);
            }
            Outcome::Down => self.on_down(function, now),
            Outcome::Gone => self.on_absent(function, now.after(endpoint::RETRY_OPEN)),
        }
    }

    /// A report was not taken by Linux: what it carried goes back.
    fn returned(&mut self, load: Option<Load>, now: Time) {
        match load {
            Some(Load::Step(number)) => self.progress(number, Progress::Waiting),
            Some(Load::Motion(delta)) => self.motion.give_back(delta, now),
            Some(Load::Lead(number, delta)) => {
                if let Some(item) = self.steps.by_number(number) {
                    item.lead.0 += i32::from(delta.x);
                    item.lead.1 += i32::from(delta.y);
                }
            }
            Some(Load::Face) | None => {}
        }
    }

    /// A report died with its endpoint: a step goes again, motion is history.
    fn broke(&mut self, load: Option<Load>) {
        if let Some(Load::Step(number)) = load {
            self.progress(number, Progress::Waiting);
        }
    }

    fn progress(&mut self, number: u32, progress: Progress) {
        if let Some(item) = self.steps.by_number(number).filter(|item| item.progress == Progress::Flying) {
            item.progress = progress;
        }
    }

    /// What has become too old.
    fn expire(&mut self, now: Time) {
        if self.focus.lapses(now) {
            let lost = self.steps.give_up_all();
            self.count_lost(lost);
            self.let_go();
        }
        let lost = self.steps.give_up(self.out_since(), now);
        self.count_lost(lost);
        if self.motion.deadline(LEASE).is_some_and(|deadline| deadline <= now) {
            self.motion.forget();
        }
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.age(now));
    }

    fn count_lost(&mut self, lost: u32) {
        if let Some(book) = self.books.get_mut(self.focus.holder) {
            book.lost = book.lost.saturating_add(lost);
        }
    }

    fn out_since(&self) -> Out {
        let asleep = self.bus == Bus::Asleep;
        self.endpoints.map(|endpoint| (asleep || endpoint.usage() == endpoint::Use::Out).then_some(endpoint.taken))
    }

    /// Writes the books, and tells the holder when something of its own was settled.
    fn settle(&mut self) {
        let Some(book) = self.books.get_mut(self.focus.holder) else { return };
        self.steps.settle(book);
        let news = (book.holder, book.settled, book.lost);
        if news != self.told {
            self.told = news;
            let seq = book.seq.unwrap_or(0);
            let ack = InputAck { holder: book.holder, seq, steps: book.settled, focus: self.focus.epoch, lost: book.lost };
            self.out.push(Action::Ack(ack));
        }
    }

    fn record(&self) -> Record {
        Record {
            epoch: self.focus.epoch,
            holder: self.focus.holder,
            lease: self.focus.lease.unwrap_or_default(),
            binding: self.binding,
            held: self.held.clone(),
            books: self.books.clone(),
        }
    }

    /// When to come again with a [`Event::Tick`], if nothing happens before.
    pub fn deadline(&self) -> Option<Time> {
        let endpoints = self.endpoints.iter().filter_map(Endpoint::deadline).min();
        [self.focus.lease, self.steps.deadline(self.out_since()), self.motion.deadline(LEASE), endpoints].into_iter().flatten().min()
    }

    /// Whether there is nothing left that the target could be shown now.
    pub fn is_quiet(&self) -> bool {
        Function::ALL.into_iter().all(|function| {
            let endpoint = &self.endpoints[function.index()];
            match endpoint.usage() {
                endpoint::Use::Now => endpoint.shown == Shown::Face(self.held.face(function)),
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
        }
    }

    fn link(&self, function: Function) -> Link {
        match (self.endpoints[function.index()].link(), self.bus) {
            (Link::Absent, _) => Link::Absent,
            (_, Bus::Asleep) => Link::NotConfigured,
            (link, Bus::Awake) => link,
        }
    }

    /// What is held now.
    pub fn held(&self) -> &Held {
        &self.held
    }
}
