//! How often somebody may guess. Pure: time is an argument.

use crate::clock::Moment;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Typing errors that cost no wait.
const FREE_PER_SOURCE: u32 = 3;
/// First wait of one source; it doubles with each failure more.
const STEP_PER_SOURCE: Duration = Duration::from_secs(1);
/// A person who forgot the password must not be locked out for the day.
const CAP_PER_SOURCE: Duration = Duration::from_secs(300);
/// Guesses from many addresses together before all strangers wait.
const FREE_FOR_ALL: u32 = 20;
/// First wait of all strangers together.
const STEP_FOR_ALL: Duration = Duration::from_millis(250);
/// Short, since whoever guesses could keep the owner out by it; 4 s still leaves only 21600 guesses a day.
const CAP_FOR_ALL: Duration = Duration::from_secs(4);
/// Failures are forgotten after so long without one.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Sources remembered: about 64 KiB. The one quiet for longest makes room.
const MAX_SOURCES: usize = 1024;

/// Where a connection comes from, as far as it can be told apart: an IPv4 address or an IPv6 /64,
/// since one machine has as many addresses of a /64 as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(six) => {
                let s = six.segments();
                Self(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0).into())
            }
            four => Self(four),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)?;
        f.write_str(if self.0.is_ipv6() { "/64" } else { "" })
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Moment,
    blocked_until: Moment,
    /// Gave the right password before: not held up by the guesses of others.
    known: bool,
}

impl Record {
    const fn new(now: Moment) -> Self {
        Self {
            failures: 0,
            last: now,
            blocked_until: now,
            known: false,
        }
    }

    fn refresh(&mut self, now: Moment) {
        if now.since(self.last) >= FORGET {
            self.failures = 0;
        }
    }

    fn count(&mut self, now: Moment, wait: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self.blocked_until = now.after(wait);
    }
}

/// Counts failures per source and of all together.
#[derive(Debug)]
pub struct Limiter {
    sources: HashMap<Source, Record>,
    all: Record,
}

impl Limiter {
    /// Nobody failed yet.
    pub fn new(now: Moment) -> Self {
        Self {
            sources: HashMap::new(),
            all: Record::new(now),
        }
    }

    /// Whether `source` may try now; if not, how long it has to wait. A try counts as a failure until
    /// [`Limiter::succeeded`], so that many at the same time are not free.
    pub fn admit(&mut self, source: Source, now: Moment) -> Result<(), Duration> {
        self.make_room(source);
        let one = self
            .sources
            .entry(source)
            .or_insert_with(|| Record::new(now));
        one.refresh(now);
        self.all.refresh(now);
        let common = if one.known {
            now
        } else {
            self.all.blocked_until
        };
        let until = one.blocked_until.max(common);
        if until > now {
            return Err(until.since(now));
        }
        one.count(
            now,
            delay(
                one.failures + 1,
                FREE_PER_SOURCE,
                STEP_PER_SOURCE,
                CAP_PER_SOURCE,
            ),
        );
        self.all.count(
            now,
            delay(
                self.all.failures + 1,
                FREE_FOR_ALL,
                STEP_FOR_ALL,
                CAP_FOR_ALL,
            ),
        );
        Ok(())
    }

    /// The try that was admitted last gave the right password.
    pub fn succeeded(&mut self, source: Source, now: Moment) {
        let record = Record {
            known: true,
            ..Record::new(now)
        };
        self.sources.insert(source, record);
        self.all.failures = self.all.failures.saturating_sub(1);
        self.all.blocked_until = now;
    }

    fn make_room(&mut self, source: Source) {
        if self.sources.len() < MAX_SOURCES || self.sources.contains_key(&source) {
            return;
        }
        let quietest = self
            .sources
            .iter()
            .min_by_key(|(_, record)| record.last)
            .map(|(source, _)| *source);
        if let Some(quietest) = quietest {
            self.sources.remove(&quietest);
        }
    }
}

/// Doubles from `step` with each failure beyond `free`, up to `cap`.
fn delay(failures: u32, free: u32, step: Duration, cap: Duration) -> Duration {
    match failures.checked_sub(free) {
        None | Some(0) => Duration::ZERO,
        Some(over) => step.saturating_mul(1 << (over - 1).min(20)).min(cap),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment(1_000_000);

    fn source(last: u8) -> Source {
        Source::from(IpAddr::from([10, 0, 0, last]))
    }

    fn at(seconds: u64) -> Moment {
        START.after(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_double_after_the_free_tries() {
        let mut limiter = Limiter::new(START);
        for _ in 0..4 {
            assert_eq!(limiter.admit(source(1), START), Ok(()));
        }
        assert_eq!(limiter.admit(source(1), START), Err(Duration::from_secs(1)));
        assert_eq!(limiter.admit(source(1), at(1)), Ok(()));
        assert_eq!(limiter.admit(source(1), at(1)), Err(Duration::from_secs(2)));
        assert_eq!(limiter.admit(source(1), at(3)), Ok(()));
        assert_eq!(limiter.admit(source(1), at(3)), Err(Duration::from_secs(4)));
    }

    #[test]
    fn one_source_does_not_hold_up_another() {
        let mut limiter = Limiter::new(START);
        while limiter.admit(source(1), START).is_ok() {}
        assert_eq!(limiter.admit(source(2), START), Ok(()));
    }

    #[test]
    fn the_right_password_wipes_the_slate() {
        let mut limiter = Limiter::new(START);
        for _ in 0..4 {
            limiter.admit(source(1), START).unwrap();
        }
        limiter.succeeded(source(1), START);
        assert_eq!(limiter.admit(source(1), START), Ok(()));
    }

    #[test]
    fn guesses_from_many_addresses_hold_up_strangers_but_not_the_owner() {
        let mut limiter = Limiter::new(START);
        limiter.admit(source(200), START).unwrap();
        limiter.succeeded(source(200), START);
        let admitted = (0..100)
            .filter(|&n| limiter.admit(source(n), START).is_ok())
            .count();
        assert_eq!(admitted, 21);
        assert_eq!(limiter.admit(source(201), START), Err(STEP_FOR_ALL));
        assert_eq!(limiter.admit(source(200), START), Ok(()));
    }

    #[test]
    fn failures_are_forgotten_and_waits_are_capped() {
        let mut limiter = Limiter::new(START);
        let mut now = START;
        for _ in 0..40 {
            while let Err(wait) = limiter.admit(source(1), now) {
                assert!(wait <= CAP_PER_SOURCE);
                now = now.after(wait);
            }
        }
        now = now.after(FORGET);
        for _ in 0..3 {
            assert_eq!(limiter.admit(source(1), now), Ok(()));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut limiter = Limiter::new(START);
        for n in 0..5000u32 {
            let _ = limiter.admit(
                Source::from(IpAddr::from(n.to_be_bytes())),
                at(u64::from(n) * 10),
            );
        }
        assert_eq!(limiter.sources.len(), MAX_SOURCES);
    }

    #[test]
    fn addresses_of_one_machine_are_one_source() {
        let parse = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(parse("::ffff:10.0.0.1"), parse("10.0.0.1"));
        assert_eq!(parse("fe80::1"), parse("fe80::2"));
        assert_ne!(parse("2001:db8:0:1::1"), parse("2001:db8:0:2::1"));
    }
}
