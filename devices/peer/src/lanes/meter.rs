//! What a link carries of one source's pictures, as it is seen from when they are acknowledged. Pure.
//!
//! Whether a link is full is seen by its delay: as long as some picture is there as soon as the way is long, nothing waits. How
//! long the way is, with nothing waiting in it, is the shortest round trip of late: one measured now has in it what waits.

use crate::core::Moment;
use std::time::Duration;

/// An acknowledgement is late by so much without any fault of the link: QUIC may wait 25 ms with it, and nodes have other work.
const SLACK: Duration = Duration::from_millis(60);
/// The shortest round trip of so long, and of as long before it: a node that moved may be farther away.
const SPAN: Duration = Duration::from_secs(10);

/// What is known of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// All that was sent has arrived.
    KeepsUp,
    /// Bytes a second, all that it can.
    Carries(u32),
    /// Nothing.
    Unknown,
}

/// Whether there was a moment since the last look in which nothing waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rested {
    #[default]
    No,
    Yes,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Road {
    /// When the first of them was sent.
    pub first: Option<Moment>,
    /// Whether pictures are left out: then the link has less to do than there was.
    pub chain: Whole,
}

/// Whether a chain goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// Each picture follows on the one before.
    Yes,
    /// Until the next key frame none is sent.
    No,
}

impl Road {
    /// Whether all that was sent is there as soon as the way is long.
    fn is_free(self, way: Duration, now: Moment) -> bool {
        let soon = |first| now.saturating_sub(first) <= way + SLACK;
        self.chain == Whole::Yes && self.first.is_none_or(soon)
    }
}

/// Of one source to one node.
#[derive(Debug, Default)]
pub struct Meter {
    way: Way,
    /// Bytes that arrived since the last look, and the time in which some were under way.
    arrived: u64,
    busy: Duration,
    busy_since: Option<Moment>,
    rested: Rested,
}

impl Meter {
    /// One goes.
    pub fn sent(&mut self, now: Moment) {
        self.busy_since.get_or_insert(now);
    }

    /// One is there.
    pub fn arrived(&mut self, bytes: usize, rtt: Duration, road: Road, now: Moment) {
        self.way.measured(rtt, now);
        self.late(bytes, road, now);
        if road.is_free(self.way.shortest(), now) {
            self.rested = Rested::Yes;
        }
    }

    /// One was given up because the link has not carried it by now: it carries no more than that in this time.
    pub fn late(&mut self, bytes: usize, road: Road, now: Moment) {
        self.arrived += bytes as u64;
        if let Some(since) = self.busy_since {
            self.busy += now.saturating_sub(since);
        }
        self.busy_since = road.first.map(|_| now);
    }

    /// One was not wanted, which says nothing of the link; nor does the time until the next goes.
    pub fn lost(&mut self, road: Road, now: Moment) {
        self.busy_since = road.first.map(|_| now);
    }

    /// What the link carried since this was asked last.
    pub fn load(&mut self, road: Road, now: Moment) -> Load {
        if road.first.is_none() && road.is_free(Duration::ZERO, now) {
            self.rested = Rested::Yes;
        }
        let load = match (self.rested, self.arrived) {
            (Rested::Yes, _) => Load::KeepsUp,
            // Its time counts with the next that arrives.
            (Rested::No, 0) => return Load::Unknown,
            (Rested::No, bytes) => {
                let rate = u128::from(bytes) * 1000 / self.busy.as_millis().max(1);
                Load::Carries(u32::try_from(rate).unwrap_or(u32::MAX))
            }
        };
        (self.arrived, self.busy, self.rested) = (0, Duration::ZERO, Rested::No);
        load
    }

    /// The link stands still, which says nothing of what it carries when it goes.
    pub fn stands_still(&mut self, now: Moment) {
        (self.arrived, self.busy, self.rested) = (0, Duration::ZERO, Rested::No);
        self.busy_since = self.busy_since.map(|_| now);
    }
}

/// The shortest round trip of late.
#[derive(Debug, Default)]
struct Way {
    shortest: Option<Duration>,
    before: Option<Duration>,
    begun: Moment,
}

impl Way {
    fn measured(&mut self, rtt: Duration, now: Moment) {
        if now >= self.begun + SPAN {
            self.before = self.shortest.take();
            self.begun = now;
        }
        self.shortest = Some(self.shortest.map_or(rtt, |shortest| shortest.min(rtt)));
    }

    fn shortest(&self) -> Duration {
        let both = self.shortest.into_iter().chain(self.before);
        both.min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const WAY: Duration = Duration::from_millis(20);

    fn at(ms: u64) -> Moment {
        Duration::from_millis(ms)
    }

    fn since(ms: u64) -> Road {
        Road {
            first: Some(at(ms)),
            ..EMPTY
        }
    }

    const EMPTY: Road = Road {
        first: None,
        chain: Whole::Yes,
    };
    const BROKEN: Road = Road {
        chain: Whole::No,
        ..EMPTY
    };

    /// A link of so many bytes a millisecond, given a picture of so many every 33 ms: what is told each half second.
    fn loads(carries: u64, picture: u64, ms: u64) -> Vec<Load> {
        let (mut meter, mut told) = (Meter::default(), Vec::new());
        let (mut road, mut free): (VecDeque<(u64, u64)>, u64) = (VecDeque::new(), 0);
        for now in 0..ms {
            if now.is_multiple_of(33) {
                meter.sent(at(now));
                free = free.max(now) + picture / carries;
                road.push_back((now, free + 20));
            }
            while road.front().is_some_and(|(_, there)| *there <= now) {
                road.pop_front();
                let rtt = WAY + at(free.saturating_sub(now));
                meter.arrived(picture as usize, rtt, under_way(&road), at(now));
            }
            if now % 500 == 499 {
                told.push(meter.load(under_way(&road), at(now)));
            }
        }
        told
    }

    fn under_way(road: &VecDeque<(u64, u64)>) -> Road {
        Road {
            first: road.front().map(|(sent, _)| at(*sent)),
            chain: Whole::Yes,
        }
    }

    #[test]
    fn a_link_that_carries_all_keeps_up_however_long_it_is() {
        let told = loads(250, 5000, 5000);
        assert!(told.iter().all(|load| *load == Load::KeepsUp), "{told:?}");
    }

    #[test]
    fn a_link_that_is_full_carries_what_it_carries() {
        let told = loads(250, 20_000, 5000);
        for load in &told[1..] {
            let Load::Carries(bytes) = load else {
                panic!("{told:?}")
            };
            assert!((240_000..260_000).contains(bytes), "{told:?}");
        }
    }

    #[test]
    fn one_large_picture_is_timed_from_its_beginning() {
        let mut meter = Meter::default();
        meter.sent(at(0));
        let road = since(0);
        assert_eq!(meter.load(road, at(500)), Load::Unknown);
        meter.sent(at(600));
        meter.arrived(100_000, WAY, since(600), at(1000));
        assert_eq!(meter.load(since(600), at(1001)), Load::Carries(100_000));
    }

    #[test]
    fn who_leaves_pictures_out_does_not_keep_up() {
        let mut meter = Meter::default();
        meter.sent(at(0));
        meter.arrived(50_000, WAY, BROKEN, at(250));
        assert_eq!(meter.load(BROKEN, at(500)), Load::Carries(200_000));
        assert_eq!(meter.load(BROKEN, at(1000)), Load::Unknown);
        // The time in which nothing was under way is nobody's.
        meter.sent(at(1000));
        meter.arrived(50_000, WAY, BROKEN, at(1250));
        assert_eq!(meter.load(BROKEN, at(1500)), Load::Carries(200_000));
        assert_eq!(meter.load(EMPTY, at(2000)), Load::KeepsUp);
    }

    #[test]
    fn one_that_never_arrives_says_that_the_link_carries_less() {
        let mut meter = Meter::default();
        meter.sent(at(0));
        assert_eq!(meter.load(since(0), at(2999)), Load::Unknown);
        meter.late(900_000, BROKEN, at(3000));
        assert_eq!(meter.load(BROKEN, at(3001)), Load::Carries(300_000));
    }

    #[test]
    fn who_does_not_want_one_says_nothing_of_the_link() {
        let mut meter = Meter::default();
        meter.sent(at(0));
        meter.lost(BROKEN, at(100));
        meter.sent(at(1100));
        meter.arrived(10_000, WAY, BROKEN, at(1200));
        assert_eq!(meter.load(BROKEN, at(1300)), Load::Carries(100_000));
    }

    #[test]
    fn a_cut_is_no_slow_link() {
        let mut meter = Meter::default();
        meter.sent(at(0));
        meter.stands_still(at(500));
        meter.stands_still(at(5000));
        meter.sent(at(5000));
        meter.arrived(10_000, WAY, since(5000), at(5100));
        let road = since(5000);
        assert_eq!(meter.load(road, at(5200)), Load::Carries(100_000));
    }
}
