use super::Millis;
use std::collections::VecDeque;

/// A life that was ready for so long has proved that the device works: it is started again at once, and earlier
/// failures are forgotten. A device that hangs or crashes later than this after each start restarts about as
/// often; that costs little, and in between it serves.
pub(super) const SETTLED_MS: u64 = 5_000;
/// A program says hello within this time of its start.
const HELLO_MS: u64 = 3_000;
/// After each start without one the next has twice the time, so often: on a machine that is merely slow, to kill what
/// was about to speak makes it slower.
const HELLO_DOUBLINGS: u32 = 2;
/// The longest that a hello is waited for.
pub(crate) const LONGEST_HELLO_MS: u64 = HELLO_MS << HELLO_DOUBLINGS;
/// A second death within this time is a loop and no accident: then `FLOOR_MS` is waited.
const LOOP_MS: u64 = 250;
const FLOOR_MS: u64 = 100;
const BASE_MS: u64 = 250;
const CAP_MS: u64 = 30_000;
/// Doubling beyond this passes the cap anyway.
const MOST_DOUBLINGS: u32 = 8;
/// So many failures in so much time: given up.
const BUDGET: usize = 8;
const BUDGET_WINDOW_MS: u64 = 120_000;
/// Hardware that was not there is looked for again.
pub(super) const ABSENT_MS: u64 = 3_000;
/// A clean end that nobody asked for.
pub(super) const DONE_MS: u64 = 1_000;
/// A KVM must not stay dead.
pub(super) const REARM_MS: u64 = 300_000;

/// The deaths of a device, as far as they decide when it is started next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Deaths that nobody asked for.
    pub deaths: u32,
    streak: u32,
    failures: VecDeque<Millis>,
    last: Option<Millis>,
    /// Starts in a row that came to no hello in time.
    unheard: u32,
    random: u32,
}

impl Record {
    pub(super) fn new(seed: u32) -> Self {
        // Xorshift stays at zero for ever.
        Self {
            deaths: 0,
            streak: 0,
            failures: VecDeque::new(),
            last: None,
            unheard: 0,
            random: seed | 1,
        }
    }

    /// A person or a new configuration: what was, no longer counts.
    pub(super) fn forgive(&mut self) {
        self.streak = 0;
        self.failures.clear();
        self.last = None;
        self.unheard = 0;
    }

    /// How long the hello of the next start is waited for, in ms.
    pub(super) fn hello_ms(&self) -> u64 {
        HELLO_MS << self.unheard.min(HELLO_DOUBLINGS)
    }

    /// A start came to no hello; returns the ms that were waited for it.
    pub(super) fn unheard(&mut self) -> u64 {
        let waited = self.hello_ms();
        self.unheard = self.unheard.saturating_add(1);
        waited
    }

    /// A hello came in time.
    pub(super) fn heard(&mut self) {
        self.unheard = 0;
    }

    /// A death that is no fault of the device, or after a long good run: how long to wait.
    pub(super) fn accident(&mut self, now: Millis) -> u64 {
        let looping = self.last.is_some_and(|last| now.since(last) < LOOP_MS);
        self.last = Some(now);
        if looping {
            FLOOR_MS
        } else {
            0
        }
    }

    /// A good run: earlier failures are forgotten.
    pub(super) fn settled(&mut self) {
        self.streak = 0;
        self.failures.clear();
    }

    /// A failure: how long to wait, or `None` when it is given up.
    pub(super) fn failure(&mut self, now: Millis) -> Option<u64> {
        self.last = Some(now);
        self.failures.push_back(now);
        while self
            .failures
            .front()
            .is_some_and(|first| now.since(*first) > BUDGET_WINDOW_MS)
        {
            self.failures.pop_front();
        }
        if self.failures.len() >= BUDGET {
            return None;
        }
        let wait = (BASE_MS << self.streak.min(MOST_DOUBLINGS)).min(CAP_MS);
        self.streak = self.streak.saturating_add(1);
        Some(self.jitter(wait))
    }

    /// ±20 %, so that devices that died together do not come back together.
    fn jitter(&mut self, wait: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let percent = 80 + u64::from(self.random % 41);
        (wait * percent / 100).min(CAP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_jitter() {
        let mut record = Record::new(7);
        for n in 0..7 {
            let wait = record.failure(Millis(n)).expect("not given up");
            let plain = 250 << n;
            assert!(
                (plain * 8 / 10..=plain * 12 / 10).contains(&wait),
                "{n}: {wait}"
            );
        }
        assert_eq!(record.failure(Millis(8)), None);
    }

    #[test]
    fn slow_failures_are_never_given_up_and_capped() {
        let mut record = Record::new(7);
        for n in 0..100 {
            let wait = record.failure(Millis(n * 20_000)).expect("not given up");
            assert!(wait <= CAP_MS, "{wait}");
        }
    }

    #[test]
    fn only_a_loop_of_accidents_waits() {
        let mut record = Record::new(1);
        assert_eq!(record.accident(Millis(1000)), 0);
        assert_eq!(record.accident(Millis(1100)), FLOOR_MS);
        assert_eq!(record.accident(Millis(2000)), 0);
    }

    #[test]
    fn jitter_differs_between_devices() {
        let waits: Vec<_> = (1..20)
            .map(|seed| Record::new(seed * 7919).failure(Millis(0)))
            .collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
    }
}
