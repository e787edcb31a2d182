//! How fast input goes on. Pure.
//!
//! A state replaces the one before it and carries all its steps that are not acknowledged, so a page that
//! sends faster than any target polls loses nothing when only its latest goes on; and it cannot
//! overflow hid's lossless queue, which would restart hid for everybody.

use crate::{clock::Moment, state::Place};
use dkvm_wire::vocab::input::InputState;
use std::collections::VecDeque;

/// States a second, on average: as fast as a full-speed USB mouse is polled.
const PER_MS: u64 = 1;
/// States at once.
const BURST: u64 = 32;
/// States that wait, each of another holder or for another target. A page has one; it sends one that is lost again.
const WAITING: usize = 8;

/// A state, and for whose target it is.
pub type Sent = (Place, InputState);

/// Lets a burst through, then one a millisecond.
#[derive(Debug)]
pub struct Pace {
    tokens: u64,
    filled: Moment,
    waiting: VecDeque<Sent>,
}

impl Pace {
    /// Nothing sent yet.
    pub const fn new(now: Moment) -> Self {
        Self {
            tokens: BURST,
            filled: now,
            waiting: VecDeque::new(),
        }
    }

    /// A state came: those that go on now.
    pub fn take(&mut self, place: Place, state: InputState, now: Moment) -> Vec<Sent> {
        let waits = self.waiting.iter_mut();
        // Another holder's state is not replaced by this one, nor what is for another target.
        let mut same = waits.filter(|(at, old)| *at == place && old.holder == state.holder);
        match same.next() {
            Some((_, old)) => *old = state,
            None => self.waiting.push_back((place, state)),
        }
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
        std::iter::from_fn(|| self.due(now)).collect()
    }

    /// Time went by: the one that goes on now.
    pub fn due(&mut self, now: Moment) -> Option<Sent> {
        let gained = u64::try_from(now.since(self.filled).as_millis())
            .unwrap_or(u64::MAX)
            .saturating_mul(PER_MS);
        self.tokens = self.tokens.saturating_add(gained).min(BURST);
        self.filled = self.filled.max(now);
        if self.tokens == 0 {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.tokens -= 1;
        Some(next)
    }

    /// Whether something waits for its time.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
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

    fn here(state: InputState) -> Sent {
        (Place::Here, state)
    }

    #[test]
    fn typing_is_never_held_back() {
        let mut pace = Pace::new(NOW);
        for n in 0..1000 {
            let now = Moment(NOW.0 + u64::from(n) * 2);
            assert_eq!(
                pace.take(Place::Here, state(1, n), now),
                [here(state(1, n))]
            );
        }
    }

    #[test]
    fn a_flood_becomes_its_latest() {
        let mut pace = Pace::new(NOW);
        let mut take = |n| pace.take(Place::Here, state(1, n), NOW).len();
        let sent: usize = (0..10_000).map(&mut take).sum();
        assert_eq!(sent as u64, BURST);
        assert!(pace.is_waiting());
        assert_eq!(pace.due(Moment(NOW.0 + 1)), Some(here(state(1, 9999))));
        assert!(!pace.is_waiting());
    }

    #[test]
    fn one_holder_or_target_does_not_swallow_another() {
        let mut pace = Pace::new(NOW);
        let office = || Place::At("office".to_owned());
        for n in 0..BURST as u32 {
            pace.take(Place::Here, state(1, n), NOW);
        }
        for place in [Place::Here, office()] {
            assert!(pace.take(place.clone(), state(1, 100), NOW).is_empty());
            assert!(pace.take(place, state(2, 1), NOW).is_empty());
        }
        let later = Moment(NOW.0 + 10);
        let sent: Vec<Sent> = std::iter::from_fn(|| pace.due(later)).collect();
        let expected = [Place::Here, office()]
            .map(|place| [(place.clone(), state(1, 100)), (place, state(2, 1))]);
        assert_eq!(sent, expected.concat());
    }

    #[test]
    fn a_page_that_makes_up_holders_and_targets_gets_no_more_through() {
        let mut pace = Pace::new(NOW);
        let mut sent = 0;
        for n in 0..10_000 {
            let place = Place::At(format!("n{n}"));
            sent += pace.take(place, state(u64::from(n), n), NOW).len();
        }
        assert_eq!(sent as u64, BURST);
        assert_eq!(pace.waiting.len(), WAITING);
    }
}
