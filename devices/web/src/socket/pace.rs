//! How fast input goes on. Pure.
//!
//! A state replaces the one before it and carries all its steps that are not acknowledged, so a page that
//! sends faster than any target polls loses nothing when only its latest goes on; and it cannot
//! overflow hid's lossless queue, which would restart hid for everybody.

use crate::clock::Moment;
use dkvm_wire::vocab::input::InputState;

/// States a second, on average: as fast as a full-speed USB mouse is polled.
const PER_MS: u64 = 1;
/// States at once.
const BURST: u64 = 32;

/// Lets a burst through, then one a millisecond.
#[derive(Debug)]
pub struct Pace {
    tokens: u64,
    filled: Moment,
    waiting: Option<InputState>,
}

impl Pace {
    /// Nothing sent yet.
    pub const fn new(now: Moment) -> Self {
        Self {
            tokens: BURST,
            filled: now,
            waiting: None,
        }
    }

    /// A state came: those that go on now.
    pub fn take(&mut self, state: InputState, now: Moment) -> Vec<InputState> {
        // Another holder's state is not replaced by this one.
        let other = self
            .waiting
            .take()
            .filter(|waiting| waiting.holder != state.holder);
        self.waiting = Some(state);
        other.into_iter().chain(self.due(now)).collect()
    }

    /// Time went by: the one that goes on now.
    pub fn due(&mut self, now: Moment) -> Option<InputState> {
        let gained = u64::try_from(now.since(self.filled).as_millis())
            .unwrap_or(u64::MAX)
            .saturating_mul(PER_MS);
        self.tokens = self.tokens.saturating_add(gained).min(BURST);
        self.filled = self.filled.max(now);
        if self.tokens == 0 {
            return None;
        }
        let state = self.waiting.take()?;
        self.tokens -= 1;
        Some(state)
    }

    /// Whether something waits for its time.
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::input::Motion;

    const NOW: Moment = Moment(1000);

    fn state(holder: u64, seq: u32) -> InputState {
        let (steps, keys, motion) = (Vec::new(), Vec::new(), Motion::default());
        InputState {
            holder,
            focus: 1,
            seq,
            first: 0,
            steps,
            keys,
            buttons: 0,
            at: None,
            motion,
            extra: Default::default(),
        }
    }

    #[test]
    fn typing_is_never_held_back() {
        let mut pace = Pace::new(NOW);
        for n in 0..1000 {
            let now = Moment(NOW.0 + u64::from(n) * 2);
            assert_eq!(pace.take(state(1, n), now), [state(1, n)]);
        }
    }

    #[test]
    fn a_flood_becomes_its_latest() {
        let mut pace = Pace::new(NOW);
        let sent: usize = (0..10_000).map(|n| pace.take(state(1, n), NOW).len()).sum();
        assert_eq!(sent as u64, BURST);
        assert!(pace.is_waiting());
        assert_eq!(pace.due(Moment(NOW.0 + 1)), Some(state(1, 9999)));
        assert!(!pace.is_waiting());
    }

    #[test]
    fn one_holder_does_not_swallow_another() {
        let mut pace = Pace::new(NOW);
        for n in 0..BURST as u32 {
            pace.take(state(1, n), NOW);
        }
        assert!(pace.take(state(1, 100), NOW).is_empty());
        assert_eq!(pace.take(state(2, 1), NOW), [state(1, 100)]);
    }
}
