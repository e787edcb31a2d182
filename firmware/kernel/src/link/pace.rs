use crate::supervise::Millis;

/// Events per second that a device may send: many times what frames, keys and releases need. One that sends
/// more has run wild, and would take the processor time of all.
const PER_SECOND: u64 = 20_000;
/// Events that it may send at once.
const BURST: u64 = 20_000;

/// A bucket that fills with time and empties with events.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    left: u64,
    filled: Millis,
    rate: u64,
    burst: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(PER_SECOND, BURST)
    }
}

impl Pace {
    pub(crate) fn new(rate: u64, burst: u64) -> Self {
        Self {
            left: burst,
            filled: Millis(0),
            rate,
            burst,
        }
    }

    /// Takes one; `false`: too fast.
    pub(crate) fn take(&mut self, now: Millis) -> bool {
        let gained = now.since(self.filled).saturating_mul(self.rate) / 1000;
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(self.burst);
            self.filled = now;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

/// For the sentence that says why a device was killed.
pub(crate) const FLOOD: &str = "sent more than 20000 messages within a second: it has run wild";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let mut pace = Pace::new(10, 5);
        let passed = (0..20).filter(|_| pace.take(Millis(1))).count();
        assert_eq!(passed, 5);
        assert!(pace.take(Millis(101)));
        assert!(!pace.take(Millis(101)));
    }

    #[test]
    fn rest_never_saves_more_than_a_burst() {
        let mut pace = Pace::new(10, 5);
        assert_eq!((0..20).filter(|_| pace.take(Millis(1_000_000))).count(), 5);
    }
}
