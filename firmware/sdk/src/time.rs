//! Time as pure code is given it, and the clock that frames are stamped by.

use rustix::time::{clock_gettime, ClockId};
use std::time::Duration;

/// A moment: so long after a beginning that its user chooses, as its own start or the machine's ([`monotonic`]). What decides takes
/// it as an argument and asks no clock, so that a test can let an hour pass at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(Duration);

impl Time {
    /// So long after the beginning.
    pub const fn at(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// So many nanoseconds after the beginning.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(Duration::from_nanos(nanos))
    }

    /// So many microseconds after the beginning.
    pub const fn from_micros(micros: u64) -> Self {
        Self(Duration::from_micros(micros))
    }

    /// So many milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Whole microseconds since the beginning.
    pub fn micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    /// So much later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// How long since then; zero when it is yet to come.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// How long the machine runs (`CLOCK_MONOTONIC`): the same for all of its processes and for each life of a device, and set by nobody.
/// Frames, sound and GPIO's edges have it.
pub fn monotonic() -> Duration {
    read(ClockId::Monotonic)
}

/// The same with the time for which the machine slept (`CLOCK_BOOTTIME`): what others promised goes on then.
pub fn boottime() -> Duration {
    read(ClockId::Boottime)
}

fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_yet_to_come_is_no_time_ago() {
        let (earlier, later) = (Time::from_millis(500), Time::from_millis(1500));
        assert_eq!(later.since(earlier), SECOND);
        assert_eq!(earlier.since(later), Duration::ZERO);
        assert!(earlier < later);
    }

    #[test]
    fn later_is_later_up_to_the_end_of_time() {
        assert_eq!(Time::default().after(SECOND), Time::at(SECOND));
        let end = Time::at(Duration::MAX);
        assert_eq!(end.after(SECOND), end);
        assert_eq!(end.micros(), u64::MAX);
    }

    #[test]
    fn a_moment_is_the_same_in_every_unit() {
        let moment = Time::from_millis(7);
        assert_eq!(moment, Time::from_micros(7_000));
        assert_eq!(moment, Time::from_nanos(7_000_000));
        assert_eq!(moment.micros(), 7_000);
        assert_eq!(Time::from_nanos(7_999).micros(), 7, "whole ones");
    }

    #[test]
    fn the_machines_clocks_run_and_never_go_back() {
        for clock in [monotonic, boottime] {
            let before = clock();
            assert!(before > Duration::ZERO);
            assert!(clock() >= before);
        }
    }
}
