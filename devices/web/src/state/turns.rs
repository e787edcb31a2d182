//! How often something may be done. Pure.

use crate::clock::Moment;
use std::time::Duration;

/// So often at once, and then as time gives it.
#[derive(Debug, Clone)]
pub struct Turns {
    left: u32,
    at_once: u32,
    every: Duration,
    filled: Moment,
}

impl Turns {
    /// All of them are there.
    pub const fn new(at_once: u32, every: Duration, now: Moment) -> Self {
        Self {
            left: at_once,
            at_once,
            every,
            filled: now,
        }
    }

    /// Takes so many at once, where there are as many; more than there can be are all of them.
    pub fn take(&mut self, cost: u32, now: Moment) -> bool {
        let gained = now.since(self.filled).as_millis() / self.every.as_millis().max(1);
        if let Ok(gained @ 1..) = u32::try_from(gained.min(u128::from(self.at_once))) {
            self.left = self.left.saturating_add(gained).min(self.at_once);
            self.filled = now;
        }
        let cost = cost.min(self.at_once);
        let has = self.left >= cost;
        if has {
            self.left -= cost;
        }
        has
    }

    /// When there are so many.
    pub fn next(&self, cost: u32) -> Moment {
        let lacking = cost.min(self.at_once).saturating_sub(self.left);
        self.filled.after(self.every * lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const NOW: Moment = Moment(1000);

    #[test]
    fn what_is_asked_for_all_the_time_is_had_at_its_pace_and_what_costs_more_more_seldom() {
        for (cost, expected) in [(1, 3 + 10), (2, 1 + 5), (9, 1 + 3)] {
            let mut turns = Turns::new(3, SECOND, NOW);
            let had = (0..=10_000).filter(|ms| turns.take(cost, Moment(NOW.0 + ms)));
            assert_eq!(had.count(), expected, "{cost}");
        }
    }

    #[test]
    fn it_is_there_when_it_is_said_to_be() {
        let mut turns = Turns::new(3, SECOND, NOW);
        assert!(turns.take(2, NOW) && !turns.take(3, NOW));
        let next = turns.next(3);
        assert!(!turns.clone().take(3, Moment(next.0 - 1)) && turns.take(3, next));
        assert_eq!(next, NOW.after(SECOND * 2));
    }
}
