//! One text on its way: what is pressed next, and when it is over.

use super::item::{chord, each, Item};
use dkvm_keymap::{Keys, Modifiers, Stroke, CAPS_LOCK};
use dkvm_sdk::Time;
use dkvm_wire::vocab::{
    input::Step,
    typist::{Ending, Typing},
};
use std::{collections::VecDeque, time::Duration};

/// Steps on their way at most: a cancel is done when they are, which is some milliseconds.
const WINDOW: usize = 38;
/// An item takes no more: two strokes with both modifiers changing, or a chord of six keys after both modifiers were let go of,
/// and the releases at the end.
const MOST_STEPS: usize = 20;
/// New steps are sent when so few are left, so that a message carries several.
const REFILL: usize = 8;
/// A target tells its lock LEDs within a few milliseconds of the key.
const CAPS_PATIENCE: Duration = Duration::from_secs(2);
/// hid gives steps up within half a second where there is no target, within 3 s where it stands still, and is back from its own
/// death within two.
const PATIENCE: Duration = Duration::from_secs(10);

/// The target's Caps Lock, as far as it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Caps {
    Off,
    On,
}

/// How it ended, and why in a sentence.
pub type End = (Ending, &'static str);

const DONE: End = (Ending::Done, "the text was typed");
/// A person said so.
pub const CANCELLED: End = (Ending::Cancelled, "typing was cancelled");
/// Another holder took the focus.
pub const TAKEN: End = (
    Ending::FocusTaken,
    "typing ended, because another took the keyboard",
);
/// hid gave steps up.
pub const LOST: End = (
    Ending::Failed,
    "the target took no input for a while, and typing ended: look at it before the rest is typed",
);
/// This process was held up for longer than its word lasts.
pub const LAPSED: End = (
    Ending::Failed,
    "this node was too busy to go on typing, and typing ended: look at the target before the rest is typed",
);
const SILENT: End = (
    Ending::Failed,
    "the keyboard device (hid) did not answer, and typing ended: look whether it runs",
);
const STUCK: End = (
    Ending::Failed,
    "Caps Lock is on at the target and does not go off: switch it off there, then type again",
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Caps Lock was pressed and is to go off.
    Unlocking,
    Typing,
    /// What was sent is on its way, no more is.
    Ending(End),
    /// Caps Lock was pressed to be as it was.
    Restoring(End),
}

/// A text on its way.
#[derive(Debug)]
pub struct Job {
    /// The focus epoch under which it types.
    pub epoch: u32,
    text: Vec<Item>,
    /// Items done.
    next: usize,
    pace: Duration,
    /// Steps that are not acknowledged, each with the number of characters done by it.
    queue: VecDeque<(Step, usize)>,
    held: Modifiers,
    /// Keys that a macro holds.
    kept: Vec<u8>,
    /// Until when a macro waits.
    until: Option<Time>,
    /// Items that the target took.
    done: usize,
    phase: Phase,
    /// Caps Lock was on, and is to be so again.
    found: Caps,
    /// When the target last took something, or something was first sent.
    moved: Time,
    /// There are steps that were never sent.
    fresh: bool,
}

/// Whether there is something new to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum News {
    None,
    Steps,
    Over(End),
}

impl Job {
    /// Nothing is pressed yet.
    pub fn new(text: Vec<Item>, pace: Duration, epoch: u32, caps: Caps, now: Time) -> Self {
        let mut job = Self {
            epoch,
            text,
            next: 0,
            pace,
            queue: VecDeque::new(),
            held: Modifiers::NONE,
            kept: Vec::new(),
            until: None,
            done: 0,
            phase: Phase::Typing,
            found: caps,
            moved: now,
            fresh: false,
        };
        if caps == Caps::On {
            job.phase = Phase::Unlocking;
            job.stroke(Stroke::plain(CAPS_LOCK), 0);
        }
        job
    }

    /// Steps that are not acknowledged.
    pub fn steps(&self) -> Vec<Step> {
        self.queue.iter().map(|(step, _)| *step).collect()
    }

    /// What is held after them.
    pub fn keys(&self) -> Vec<u8> {
        let mut keys = self.held.usages();
        keys.extend(&self.kept);
        keys
    }

    /// How far it is.
    pub fn progress(&self) -> Typing {
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Typing {
            done: count(self.done),
            total: count(self.text.len()),
        }
    }

    /// So many of the steps were settled.
    pub fn settled(&mut self, count: usize, now: Time) {
        for (_, done) in self.queue.drain(..count.min(self.queue.len())) {
            self.done = self.done.max(done);
            self.moved = now;
        }
    }

    /// No more is pressed; what is held is let go.
    pub fn stop(&mut self, end: End) {
        match self.phase {
            Phase::Typing => self.release(),
            // It was pressed, whatever came of it: pressed again, it is as it was.
            Phase::Unlocking => {
                self.stroke(Stroke::plain(CAPS_LOCK), self.done);
                self.found = Caps::Off;
            }
            Phase::Ending(_) | Phase::Restoring(_) => return,
        }
        self.phase = Phase::Ending(end);
    }

    /// How it ends, if it ends before the whole text is typed.
    pub fn broken_off(&self) -> Option<End> {
        match self.phase {
            Phase::Ending(end) | Phase::Restoring(end) if end != DONE => Some(end),
            _ => None,
        }
    }

    /// Goes on as far as it can.
    pub fn advance(&mut self, caps: Caps, now: Time) -> News {
        if !self.queue.is_empty() && now.since(self.moved) >= PATIENCE {
            return News::Over(SILENT);
        }
        let idle = self.queue.is_empty();
        if let Some(end) = self.turn(caps, now) {
            return News::Over(end);
        }
        if !std::mem::take(&mut self.fresh) {
            return News::None;
        }
        if idle {
            self.moved = now;
        }
        News::Steps
    }

    fn turn(&mut self, caps: Caps, now: Time) -> Option<End> {
        let idle = self.queue.is_empty();
        match self.phase {
            Phase::Unlocking if idle => self.unlocked(caps, now),
            Phase::Typing => self.refill(now),
            Phase::Ending(end) if idle && self.found == Caps::On && caps == Caps::Off => {
                self.stroke(Stroke::plain(CAPS_LOCK), self.done);
                self.phase = Phase::Restoring(end);
            }
            Phase::Ending(end) | Phase::Restoring(end) if idle => return Some(end),
            _ => {}
        }
        None
    }

    fn unlocked(&mut self, caps: Caps, now: Time) {
        if caps == Caps::Off {
            self.phase = Phase::Typing;
            self.refill(now);
        } else if now.since(self.moved) >= CAPS_PATIENCE {
            self.phase = Phase::Ending(STUCK);
        }
    }

    fn refill(&mut self, now: Time) {
        if self.queue.len() > REFILL {
            return;
        }
        while self.has_room(now) {
            let Some(item) = self.text.get(self.next).cloned() else {
                self.release();
                self.phase = Phase::Ending(DONE);
                return;
            };
            match item {
                Item::Keys(keys) => self.character(keys),
                Item::Wait(time) if !self.waited(time, now) => return,
                other => self.other(&other),
            }
        }
    }

    /// Whether a wait is over. It begins when the target has all that comes before it.
    fn waited(&mut self, time: Duration, now: Time) -> bool {
        if !self.queue.is_empty() {
            return false;
        }
        if self.until.is_none() {
            self.release_modifiers();
            self.until = Some(now.after(time));
        }
        self.queue.is_empty() && self.until.is_some_and(|until| now >= until)
    }

    /// A step of a macro that is no character.
    fn other(&mut self, item: &Item) {
        self.release_modifiers();
        let at = self.next;
        match item {
            Item::Chord(usages) => self.push(&chord(usages), at),
            Item::Hold(usages) => {
                self.push(&each(usages, true), at);
                self.kept.extend(usages);
            }
            Item::Release(usages) => {
                self.push(&each(usages, false), at);
                self.kept.retain(|usage| !usages.contains(usage));
            }
            Item::Wait(_) => self.until = None,
            Item::Keys(_) => {}
        }
        self.next += 1;
        match self.queue.back_mut() {
            Some((_, done)) => *done = self.next,
            None => self.done = self.next,
        }
    }

    /// With a pause, one character at a time.
    fn has_room(&self, now: Time) -> bool {
        if self.pace.is_zero() {
            return self.queue.len() + MOST_STEPS <= WINDOW;
        }
        self.queue.is_empty() && (self.next == 0 || now.since(self.moved) >= self.pace)
    }

    fn character(&mut self, keys: Keys) {
        for stroke in keys.strokes() {
            self.stroke(stroke, self.next);
        }
        self.next += 1;
        if !self.pace.is_zero() {
            self.release_modifiers();
        }
        if let Some((_, done)) = self.queue.back_mut() {
            *done = self.next;
        }
    }

    fn stroke(&mut self, stroke: Stroke, done: usize) {
        self.hold(stroke.modifiers, done);
        self.push(&stroke.steps(), done);
    }

    fn hold(&mut self, modifiers: Modifiers, done: usize) {
        self.push(&self.held.steps_to(modifiers), done);
        self.held = modifiers;
    }

    fn push(&mut self, steps: &[Step], done: usize) {
        self.fresh |= !steps.is_empty();
        self.queue.extend(steps.iter().map(|step| (*step, done)));
    }

    fn release_modifiers(&mut self) {
        self.hold(Modifiers::NONE, self.next);
    }

    /// All that is held.
    fn release(&mut self) {
        self.release_modifiers();
        let kept = std::mem::take(&mut self.kept);
        self.push(&each(&kept, false), self.next);
    }

    /// When to come again if nothing happens.
    pub fn deadline(&self) -> Option<Time> {
        if let Some(until) = self
            .until
            .filter(|_| self.queue.is_empty() && self.phase == Phase::Typing)
        {
            return Some(until);
        }
        let waits = match self.phase {
            Phase::Unlocking if self.queue.is_empty() => CAPS_PATIENCE,
            Phase::Typing if self.queue.is_empty() => self.pace,
            _ => PATIENCE,
        };
        Some(self.moved.after(waits))
    }
}
