//! Which frames are encoded.

use super::{obstacle::Obstacle, rate::Rate};
use crate::backend::{Kind, Quantiser};
use dkvm_encode::core::{Change, Flow};
use dkvm_wire::vocab::video::{H264Settings, H264State, LinkLoad, VideoState};
use std::time::Duration;

/// Of a picture that rests: nothing of it can be told from the source.
pub const RESTING: Quantiser = Quantiser(14);
/// So long after it changed last a picture rests. What comes sooner would be paid twice.
const RESTS: Duration = Duration::from_millis(200);
/// A picture that rests becomes finer by so much at a time, where no link is slow: each frame about twice the bytes of the one
/// before,
const FINER: u8 = 6;
/// and by so much where one is: what comes next would wait behind a large frame.
const FINER_SLOWLY: u8 = 2;
/// Key frames that are asked for are so far apart at least: whoever asks more often would have nothing else.
const KEY_GAP: Duration = Duration::from_millis(500);

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is encoded like this.
    Encode(Kind, Quantiser),
    /// Nothing.
    Leave,
}

/// Whether a key frame is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Nobody needs one.
    Idle,
    /// Somebody asked.
    Asked,
    /// Without one nothing that follows can be shown.
    Due,
}

/// What is sent, and when.
#[derive(Debug)]
pub struct Policy {
    settings: H264Settings,
    readers: u32,
    rate: Rate,
    key: Key,
    key_at: Option<Duration>,
    /// What the last frame was encoded with.
    quantiser: Quantiser,
    changed_at: Duration,
    flow: Flow,
    obstacle: Obstacle,
    shown: Option<H264State>,
}

impl Policy {
    /// Nobody watches yet.
    pub fn new(settings: H264Settings) -> Self {
        let mut policy = Self {
            settings,
            readers: 0,
            rate: Rate::new(settings),
            key: Key::Due,
            key_at: None,
            quantiser: RESTING,
            changed_at: Duration::ZERO,
            flow: Flow::default(),
            obstacle: Obstacle::default(),
            shown: None,
        };
        policy.set(settings);
        policy
    }

    /// New settings.
    pub fn set(&mut self, settings: H264Settings) {
        self.flow.limit(settings.max_rate);
        self.rate.set(settings);
        self.settings = settings;
    }

    /// So many readers now. A change may be a new one: it gets a key frame at once.
    pub fn demand(&mut self, readers: u32, now: Duration) {
        self.readers = readers;
        self.rate.read_by(readers, now);
        self.key = Key::Due;
    }

    /// Whether anybody wants frames.
    pub fn is_wanted(&self) -> bool {
        self.readers > 0 && self.obstacle.why().is_none()
    }

    /// A reader lost its way.
    pub fn ask_key(&mut self) {
        if self.key == Key::Idle {
            self.key = Key::Asked;
        }
    }

    /// What was encoded last does not reach anybody: nothing that builds on it may.
    pub fn broke(&mut self) {
        self.key = Key::Due;
    }

    /// What the links of one caller carry.
    pub fn link(&mut self, caller: &str, load: LinkLoad, now: Duration) {
        self.rate.told(caller, load, now);
    }

    /// What capture says of its source.
    pub fn source(&mut self, state: &VideoState) {
        self.obstacle.source(state);
    }

    /// A frame that was to be sent was not, through no fault of its readers.
    pub fn failed(&mut self, why: &str, now: Duration) {
        self.obstacle.failed(why, now);
    }

    /// Whether a frame captured at this time may be encoded at all.
    pub fn is_due(&mut self, captured: Duration, now: Duration) -> bool {
        self.flow.came(now);
        self.is_wanted() && self.flow.keeps(captured)
    }

    /// What becomes of a frame that is due. `change` is against the last that was encoded.
    pub fn judge(&mut self, change: Change, now: Duration) -> Verdict {
        if change == Change::Changed {
            self.changed_at = now;
        }
        if self.key_is_due(now) {
            return Verdict::Encode(Kind::Key, self.rate.moving());
        }
        match change {
            Change::Changed if self.rate.admits(now) => {
                Verdict::Encode(Kind::Delta, self.rate.moving())
            }
            Change::Same if self.can_be_finer(now) => Verdict::Encode(Kind::Delta, self.finer(now)),
            _ => Verdict::Leave,
        }
    }

    /// A frame went out, or would have but for its reader.
    pub fn made(&mut self, kind: Kind, quantiser: Quantiser, bytes: usize, now: Duration) {
        if kind == Kind::Key {
            (self.key, self.key_at) = (Key::Idle, Some(now));
        }
        self.obstacle.made();
        self.quantiser = quantiser;
        self.rate.spent(bytes, now);
        self.flow.went(now);
    }

    /// Whether the last frame is to be let go: no other came for a while, or nobody watches.
    pub fn lets_go(&self, now: Duration) -> bool {
        !self.is_wanted() || self.flow.is_over(now)
    }

    /// When to look again, if at all.
    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        self.flow.deadline(now)
    }

    /// The state, when it is not what was told last. What changes with every frame is told with the rate, once a second.
    pub fn news(&mut self, now: Duration) -> Option<H264State> {
        let rate = self.flow.rate(now);
        let kbit = self.rate.kbit(now);
        let (before, detail) = (self.shown.as_ref(), self.obstacle.why());
        let is_new = before.is_none_or(|shown| {
            (shown.rate, shown.settings, shown.detail.as_ref()) != (rate, self.settings, detail)
        });
        let state = H264State {
            settings: self.settings,
            rate,
            kbit,
            quantiser: self.quantiser.0,
            detail: detail.cloned(),
        };
        is_new.then(|| self.shown.insert(state).clone())
    }

    fn key_is_due(&self, now: Duration) -> bool {
        match self.key {
            Key::Idle => false,
            Key::Asked => self.key_at.is_none_or(|at| now >= at + KEY_GAP),
            Key::Due => true,
        }
    }

    fn can_be_finer(&self, now: Duration) -> bool {
        self.quantiser > RESTING && now >= self.changed_at + RESTS && self.rate.is_settled(now)
    }

    fn finer(&self, now: Duration) -> Quantiser {
        let by = if self.rate.is_limited(now) {
            FINER_SLOWLY
        } else {
            FINER
        };
        Quantiser(self.quantiser.0.saturating_sub(by).max(RESTING.0))
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
