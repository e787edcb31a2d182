//! What waits for one viewer of H.264, and what its link carries. Pure.
//!
//! Frames build on each other: a viewer gets a chain without a gap, or nothing until the next key frame. One that falls behind
//! loses what waits for it, and nobody else notices.

use crate::clock::Moment;
use bytes::Bytes;
use dkvm_wire::vocab::video::FrameInfo;
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Frames under way: enough for 30 a second over a link whose way there and back takes a quarter of a second.
pub const CREDITS: usize = 8;
/// Frames that wait: half a second of 30. A picture that is later than that is not worth waiting for.
const WAITING_MAX: usize = 16;
/// Their bytes: a few key frames.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// A viewer that lost its chain asks for a key frame so often at first, which costs all viewers its bytes,
const ASKS_AGAIN: Duration = Duration::from_secs(1);
/// and when it falls behind again and again, so often.
const ASKS_SELDOM: Duration = Duration::from_secs(8);
/// A chain that held for so long was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// A viewer that answers nothing for so long says nothing of its link: the page sleeps.
const STALLED: Duration = Duration::from_secs(2);

/// An access unit: a copy of our own, shared by all viewers, for its lease goes back at once.
#[derive(Debug)]
pub struct Unit {
    /// What the encoder says of it.
    pub info: FrameInfo,
    /// Whether it can be decoded without any before it.
    pub key: bool,
    /// Annex B.
    pub bytes: Bytes,
}

/// What is known of a viewer's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// All that was sent has arrived.
    KeepsUp,
    /// Bytes a second, all that it can.
    Carries(u32),
    /// Nothing.
    Unknown,
}

/// Whether the encoder is to be asked for a key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// It is.
    KeyFrame,
    /// It is not.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// Since then.
    Whole(Moment),
    /// Nothing can be shown until the next key frame.
    Broken,
}

/// One viewer.
#[derive(Debug)]
pub struct Lane {
    waiting: VecDeque<Arc<Unit>>,
    chain: Chain,
    asked: Option<Moment>,
    again: Duration,
    /// Lengths of what is under way, the oldest first.
    under_way: VecDeque<usize>,
    /// Bytes that arrived since this was asked last, and the time in which some were under way.
    arrived: usize,
    busy: Duration,
    busy_since: Option<Moment>,
    /// Whether there was a moment since then in which all of a whole chain had been sent.
    rested: bool,
    heard: Moment,
}

impl Lane {
    /// A viewer that has seen nothing. For its first key frame it asks at once.
    pub fn new(now: Moment) -> Self {
        Self {
            waiting: VecDeque::new(),
            chain: Chain::Broken,
            asked: Some(now),
            again: ASKS_AGAIN,
            under_way: VecDeque::new(),
            arrived: 0,
            busy: Duration::ZERO,
            busy_since: None,
            rested: false,
            heard: now,
        }
    }

    /// Another unit, which follows on the one before.
    pub fn offer(&mut self, unit: &Arc<Unit>, now: Moment) -> Ask {
        if unit.key {
            // Nothing before it is of use any more.
            self.waiting.clear();
            self.chain = Chain::Whole(now);
        }
        if self.chain != Chain::Broken && !self.has_room(unit) {
            self.lose(now);
        }
        if self.chain != Chain::Broken {
            self.waiting.push_back(unit.clone());
        }
        self.ask(now)
    }

    /// The next to be sent, where there is credit.
    pub fn take(&mut self, now: Moment) -> Option<Arc<Unit>> {
        if self.under_way.len() >= CREDITS {
            return None;
        }
        let unit = self.waiting.pop_front();
        match &unit {
            Some(unit) => {
                self.busy_since.get_or_insert(now);
                self.under_way.push_back(unit.bytes.len());
            }
            // One that lost its chain does not rest: it has less to do than there was.
            None => self.rested |= self.chain != Chain::Broken,
        }
        unit
    }

    /// The viewer has decoded the oldest that was under way. One that answers more than it was sent gains nothing by it.
    pub fn shown(&mut self, now: Moment) -> Ask {
        self.heard = now;
        self.arrived += self.under_way.pop_front().unwrap_or(0);
        if self.under_way.is_empty() {
            self.busy += self
                .busy_since
                .take()
                .map_or(Duration::ZERO, |since| now.since(since));
        }
        self.ask(now)
    }

    /// A unit is missing, for everybody.
    pub fn lose(&mut self, now: Moment) {
        if let Chain::Whole(since) = self.chain {
            let good = now.since(since) >= GOOD;
            self.again = if good {
                ASKS_AGAIN
            } else {
                (self.again * 2).min(ASKS_SELDOM)
            };
        }
        self.waiting.clear();
        self.chain = Chain::Broken;
    }

    /// What the link carried since this was asked last.
    pub fn load(&mut self, now: Moment) -> Load {
        if !self.rested && self.arrived == 0 {
            return Load::Unknown;
        }
        let so_far = self
            .busy_since
            .map_or(Duration::ZERO, |since| now.since(since));
        let ms = (self.busy + so_far).as_millis().max(1);
        let rate = self.arrived as u128 * 1000 / ms;
        let load = if self.rested {
            Load::KeepsUp
        } else {
            Load::Carries(u32::try_from(rate).unwrap_or(u32::MAX))
        };
        (self.arrived, self.busy, self.rested) = (0, Duration::ZERO, false);
        self.busy_since = (!self.under_way.is_empty()).then_some(now);
        // A chain of which all has been sent rests until the next.
        if self.chain != Chain::Broken && self.under_way.is_empty() && self.waiting.is_empty() {
            self.rested = true;
        }
        load
    }

    /// A page that sleeps says nothing of its link.
    pub fn is_stalled(&self, now: Moment) -> bool {
        !self.under_way.is_empty() && now.since(self.heard) >= STALLED
    }

    fn has_room(&self, unit: &Unit) -> bool {
        let bytes: usize = self.waiting.iter().map(|unit| unit.bytes.len()).sum();
        self.waiting.is_empty()
            || self.waiting.len() < WAITING_MAX && bytes + unit.bytes.len() <= BYTES_MAX
    }

    /// Whether a chain that is lost is to begin anew by now. Only when it could be taken: a key frame into a link that is full
    /// would be the next to be lost.
    pub fn ask(&mut self, now: Moment) -> Ask {
        let wanted = self.chain == Chain::Broken && self.under_way.len() <= CREDITS / 2;
        if !wanted || self.asked.is_some_and(|at| now.since(at) < self.again) {
            return Ask::Nothing;
        }
        self.asked = Some(now);
        Ask::KeyFrame
    }
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
