//! Pictures that need none before them, on their way from one source to one node: as many as the link carries at once, and
//! behind them waits the newest alone.

use super::flow::Ticket;
use crate::core::Moment;
use std::{collections::BTreeMap, time::Duration};

/// So many are under way at most, however small: what comes later overtakes none before it by much.
const MOST: usize = 8;

/// One that did not arrive is followed after so long, the next that does not after twice as long, ...
const PAUSE: Duration = Duration::from_secs(1);
/// ... and so on: a link that is too slow for any has something else to carry.
const PAUSE_MOST: Duration = Duration::from_secs(8);

/// Of one source to one node.
#[derive(Debug)]
pub struct Still<T> {
    under_way: BTreeMap<Ticket, usize>,
    waiting: Option<T>,
    last: Ticket,
    pause: Duration,
    /// Nothing goes before then.
    resumes: Moment,
}

impl<T> Default for Still<T> {
    fn default() -> Self {
        Self {
            under_way: BTreeMap::new(),
            waiting: None,
            last: Ticket::default(),
            pause: PAUSE,
            resumes: Moment::ZERO,
        }
    }
}

impl<T> Still<T> {
    /// A new one: what waited is history.
    pub fn offer(&mut self, item: T) {
        self.waiting = Some(item);
    }

    /// The one to send next, if there is one and the link has room for it: `room` bytes are what it takes at once.
    pub fn next(
        &mut self,
        room: u64,
        now: Moment,
        bytes: impl Fn(&T) -> usize,
    ) -> Option<(Ticket, T)> {
        let under_way: usize = self.under_way.values().sum();
        // One larger than all that the link takes goes alone.
        let is_full = under_way > 0 && under_way as u64 >= room;
        if now < self.resumes || is_full || self.under_way.len() >= MOST {
            return None;
        }
        let item = self.waiting.take()?;
        self.last = self.last.next();
        self.under_way.insert(self.last, bytes(&item));
        Some((self.last, item))
    }

    /// It is there.
    pub fn arrived(&mut self, ticket: Ticket) {
        self.under_way.remove(&ticket);
        self.pause = PAUSE;
    }

    /// It is not: how long nothing goes now. Where nothing newer comes, the picture would be an old one for as long as it rests,
    /// so it is offered again then.
    pub fn lost(&mut self, ticket: Ticket, now: Moment) -> Duration {
        self.under_way.remove(&ticket);
        let pause = self.pause;
        self.resumes = now + pause;
        self.pause = (2 * pause).min(PAUSE_MOST);
        pause
    }

    /// Whether nothing newer came than that one.
    pub fn is_newest(&self, ticket: Ticket) -> bool {
        ticket == self.last && self.waiting.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u64 = 30_000;
    const NOW: Moment = Moment::from_secs(100);

    fn next(still: &mut Still<usize>) -> Option<(Ticket, usize)> {
        still.next(ROOM, NOW, |bytes| *bytes)
    }

    #[test]
    fn a_slow_link_gets_the_newest_when_the_one_before_is_there() {
        let mut still = Still::default();
        still.offer(100_000);
        let (first, _) = next(&mut still).expect("it goes alone");
        for bytes in 100_001..100_010 {
            still.offer(bytes);
            assert_eq!(next(&mut still), None);
        }
        still.arrived(first);
        let (second, newest) = next(&mut still).expect("sent");
        assert_eq!(newest, 100_009);
        still.arrived(second);
        assert_eq!(next(&mut still), None, "nothing waits");
    }

    #[test]
    fn a_long_way_has_some_under_way_and_there_is_an_end() {
        let mut still = Still::default();
        let mut sent = 0;
        for _ in 0..20 {
            still.offer(8_000);
            sent += usize::from(next(&mut still).is_some());
        }
        assert_eq!(sent, 4, "a fourth begins below 30 kB");
        let mut small = Still::default();
        let all = (0..20).filter(|_| {
            small.offer(10);
            next(&mut small).is_some()
        });
        assert_eq!(all.count(), MOST);
    }

    #[test]
    fn after_one_that_did_not_arrive_the_newest_goes_later_and_later() {
        let mut still = Still::default();
        let (mut now, mut pauses) = (NOW, Vec::new());
        for bytes in 1000..1006 {
            still.offer(bytes);
            let (ticket, _) = still.next(ROOM, now, |bytes| *bytes).expect("sent");
            let pause = still.lost(ticket, now);
            assert!(still.is_newest(ticket));
            still.offer(bytes);
            assert!(!still.is_newest(ticket));
            assert_eq!(still.next(ROOM, now, |bytes| *bytes), None);
            now += pause;
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 8, 8]);
        let (ticket, _) = still.next(ROOM, now, |bytes| *bytes).expect("sent");
        still.arrived(ticket);
        assert_eq!(still.lost(ticket, now), PAUSE);
    }
}
