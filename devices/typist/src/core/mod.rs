//! The decisions: events in, input states out, no clock and no file of its own.
//!
//! The typist is a holder of the focus like a page. It keeps a few steps on their way, sends what is not acknowledged again
//! every 100 ms, and presses more when the target has taken some: so the target's own pace is the pace.

mod item;
mod job;
mod names;
pub mod plan;
pub mod script;
#[cfg(test)]
mod tests;

use dkvm_sdk::Time;
use dkvm_wire::vocab::{
    input::{HidState, InputAck, InputState, Link, Motion, LEASE_MS, REFRESH_MS},
    typist::{Typed, Typing},
};
pub use item::Item;
use job::{Caps, End, Job, News};
use std::time::Duration;
use thiserror::Error;

const REFRESH: Duration = Duration::from_millis(REFRESH_MS);
/// A holder that was silent for so long may have lost its lease: a message takes some time to hid on a busy machine.
const SILENCE: Duration = Duration::from_millis(LEASE_MS - REFRESH_MS);

/// So long after its last word hid has let go of a text that ended at once, though hid was held up itself; before, another text
/// would bring the rest of it along.
const LET_GO: Duration = Duration::from_millis(2 * LEASE_MS);

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// hid said where it stands.
    Hid(HidState),
    /// hid is gone; what it said does not hold any more.
    HidGone,
    /// hid acknowledged.
    Ack(InputAck),
    /// A person has enough.
    Cancel,
    /// Time went by.
    Tick,
}

/// Why nothing is typed now.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum StartError {
    /// One text at a time.
    #[error("another text is being typed: wait for it, or cancel it")]
    Busy,
    /// hid may have some of the text before.
    #[error("the text before ended a moment ago, at a target that takes no keys: type again in a second")]
    LettingGo,
    /// Nobody takes the keys.
    #[error("the keyboard device (hid) does not run: look at it, then type again")]
    NoHid,
    /// The target has no keyboard of ours.
    #[error("the target has not set up the keyboard: check its USB cable and whether it is on, then type again")]
    NoKeyboard,
}

/// The state.
#[derive(Debug)]
pub struct Core {
    holder: u64,
    /// Counts messages and steps over all texts: hid remembers a holder.
    seq: u32,
    first: u32,
    hid: Option<HidState>,
    job: Option<Job>,
    /// Steps given up, as hid counted them when this text began.
    lost: Option<u32>,
    sent: Time,
    /// Until when hid may have some of a text that ended at once.
    letting_go: Option<Time>,
    last: Option<Typed>,
    number: u32,
}

impl Core {
    /// `holder`: a random name, below 2^53.
    pub const fn new(holder: u64) -> Self {
        Self {
            holder,
            seq: 0,
            first: 0,
            hid: None,
            job: None,
            lost: None,
            sent: Time::at(Duration::ZERO),
            letting_go: None,
            last: None,
            number: 0,
        }
    }

    /// The name as a holder.
    pub const fn holder(&self) -> u64 {
        self.holder
    }

    /// What is being typed.
    pub fn typing(&self) -> Option<Typing> {
        self.job.as_ref().map(Job::progress)
    }

    /// How the last text ended.
    pub const fn last(&self) -> Option<&Typed> {
        self.last.as_ref()
    }

    /// Begins to type: takes the focus. The first message is to be sent at once.
    pub fn start(
        &mut self,
        text: Vec<Item>,
        pace: Duration,
        now: Time,
    ) -> Result<Option<InputState>, StartError> {
        if self.job.is_some() {
            return Err(StartError::Busy);
        }
        if self.letting_go.is_some_and(|until| now < until) {
            return Err(StartError::LettingGo);
        }
        let hid = self.hid.as_ref().ok_or(StartError::NoHid)?;
        if matches!(hid.keyboard, Link::Absent | Link::NotConfigured) {
            return Err(StartError::NoKeyboard);
        }
        let epoch = hid.focus.wrapping_add(1);
        // Caps Lock is in the way of characters only.
        let types = text.iter().any(|item| matches!(item, Item::Keys(_)));
        let found = if types { caps(hid) } else { Caps::Off };
        self.job = Some(Job::new(text, pace, epoch, found, now));
        self.number = self.number.wrapping_add(1);
        self.lost = None;
        self.advance(now);
        Ok(self.send(now))
    }

    /// Takes an event; what is to be sent, if anything is.
    pub fn step(&mut self, event: Event, now: Time) -> Option<InputState> {
        // hid has let go of Shift and AltGr, or is about to: what is left would be typed without them.
        if self.job.is_some() && now.since(self.sent) >= SILENCE {
            self.end(job::LAPSED);
        }
        match event {
            Event::Hid(state) => self.told(state),
            Event::HidGone => self.hid = None,
            Event::Ack(ack) => self.acked(&ack, now),
            Event::Cancel => self.stop(job::CANCELLED),
            Event::Tick => {}
        }
        let news = self.advance(now);
        let due = self.job.is_some() && now.since(self.sent) >= REFRESH;
        if news == News::Steps || due {
            return self.send(now);
        }
        None
    }

    fn told(&mut self, state: HidState) {
        let taken = |job: &Job| is_newer(state.focus, job.epoch);
        if self.job.as_ref().is_some_and(taken) {
            self.end(job::TAKEN);
        }
        self.hid = Some(state);
        if let Some(end) = self.job.as_ref().and_then(Job::broken_off) {
            self.stop(end);
        }
    }

    fn acked(&mut self, ack: &InputAck, now: Time) {
        let Some(job) = self.job.as_mut().filter(|_| ack.holder == self.holder) else {
            return;
        };
        let settled = ack.steps.wrapping_sub(self.first);
        let count = usize::try_from(settled).unwrap_or(usize::MAX);
        if count <= job.steps().len() {
            job.settled(count, now);
            self.first = ack.steps;
        }
        let epoch = job.epoch;
        let lost = *self.lost.get_or_insert(ack.lost);
        if is_newer(ack.focus, epoch) {
            self.end(job::TAKEN);
        } else if ack.lost > lost {
            self.stop(job::LOST);
        }
    }

    /// No more is typed. A target that takes no keys gets no further word either: hid would type what it has of us when the
    /// target wakes, for as long as our word lasts.
    fn stop(&mut self, end: End) {
        if !self.takes_keys() {
            if self.job.is_some() {
                self.letting_go = Some(self.sent.after(LET_GO));
            }
            self.end(end);
        } else if let Some(job) = &mut self.job {
            job.stop(end);
        }
    }

    fn takes_keys(&self) -> bool {
        let keyboard = self.hid.as_ref().map(|hid| hid.keyboard);
        keyboard == Some(Link::Ok)
    }

    fn advance(&mut self, now: Time) -> News {
        // Unknown while hid is away: Caps Lock is neither taken to be off nor pressed.
        let caps = self.hid.as_ref().map_or(Caps::On, caps);
        let Some(job) = &mut self.job else {
            return News::None;
        };
        let news = job.advance(caps, now);
        if let News::Over(end) = news {
            self.end(end);
        }
        news
    }

    fn end(&mut self, (ending, message): End) {
        let Some(job) = self.job.take() else {
            return;
        };
        // hid knows steps up to here, sent or given up: no later text may number its own among them.
        let unsettled = u32::try_from(job.steps().len()).unwrap_or(u32::MAX);
        self.first = self.first.wrapping_add(unsettled);
        self.last = Some(Typed {
            number: self.number,
            ending,
            message: message.to_owned(),
            typing: job.progress(),
        });
    }

    fn send(&mut self, now: Time) -> Option<InputState> {
        let job = self.job.as_ref()?;
        self.seq = self.seq.wrapping_add(1);
        self.sent = now;
        Some(InputState {
            holder: self.holder,
            focus: job.epoch,
            seq: self.seq,
            first: self.first,
            steps: job.steps(),
            keys: job.keys(),
            buttons: 0,
            at: None,
            motion: Motion::default(),
            extra: Default::default(),
        })
    }

    /// When to come again with a [`Event::Tick`], if nothing happens before.
    pub fn deadline(&self) -> Option<Time> {
        let refresh = self.sent.after(REFRESH);
        let job = self.job.as_ref()?;
        Some(job.deadline().map_or(refresh, |own| own.min(refresh)))
    }
}

fn caps(hid: &HidState) -> Caps {
    if hid.leds.caps {
        Caps::On
    } else {
        Caps::Off
    }
}

/// Epochs wrap.
fn is_newer(epoch: u32, than: u32) -> bool {
    let ahead = epoch.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}
