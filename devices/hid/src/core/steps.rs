//! The steps of the holder that has the focus, from its arrival to their settlement, in order.

use super::{
    book::{Book, Mark},
    held::{within, Beyond, Edge, Held},
};
use crate::reports::{Function, Kind, FIRST_MODIFIER, LAST_MODIFIER};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputState, Position, Step, MAX_STEPS};
use std::{collections::VecDeque, time::Duration};

/// What a step does, and to which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A key.
    Key {
        /// HID usage.
        usage: u8,
        /// Which way.
        edge: Edge,
        /// In which report: the keyboard's, or that of the keys beyond.
        kind: Kind,
    },
    /// A consumer key.
    Consumer {
        /// HID usage.
        usage: u16,
        /// Which way.
        edge: Edge,
    },
    /// A system key.
    System {
        /// HID usage.
        usage: u8,
        /// Which way.
        edge: Edge,
    },
    /// A finger.
    Touch {
        /// Which.
        contact: u8,
        /// Which way.
        edge: Edge,
        /// Where.
        at: Position,
    },
    /// A button.
    Button {
        /// Of which mouse.
        function: Function,
        /// Which.
        button: u8,
        /// Which way.
        edge: Edge,
        /// Where.
        at: Option<Position>,
    },
}

impl Effect {
    /// The report that shows it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Key { kind, .. } => *kind,
            Self::Consumer { .. } => Kind::Consumer,
            Self::System { .. } => Kind::System,
            Self::Touch { .. } => Kind::Touch,
            Self::Button {
                function: Function::Relative,
                ..
            } => Kind::Relative,
            Self::Button { .. } => Kind::Absolute,
        }
    }

    /// Whether it is a key, in whichever report: these keep their order among themselves, or a key would lose its Shift.
    pub fn is_key(&self) -> bool {
        matches!(self, Self::Key { .. })
    }

    /// Which modifier it is of, if it is of one, and which way.
    fn modifier(&self) -> Option<(u8, Edge)> {
        match *self {
            Self::Key { usage, edge, .. } if (FIRST_MODIFIER..=LAST_MODIFIER).contains(&usage) => {
                Some((usage, edge))
            }
            _ => None,
        }
    }

    fn edge(&self) -> Edge {
        match *self {
            Self::Key { edge, .. }
            | Self::Consumer { edge, .. }
            | Self::System { edge, .. }
            | Self::Touch { edge, .. }
            | Self::Button { edge, .. } => edge,
        }
    }

    /// Whether what comes after it depends on it even when it is history: a release, and any change of a modifier.
    fn outlives(&self) -> bool {
        self.edge() == Edge::Up || self.modifier().is_some()
    }

    /// Does it.
    pub fn apply(&self, held: &mut Held) {
        match *self {
            Self::Key { usage, edge, kind } => held.keys.set(kind, usage, edge),
            Self::Consumer { usage, edge } => held.media.set_consumer(usage, edge),
            Self::System { usage, edge } => held.media.set_system(usage, edge),
            Self::Touch { contact, edge, at } => held.fingers.set(contact, edge, at),
            Self::Button {
                function,
                button,
                edge,
                at,
            } => {
                held.pointer.set(function, button, edge);
                held.pointer.at = at
                    .filter(|_| function == Function::Absolute)
                    .map_or(held.pointer.at, within);
            }
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not written.
    Waiting,
    /// An earlier life of this device may have written it.
    Unsure,
    /// Written; the target has not taken it yet.
    Flying,
    /// The target took it, or it was given up and counted.
    Done,
}

/// A step on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What it does.
    pub effect: Effect,
    /// When it came.
    pub since: Time,
    /// Where it stands.
    pub progress: Progress,
    /// Relative motion that belongs before it.
    pub lead: (i32, i32),
}

/// A function that takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub since: Time,
    /// How long steps wait for it; then they are history, and would surprise who typed them.
    pub patience: Duration,
}

/// Which functions take nothing; `None` for those that do.
pub type Out = [Option<Waiting>; Function::ALL.len()];

impl Item {
    /// When it will have waited too long for a function that takes nothing.
    fn end(&self, out: Out) -> Option<Time> {
        let of = |function: Function| out[function.index()];
        let kind = self.effect.kind();
        // A key beyond the first six waits for the modifiers' report too.
        let other = of(Function::Keyboard).filter(|_| kind == Kind::Keys);
        let waiting = of(kind.function()).or(other);
        let waiting = waiting.filter(|_| self.progress != Progress::Done)?;
        Some(waiting.since.max(self.since).after(waiting.patience))
    }
}

/// The queue. Its front is the step numbered `first`.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    first: u32,
    items: VecDeque<Item>,
}

impl Steps {
    /// An empty queue that goes on where the book stands.
    pub fn resume(book: &Book) -> Self {
        Self {
            first: book.settled,
            items: VecDeque::new(),
        }
    }

    /// The steps with their numbers' offsets.
    pub fn items(&self) -> &VecDeque<Item> {
        &self.items
    }

    /// A step by its place in the queue.
    pub fn at(&mut self, place: usize) -> Option<&mut Item> {
        self.items.get_mut(place)
    }

    /// A step by its number, unless it is settled.
    pub fn by_number(&mut self, number: u32) -> Option<&mut Item> {
        let place = number.checked_sub(self.first)?;
        self.items.get_mut(usize::try_from(place).ok()?)
    }

    /// The number of the step at a place.
    pub fn number(&self, place: usize) -> u32 {
        self.first
            .saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The first number that has not come yet.
    fn end(&self) -> u32 {
        self.number(self.items.len())
    }

    /// Takes the steps of a message that are new, and returns how many there were.
    ///
    /// A holder that begins beyond the end knows its earlier steps to be settled: it was told so by an earlier life of this
    /// device whose memory is gone.
    pub fn take(
        &mut self,
        state: &InputState,
        book: &Book,
        room: (&Held, Beyond),
        now: Time,
    ) -> usize {
        if state.first > self.end() {
            self.first = state.first;
            self.items.clear();
        }
        let known = usize::try_from(self.end().saturating_sub(state.first)).unwrap_or(usize::MAX);
        let (held, beyond) = room;
        let mut planned = self.plan(held);
        let before = self.items.len();
        for step in state
            .steps
            .iter()
            .skip(known)
            .take(MAX_STEPS - before.min(MAX_STEPS))
        {
            let item = self.item(step, book, (&planned, beyond), now);
            item.effect.apply(&mut planned);
            self.items.push_back(item);
        }
        self.items.len() - before
    }

    /// What will be held when all steps that wait are done.
    fn plan(&self, held: &Held) -> Held {
        let mut planned = held.clone();
        self.items
            .iter()
            .filter(|item| item.progress != Progress::Done)
            .for_each(|item| item.effect.apply(&mut planned));
        planned
    }

    fn item(&self, step: &Step, book: &Book, room: (&Held, Beyond), now: Time) -> Item {
        let offset = self.end().saturating_sub(book.settled);
        let mark = usize::try_from(offset)
            .ok()
            .and_then(|offset| book.marks.get(offset));
        let progress = match mark {
            Some(Mark::Done) => Progress::Done,
            Some(Mark::Sent | Mark::SentBeyond) => Progress::Unsure,
            Some(Mark::Open) | None => Progress::Waiting,
        };
        let mut effect = effect(step, room.0, room.1);
        if let (Effect::Key { kind, .. }, Some(Mark::SentBeyond)) = (&mut effect, mark) {
            *kind = Kind::Keys;
        }
        Item {
            effect,
            since: now,
            progress,
            lead: (0, 0),
        }
    }

    /// Of the modifiers `owed`, which were released against their holder's word, those that it held at the first key or click
    /// that waits: without them an `A` would become an `a`. `keys` is what it holds after all steps.
    pub fn modifiers_below(&self, owed: u8, keys: &[u8]) -> u8 {
        let waiting = || {
            self.items
                .iter()
                .filter(|item| item.progress != Progress::Done)
        };
        let Some(place) = waiting().position(|item| item.effect.modifier().is_none()) else {
            return 0;
        };
        let held = |usage: &u8| {
            let own = waiting()
                .position(|item| item.effect.modifier().is_some_and(|(own, _)| own == *usage));
            match own.and_then(|at| Some((at, waiting().nth(at)?.effect.modifier()?.1))) {
                Some((at, edge)) => at > place && edge == Edge::Up,
                None => keys.contains(usage),
            }
        };
        let bits = (FIRST_MODIFIER..=LAST_MODIFIER).filter(held);
        owed & bits.fold(0, |bits, usage| bits | 1 << (usage - FIRST_MODIFIER))
    }

    /// Whether a step is written and not taken yet.
    pub fn is_flying(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|item| item.progress == Progress::Flying)
    }

    /// Whether a step that is not done concerns one of these reports.
    pub fn unfinished(&self, kinds: &[Kind]) -> bool {
        self.items
            .iter()
            .any(|item| item.progress != Progress::Done && kinds.contains(&item.effect.kind()))
    }

    /// When the first step will be given up; `out` says since when each function takes nothing, if it does not.
    pub fn deadline(&self, out: Out) -> Option<Time> {
        self.items.iter().filter_map(|item| item.end(out)).min()
    }

    /// Gives up steps for functions that have taken nothing for as long as they wait, and returns how many that were. A long queue
    /// that moves is no reason.
    ///
    /// What they would have released, and their modifiers, is so in `held` all the same: a `w` behind a Ctrl that was let go in
    /// vain would else close the window.
    pub fn give_up(&mut self, out: Out, now: Time, held: &mut Held) -> u32 {
        let lost = self.items.iter_mut().filter(|item| {
            item.progress != Progress::Done && item.end(out).is_some_and(|end| end <= now)
        });
        let done = |count: u32, item: &mut Item| {
            // One that flies was done to `held` when it was written.
            if item.progress != Progress::Flying && item.effect.outlives() {
                item.effect.apply(held);
            }
            item.progress = Progress::Done;
            count + 1
        };
        lost.fold(0, done)
    }

    /// Forgets the done steps at the front and writes into the book what is known. As long as nothing has come since the
    /// queue was resumed or dropped, what the book already knows of the steps to come stands: forgotten, a step of unknown
    /// fate would be typed again.
    pub fn settle(&mut self, book: &mut Book) {
        if self.items.is_empty() && self.first == book.settled {
            return;
        }
        while self
            .items
            .front()
            .is_some_and(|item| item.progress == Progress::Done)
        {
            self.items.pop_front();
            self.first = self.first.saturating_add(1);
        }
        book.settled = self.first;
        book.marks = self.items.iter().map(mark).collect();
        while book.marks.last() == Some(&Mark::Open) {
            book.marks.pop();
        }
    }

    /// Takes it that what is on its way will arrive.
    pub fn flying_are_done(&mut self) {
        let flying = self
            .items
            .iter_mut()
            .filter(|item| item.progress == Progress::Flying);
        flying.for_each(|item| item.progress = Progress::Done);
    }

    /// Forgets everything that is not settled: the holder will send it again.
    pub fn drop_all(&mut self) {
        self.items.clear();
    }
}

fn mark(item: &Item) -> Mark {
    match item.progress {
        Progress::Waiting => Mark::Open,
        Progress::Unsure | Progress::Flying if item.effect.kind() == Kind::Keys => Mark::SentBeyond,
        Progress::Unsure | Progress::Flying => Mark::Sent,
        Progress::Done => Mark::Done,
    }
}

fn effect(step: &Step, planned: &Held, beyond: Beyond) -> Effect {
    match *step {
        Step::Key { usage, down } => {
            let edge = down.into();
            let kind = planned.keys.route(usage, edge, beyond);
            Effect::Key { usage, edge, kind }
        }
        Step::Consumer { usage, down } => Effect::Consumer {
            usage,
            edge: down.into(),
        },
        Step::System { usage, down } => Effect::System {
            usage,
            edge: down.into(),
        },
        Step::Touch { contact, down, at } => Effect::Touch {
            contact,
            edge: down.into(),
            at,
        },
        Step::Button { button, down, at } => {
            let mode = if at.is_some() {
                Function::Absolute
            } else {
                Function::Relative
            };
            let function = planned.pointer.route(button, down.into(), mode);
            Effect::Button {
                function,
                button,
                edge: down.into(),
                at,
            }
        }
    }
}
