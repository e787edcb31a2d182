//! Coming down to a frame rate, and counting one. Pure: time comes in.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// A frame may come so much of an interval early and still count: capture clocks jitter.
const EARLY: f64 = 0.25;

/// Leaves frames out to come down to a rate, evenly.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    interval: Duration,
    due: Option<Duration>,
}

impl Pace {
    /// At most so many frames in 1000 s, so that 59.94 a second is 59 940; 0 for all.
    pub fn at_millihertz(rate: u32) -> Self {
        let interval = SECOND
            .checked_div(rate)
            .unwrap_or_default()
            .saturating_mul(1000);
        Self {
            interval,
            due: None,
        }
    }

    /// Whether the frame captured at `at` is one of those to keep.
    pub fn keep(&mut self, at: Duration) -> bool {
        let due = self.due.unwrap_or(at);
        if at + self.interval.mul_f64(EARLY) < due {
            return false;
        }
        // On schedule the next is due one interval after this was, so that the rate holds; after a gap, after now.
        let base = if at > due + self.interval { at } else { due };
        self.due = Some(base + self.interval);
        true
    }
}

/// Counts events per second.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateMeter {
    ends: Option<Duration>,
    count: u32,
    last: u32,
}

impl RateMeter {
    /// One more, now.
    pub fn count(&mut self, now: Duration) {
        self.turn(now);
        self.count = self.count.saturating_add(1);
        self.ends.get_or_insert(now + SECOND);
    }

    /// The count of the last whole second.
    pub fn rate(&mut self, now: Duration) -> u32 {
        self.turn(now);
        self.last
    }

    /// When the running second ends.
    pub fn ends(&self) -> Option<Duration> {
        self.ends
    }

    fn turn(&mut self, now: Duration) {
        let Some(ends) = self.ends.filter(|ends| now >= *ends) else {
            return;
        };
        let missed_seconds = now >= ends + SECOND;
        self.last = if missed_seconds { 0 } else { self.count };
        // A quiet meter stops, so that an idle device does not wake once a second for it.
        let quiet = self.last == 0 && self.count == 0;
        self.ends = if quiet {
            None
        } else if missed_seconds {
            Some(now + SECOND)
        } else {
            Some(ends + SECOND)
        };
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(source_hz: u32, wish: u32, seconds: u32) -> usize {
        let mut pace = Pace::at_millihertz(wish * 1000);
        (0..source_hz * seconds)
            .filter(|n| pace.keep(SECOND * *n / source_hz))
            .count()
    }

    #[test]
    fn the_rate_comes_out_even_where_it_does_not_divide() {
        assert_eq!(kept(60, 30, 10), 300);
        assert_eq!(kept(60, 20, 10), 200);
        assert!((248..=252).contains(&kept(60, 25, 10)));
        assert_eq!(kept(30, 60, 10), 300, "a slow source is left alone");
    }

    #[test]
    fn after_a_gap_there_is_no_burst() {
        let mut pace = Pace::at_millihertz(10_000);
        assert!(pace.keep(Duration::ZERO));
        assert!(pace.keep(SECOND * 5));
        assert!(!pace.keep(SECOND * 5 + Duration::from_millis(16)));
    }

    #[test]
    fn the_meter_tells_the_last_second_and_then_sleeps() {
        let mut meter = RateMeter::default();
        for n in 0..60 {
            meter.count(SECOND * n / 60);
        }
        assert_eq!(meter.rate(SECOND / 2), 0);
        assert_eq!(meter.rate(SECOND), 60);
        assert_eq!(meter.rate(SECOND * 2), 0);
        assert_eq!(meter.rate(SECOND * 3), 0);
        assert_eq!(meter.ends(), None);
    }
}
