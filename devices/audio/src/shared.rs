//! What the loop and the two threads have in common.

use crate::core::Rate;
use std::{
    collections::VecDeque,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Most of the microphone that waits for its thread: a second; it takes what is there every 10 ms.
const MICROPHONE_FRAMES: usize = 48_000;

/// Where sound is to be had, or to be given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The gadget's own card, by ALSA's name (`hw:1`): it says at which rate the target plays and records.
    Gadget(String),
    /// Another card.
    Card(String),
    /// What ALSA's configuration calls so, with no card of its own behind it: `default`, which is PipeWire where that runs.
    Pcm(String),
}

impl Place {
    /// As ALSA names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Gadget(name) | Self::Card(name) | Self::Pcm(name) => name,
        }
    }
}

/// Whether somebody hears, or speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// Nobody.
    #[default]
    No,
    /// Somebody.
    Yes,
}

/// What a thread is to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    /// Where.
    pub place: Option<Place>,
    /// Whether.
    pub wanted: Wanted,
}

/// What a thread found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// At which rate the other side plays or records.
    pub rate: Rate,
    /// How often sound was lost, or ran out.
    pub faults: u32,
    /// What is wrong.
    pub trouble: Option<String>,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Lane {
    orders: Mutex<Orders>,
    changed: Condvar,
    facts: Mutex<Facts>,
    beat: AtomicU64,
}

/// Both.
#[derive(Debug)]
pub struct Shared {
    began: Instant,
    /// What is heard.
    pub ear: Lane,
    /// What is said.
    pub mouth: Lane,
    /// What the open microphone gave.
    microphone: Mutex<VecDeque<i16>>,
    /// Rings when a fact changed.
    pub news: Arc<Notify>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            ear: Lane::default(),
            mouth: Lane::default(),
            microphone: Mutex::default(),
            news: Arc::default(),
        }
    }
}

/// A panic elsewhere ends the process anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    /// What to do now.
    pub fn orders(&self) -> Orders {
        lock(&self.orders).clone()
    }

    /// Other orders wake the thread.
    pub fn order(&self, orders: Orders) {
        let mut now = lock(&self.orders);
        if *now != orders {
            *now = orders;
            self.changed.notify_all();
        }
    }

    /// Until the orders differ from these, or for so long.
    pub fn rest(&self, orders: &Orders, most: Duration) {
        let now = lock(&self.orders);
        let waited = self
            .changed
            .wait_timeout_while(now, most, |now| now == orders);
        drop(waited);
    }

    /// What was found.
    pub fn facts(&self) -> Facts {
        lock(&self.facts).clone()
    }
}

impl Shared {
    /// A thread says that it lives.
    pub fn beat(&self, lane: &Lane) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        lane.beat.store(now, Ordering::Relaxed);
    }

    /// For how long the quieter of the threads has said nothing.
    pub fn silence(&self) -> Duration {
        let last = [&self.ear, &self.mouth].map(|lane| lane.beat.load(Ordering::Relaxed));
        let last = last.into_iter().min().unwrap_or_default();
        self.began
            .elapsed()
            .saturating_sub(Duration::from_millis(last))
    }

    /// A fact that may have changed.
    pub fn tell(&self, lane: &Lane, change: impl FnOnce(&mut Facts)) {
        let mut facts = lock(&lane.facts);
        let before = facts.clone();
        change(&mut facts);
        if *facts != before {
            self.news.notify_one();
        }
    }

    /// Said of what is open, or is not wanted: until then what was in the way may be so still.
    pub fn is_well(&self, lane: &Lane) {
        self.tell(lane, |facts| facts.trouble = None);
    }

    /// The microphone gave this; what no thread takes is bounded.
    pub fn hear(&self, samples: impl Iterator<Item = i16>) {
        let mut waiting = lock(&self.microphone);
        waiting.extend(samples);
        let excess = waiting.len().saturating_sub(MICROPHONE_FRAMES);
        waiting.drain(..excess);
    }

    /// What the microphone gave since.
    pub fn heard(&self) -> VecDeque<i16> {
        std::mem::take(&mut lock(&self.microphone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_bounded_and_the_oldest_goes() {
        let shared = Shared::default();
        shared.hear((0..i16::MAX).chain(0..i16::MAX));
        let heard = shared.heard();
        assert_eq!(
            (heard.len(), heard.back()),
            (MICROPHONE_FRAMES, Some(&(i16::MAX - 1)))
        );
        assert!(shared.heard().is_empty());
    }

    #[test]
    fn a_fact_rings_only_when_it_changed() {
        let shared = Shared::default();
        shared.tell(&shared.ear, |facts| facts.rate = Rate(48_000));
        shared.tell(&shared.ear, |facts| facts.rate = Rate(48_000));
        assert_eq!(shared.ear.facts().rate, Rate(48_000));
        assert_eq!(shared.mouth.facts(), Facts::default());
    }
}
