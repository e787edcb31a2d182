//! How fast it goes, over the last seconds.

use std::{collections::VecDeque, time::Duration};

/// Over so long.
const WINDOW: Duration = Duration::from_secs(5);
/// A mark so often.
const EVERY: Duration = Duration::from_millis(250);

/// Marks of how far it was when.
#[derive(Debug, Default)]
pub struct Rate(VecDeque<(Duration, u64)>);

impl Rate {
    /// It is so far now.
    pub fn mark(&mut self, now: Duration, offset: u64) {
        if self
            .0
            .back()
            .is_some_and(|(at, _)| now.saturating_sub(*at) < EVERY)
        {
            return;
        }
        self.0.push_back((now, offset));
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now.saturating_sub(*at) > WINDOW)
        {
            self.0.pop_front();
        }
    }

    /// Bytes a second; 0 while nothing can be said.
    pub fn per_second(&self, now: Duration, offset: u64) -> u64 {
        let Some((at, from)) = self.0.front() else {
            return 0;
        };
        let passed = now.saturating_sub(*at).as_millis();
        let bytes = u128::from(offset.saturating_sub(*from));
        u64::try_from(bytes * 1000 / passed.max(1)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(Duration::ZERO, 0), 0);
        let at = |n: u64| Duration::from_millis(250 * n);
        for n in 0..100 {
            rate.mark(at(n), n * 1000);
        }
        assert_eq!(rate.per_second(at(100), 100_000), 4000);
        assert!(rate.0.len() < 30);
        // Nothing more comes: it falls.
        assert!(rate.per_second(at(200), 100_000) < 1000);
    }
}
