//! How coarse and how often, by what the links carry.
//!
//! The slowest link decides on the quantiser: bytes that it cannot carry would cost its viewer whole pictures. The fastest decides
//! on how many frames there are: a slow link never costs another viewer frames. What a link was told to carry
//! is believed less and less, until there is no limit or it is told again. Each that tells (web of its pages, peer of its nodes) is
//! believed by itself; one that reads and tells nothing has a link that carries all.

use crate::backend::Quantiser;
use dkvm_wire::vocab::video::{H264Settings, LinkLoad};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Of a picture that moves while no link is slow: text is sharp enough to be read while it scrolls.
pub const MOVING: Quantiser = Quantiser(24);
/// The coarsest: beyond it text cannot be read, and fewer frames are better.
pub const COARSEST: Quantiser = Quantiser(40);
/// The quantiser follows what was sent over so long.
const SPAN: Duration = Duration::from_secs(1);
/// It changes so often, so that each change is seen in what is sent before the next.
const STEP: Duration = Duration::from_millis(250);
/// Most that it grows at a time: a third of the bytes.
const STEP_MAX: u8 = 9;
/// So much may be on its way before frames wait: less, and a link that pauses for a moment runs dry.
const AHEAD: Duration = Duration::from_millis(150);
/// Of what a link carries so much is used: with all of it, what waits in it would never grow less.
const SHARE: f64 = 0.85;
/// For what was sent nobody waits longer: a picture that rests for the slowest link, one that moves for the fastest. What a link
/// was told to carry may be far too little, and what somebody types has to be seen.
const SETTLES: Duration = Duration::from_secs(3);
/// A limit holds for so long as it was told.
const HOLDS: Duration = Duration::from_secs(1);
/// Then it doubles in so long.
const DOUBLES: Duration = Duration::from_secs(3);
/// A limit beyond this is none, bytes a second: a gigabit.
const NO_LIMIT: f64 = 125e6;
/// Less than this no limit says, bytes a second: a still page would be dead for good.
const LEAST: f64 = 8e3;
/// Who tells of links: web and peer, and a few of a person's own.
const CALLERS_MOST: usize = 8;

/// What a link carries, and when that was told.
#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: f64,
    at: Duration,
}

impl Limit {
    fn told(bytes: u32, at: Duration) -> Self {
        let bytes = (f64::from(bytes) * SHARE).max(LEAST);
        Self { bytes, at }
    }

    /// Bytes a second by now, if it limits anything.
    fn now(self, now: Duration) -> Option<f64> {
        let since = now.saturating_sub(self.at + HOLDS).as_secs_f64();
        let bytes = self.bytes * (since / DOUBLES.as_secs_f64()).exp2();
        (bytes < NO_LIMIT).then_some(bytes)
    }
}

/// What one caller told of its links.
#[derive(Debug, Default)]
struct Links {
    slowest: Option<Limit>,
    fastest: Option<Limit>,
}

impl Links {
    fn told(&mut self, load: LinkLoad, now: Duration) {
        let keep = |told: Option<u32>, known| told.map(|bytes| Limit::told(bytes, now)).or(known);
        self.slowest = keep(load.slowest, self.slowest);
        self.fastest = keep(load.fastest, self.fastest);
    }

    fn slowest(&self, now: Duration) -> Option<f64> {
        self.slowest.and_then(|limit| limit.now(now))
    }

    fn fastest(&self, now: Duration) -> Option<f64> {
        self.fastest.and_then(|limit| limit.now(now))
    }
}

/// The controller.
#[derive(Debug)]
pub struct Rate {
    settings: H264Settings,
    links: BTreeMap<String, Links>,
    readers: usize,
    quantiser: Quantiser,
    stepped: Duration,
    /// What was sent in the last [`SPAN`].
    sent: VecDeque<(Duration, usize)>,
    /// Frames that were to be sent and had to wait, in the last [`SPAN`].
    held: VecDeque<Duration>,
    /// When all that was sent will have left over the fastest link,
    drained: Duration,
    /// and over the slowest.
    settled: Duration,
}

impl Rate {
    /// No link has been told.
    pub fn new(settings: H264Settings) -> Self {
        Self {
            settings,
            links: BTreeMap::new(),
            readers: 0,
            quantiser: MOVING,
            stepped: Duration::ZERO,
            sent: VecDeque::new(),
            held: VecDeque::new(),
            drained: Duration::ZERO,
            settled: Duration::ZERO,
        }
    }

    /// New settings.
    pub fn set(&mut self, settings: H264Settings) {
        self.settings = settings;
    }

    /// So many read. Of fewer, whoever went may be the one that was told of: who stays tells again.
    pub fn read_by(&mut self, readers: u32, now: Duration) {
        let before = self.readers;
        self.readers = readers as usize;
        if self.readers < before {
            self.links.clear();
            self.forget_debts(now);
        }
    }

    /// What a caller's links carry. Nothing of either: what it told before was of somebody who is gone.
    pub fn told(&mut self, caller: &str, load: LinkLoad, now: Duration) {
        if load == LinkLoad::default() {
            self.links.remove(caller);
            self.forget_debts(now);
            return;
        }
        self.links
            .retain(|_, links| links.slowest(now).or(links.fastest(now)).is_some());
        if self.links.len() < CALLERS_MOST || self.links.contains_key(caller) {
            let links = self.links.entry(caller.to_owned()).or_default();
            links.told(load, now);
        }
    }

    fn forget_debts(&mut self, now: Duration) {
        (self.drained, self.settled) = (now, now);
    }

    /// What a picture that moves is to be encoded with.
    pub fn moving(&self) -> Quantiser {
        self.quantiser
    }

    /// Whether a frame may leave now. One that may not is counted: it is what the picture would need.
    pub fn admits(&mut self, now: Duration) -> bool {
        let free = self.pace(now).is_none() || self.drained <= now + AHEAD;
        if !free {
            self.held.push_back(now);
            self.adjust(now);
        }
        free
    }

    /// A frame left.
    pub fn spent(&mut self, bytes: usize, now: Duration) {
        self.sent.push_back((now, bytes));
        let latest = now + SETTLES;
        self.drained = after(self.drained, bytes, self.pace(now), now).min(latest);
        self.settled = after(self.settled, bytes, self.aim(now), now).min(latest);
        self.adjust(now);
    }

    /// Whether all that was sent has left by every link.
    pub fn is_settled(&self, now: Duration) -> bool {
        self.settled <= now
    }

    /// Whether some link is slow.
    pub fn is_limited(&self, now: Duration) -> bool {
        self.aim(now).is_some()
    }

    /// Kilobits of the last second.
    pub fn kbit(&mut self, now: Duration) -> u32 {
        self.forget(now);
        u32::try_from(self.bytes() * 8 / 1000).unwrap_or(u32::MAX)
    }

    fn bytes(&self) -> usize {
        self.sent.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Bytes a second that frames are paced to.
    fn pace(&self, now: Duration) -> Option<f64> {
        least(self.asked(), self.fastest(now))
    }

    /// Bytes a second that the quantiser aims at.
    fn aim(&self, now: Duration) -> Option<f64> {
        let slowest = self.links.values().filter_map(|links| links.slowest(now));
        slowest.fold(self.asked(), |least, one| self::least(least, Some(one)))
    }

    /// Of all links the fastest, where each reader has told of its own.
    fn fastest(&self, now: Duration) -> Option<f64> {
        let told = self.links.values().filter_map(|links| links.fastest(now));
        let (count, most) = told.fold((0, 0.0_f64), |(count, most), one| {
            (count + 1, most.max(one))
        });
        (count > 0 && count >= self.readers).then_some(most)
    }

    fn asked(&self) -> Option<f64> {
        (self.settings.max_kbit > 0).then(|| f64::from(self.settings.max_kbit) * 1000.0 / 8.0)
    }

    fn forget(&mut self, now: Duration) {
        while self.sent.front().is_some_and(|(at, _)| *at + SPAN <= now) {
            self.sent.pop_front();
        }
        while self.held.front().is_some_and(|at| *at + SPAN <= now) {
            self.held.pop_front();
        }
    }

    fn adjust(&mut self, now: Duration) {
        if now < self.stepped + STEP {
            return;
        }
        self.stepped = now;
        self.forget(now);
        self.quantiser = match self.aim(now) {
            Some(aim) => stepped(self.quantiser, self.needed() / aim),
            None => MOVING,
        };
    }

    /// Bytes a second that the picture would take, were no frame held back.
    fn needed(&self) -> f64 {
        let (sent, held) = (self.sent.len().max(1), self.held.len());
        self.bytes() as f64 * (sent + held) as f64 / sent as f64
    }
}

/// When so many bytes more will have left.
fn after(before: Duration, bytes: usize, pace: Option<f64>, now: Duration) -> Duration {
    match pace {
        Some(pace) => before.max(now) + Duration::from_secs_f64(bytes as f64 / pace),
        None => now,
    }
}

fn least(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Six of the quantiser halve the bytes. Finer by one at a time, and only where there is room: else it would swing.
fn stepped(Quantiser(before): Quantiser, over: f64) -> Quantiser {
    let after = if over > 1.0 {
        // At most STEP_MAX, so the cast cuts nothing.
        before + (6.0 * over.log2()).ceil().min(f64::from(STEP_MAX)) as u8
    } else if over < 0.75 {
        before - 1
    } else {
        before
    };
    Quantiser(after.clamp(MOVING.0, COARSEST.0))
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
