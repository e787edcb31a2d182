//! What one node is told: a whole state, and the steps that it has not acknowledged, again and again until it has.

use super::types::Edge;
use crate::codes::Usage;
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{
    Extra, InputState, Motion, Position, Step, MAX_STEPS, NOTCH, REFRESH_MS,
};
use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

/// After a change it is sent again so soon, and then at every [`REFRESH`]: what is lost is made good within a few frames.
const AGAIN: [Duration; 3] = [
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
];
const REFRESH: Duration = Duration::from_millis(REFRESH_MS);
/// No room for a key: as many are unacknowledged as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// One node's.
#[derive(Debug, Default)]
pub struct Channel {
    seq: u32,
    first: u32,
    steps: VecDeque<Step>,
    held: BTreeSet<Usage>,
    at: Option<Position>,
    motion: Motion,
    /// The first message that said all that is to be said.
    news: u32,
    /// The latest that was acknowledged.
    heard: Option<u32>,
    /// How often the latest was said again.
    round: usize,
    said: Time,
    /// When to say it again.
    due: Option<Time>,
    /// Since when nothing was answered.
    asked: Option<Time>,
    changed: bool,
    /// What changed is a step, among others.
    stepped: bool,
}

impl Channel {
    /// A key or button goes down or up. A release always has room; one of what is not down is nothing.
    pub fn key(&mut self, usage: Usage, edge: Edge) -> Result<(), Full> {
        match edge {
            Edge::Down if self.held.contains(&usage) => return Ok(()),
            Edge::Down if !self.has_room(1) => return Err(Full),
            Edge::Down => self.held.insert(usage),
            Edge::Up if !self.held.remove(&usage) => return Ok(()),
            Edge::Up => true,
        };
        self.push(usage, edge);
        Ok(())
    }

    fn push(&mut self, usage: Usage, edge: Edge) {
        let down = edge == Edge::Down;
        self.steps.push_back(match usage {
            Usage::Key(usage) => Step::Key { usage, down },
            Usage::Consumer(usage) => Step::Consumer { usage, down },
            Usage::System(usage) => Step::System { usage, down },
            Usage::Button(button) => Step::Button {
                button,
                down,
                at: self.at,
            },
        });
        self.changed = true;
        self.stepped = true;
    }

    /// Where the absolute pointer is, or that there is none.
    pub fn point(&mut self, at: Option<Position>) {
        self.changed |= self.at != at;
        self.at = at;
    }

    /// The relative pointer.
    pub fn shift(&mut self, dx: i32, dy: i32) {
        self.motion.x = self.motion.x.wrapping_add(dx);
        self.motion.y = self.motion.y.wrapping_add(dy);
        self.changed |= (dx, dy) != (0, 0);
    }

    /// The wheels, in 120ths.
    pub fn turn(&mut self, wheel: i32, pan: i32) {
        let motion = &mut self.motion;
        motion.wheel = motion.wheel.wrapping_add(wheel / NOTCH);
        motion.fine_wheel = motion.fine_wheel.wrapping_add(wheel % NOTCH);
        motion.pan = motion.pan.wrapping_add(pan / NOTCH);
        motion.fine_pan = motion.fine_pan.wrapping_add(pan % NOTCH);
        self.changed |= (wheel, pan) != (0, 0);
    }

    /// Whether a step waits for the next message: relative motion after it is not to overtake it.
    pub fn has_new_steps(&self) -> bool {
        self.stepped
    }

    /// Whether a mouse button is down.
    pub fn holds_button(&self) -> bool {
        self.held
            .iter()
            .any(|usage| matches!(usage, Usage::Button(_)))
    }

    /// Whether so many keys can be pressed. Room is kept for the release of all that is down.
    pub fn has_room(&self, keys: usize) -> bool {
        self.steps.len() + self.held.len() + 2 * keys <= MAX_STEPS
    }

    /// The keys that are down.
    pub fn keys(&self) -> BTreeSet<u8> {
        let keys = self.held.iter().filter_map(|usage| match usage {
            Usage::Key(key) => Some(*key),
            _ => None,
        });
        keys.collect()
    }

    /// Whether anything is down.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Releases everything.
    pub fn release(&mut self) {
        for usage in std::mem::take(&mut self.held) {
            self.push(usage, Edge::Up);
        }
    }

    /// Forgets what was not acknowledged: nobody is to type it any more. Says how many steps.
    pub fn give_up(&mut self) -> usize {
        let lost = self.steps.len();
        self.first = self.first.wrapping_add(u32::try_from(lost).unwrap_or(0));
        self.steps.clear();
        self.held.clear();
        self.quiet();
        lost
    }

    /// Sends no more.
    pub fn quiet(&mut self) {
        self.due = None;
        self.asked = None;
        self.changed = false;
        self.stepped = false;
    }

    /// There is something to say whatever changed: a claim.
    pub fn speak(&mut self) {
        self.changed = true;
    }

    /// The message for what changed, if anything did.
    pub fn news(&mut self, who: (u64, u32), now: Time) -> Option<InputState> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.round = 0;
        self.stepped = false;
        let state = self.say(who, now);
        self.news = state.seq;
        Some(state)
    }

    /// The message again, when it is time.
    pub fn again(&mut self, who: (u64, u32), now: Time) -> Option<InputState> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        if self.is_told() {
            self.due = None;
            self.round = AGAIN.len();
            return self.holds().then(|| self.say(who, now));
        }
        self.round = self.round.saturating_add(1);
        Some(self.say(who, now))
    }

    fn say(&mut self, (holder, focus): (u64, u32), now: Time) -> InputState {
        self.seq = self.seq.wrapping_add(1);
        self.said = now;
        self.asked.get_or_insert(now);
        let pause = AGAIN.get(self.round).copied().unwrap_or(REFRESH);
        self.due = Some(now.after(pause));
        let mut state = InputState {
            holder,
            focus,
            seq: self.seq,
            first: self.first,
            steps: self.steps.iter().copied().collect(),
            at: self.at,
            motion: self.motion,
            ..InputState::default()
        };
        for usage in &self.held {
            hold(&mut state, *usage);
        }
        state
    }

    /// The node has seen a message, and settled steps.
    pub fn heard(&mut self, seq: u32, settled: u32, now: Time) {
        let settled = settled.wrapping_sub(self.first);
        let settled = usize::try_from(settled).unwrap_or(usize::MAX);
        // More than there are is no answer of this life.
        if settled <= self.steps.len() {
            self.steps.drain(..settled);
            self.first = self.first.wrapping_add(u32::try_from(settled).unwrap_or(0));
        }
        if self.heard.is_none_or(|heard| is_later(seq, heard)) {
            self.heard = Some(seq);
        }
        self.asked = (!self.is_told()).then_some(now);
        if self.is_told() {
            self.due = self.holds().then(|| self.said.after(REFRESH));
        }
    }

    /// Whether the node knows all that there is to know.
    pub fn is_told(&self) -> bool {
        let heard = |heard: u32| heard == self.news || is_later(heard, self.news);
        self.steps.is_empty() && self.heard.is_some_and(heard)
    }

    /// Since when it has not answered, where it is asked.
    pub fn silent_since(&self) -> Option<Time> {
        self.asked
    }

    /// When to say it again.
    pub fn due(&self) -> Option<Time> {
        self.due
    }
}

fn hold(state: &mut InputState, usage: Usage) {
    let extra: &mut Extra = &mut state.extra;
    match usage {
        Usage::Key(usage) => state.keys.push(usage),
        Usage::Consumer(usage) => extra.consumer.push(usage),
        Usage::System(usage) => extra.system.push(usage),
        Usage::Button(button) => state.buttons |= 1 << button.min(7),
    }
}

/// Counters wrap.
fn is_later(seq: u32, than: u32) -> bool {
    let ahead = seq.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}
