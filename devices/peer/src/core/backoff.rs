//! How long to wait before the next call.

use super::Moment;
use std::time::Duration;

/// Before the first try after a failure.
const FIRST: Duration = Duration::from_millis(250);
/// A node that was off for a day is found again within so long.
const LONGEST: Duration = Duration::from_secs(30);
/// A link that held for so long was a good one: after it, trying begins anew.
const GOOD: Duration = Duration::from_secs(10);
/// Two nodes that lost each other at once do not call at once for ever: so many hundredths more or less.
const JITTER: u32 = 20;

/// How long to wait before the next call.
#[derive(Debug, Clone)]
pub struct Backoff {
    failures: u32,
    random: u32,
}

impl Backoff {
    /// From a number that differs from node to node.
    pub fn new(seed: u32) -> Self {
        Self {
            failures: 0,
            random: seed | 1,
        }
    }

    /// After one more failure.
    pub fn failed(&mut self) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        doubled.min(LONGEST) * (100 - JITTER + self.next() % (2 * JITTER)) / 100
    }

    /// After a link that held for so long.
    pub fn lost(&mut self, held: Moment) -> Duration {
        if held >= GOOD {
            self.failures = 0;
        }
        self.failed()
    }

    /// The next failure is the first.
    pub fn restart(&mut self) {
        self.failures = 0;
    }

    /// Xorshift: it only has to be different.
    fn next(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_longest_and_differs_from_node_to_node() {
        let mut backoff = Backoff::new(7);
        for n in 0..40u32 {
            let plain = FIRST.saturating_mul(1 << n.min(16)).min(LONGEST);
            let waits = backoff.failed();
            assert!(
                waits >= plain * 80 / 100 && waits < plain * 120 / 100,
                "{n}: {waits:?}"
            );
        }
        let (mut one, mut other) = (Backoff::new(1), Backoff::new(2));
        assert_ne!(one.failed(), other.failed());
    }

    #[test]
    fn only_a_link_that_held_begins_anew() {
        let mut backoff = Backoff::new(7);
        for _ in 0..10 {
            backoff.failed();
        }
        assert!(backoff.lost(Duration::from_secs(1)) > Duration::from_secs(20));
        assert!(backoff.lost(GOOD) < Duration::from_secs(1));
    }
}
