//! Pictures that need none before them, on their way from one source to one node: as many as the link carries at once, and
//! behind them waits the newest alone.

use super::flow::Ticket;
use std::collections::BTreeMap;

/// So many are under way at most, however small: what comes later overtakes none before it by much.
const MOST: usize = 8;

/// What becomes of one that was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It is there, or something newer takes its place.
    Well,
    /// It is the newest, and it is to be sent again.
    Again,
}

/// Of one source to one node.
#[derive(Debug)]
pub struct Still<T> {
    under_way: BTreeMap<Ticket, usize>,
    waiting: Option<T>,
    last: Ticket,
}

impl<T> Default for Still<T> {
    fn default() -> Self {
        Self {
            under_way: BTreeMap::new(),
            waiting: None,
            last: Ticket::default(),
        }
    }
}

impl<T> Still<T> {
    /// A new one: what waited is history.
    pub fn offer(&mut self, item: T) {
        self.waiting = Some(item);
    }

    /// The one to send next, if there is one and the link has room for it: `room` bytes are what it takes at once.
    pub fn next(&mut self, room: u64, bytes: impl Fn(&T) -> usize) -> Option<(Ticket, T)> {
        let under_way: usize = self.under_way.values().sum();
        // One larger than all that the link takes goes alone.
        let is_full = under_way > 0 && under_way as u64 >= room;
        if is_full || self.under_way.len() >= MOST {
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
    }

    /// It was given up: where nothing newer is on its way, the picture would be an old one for as long as it rests.
    pub fn lost(&mut self, ticket: Ticket) -> Went {
        self.arrived(ticket);
        match ticket == self.last && self.waiting.is_none() {
            true => Went::Again,
            false => Went::Well,
        }
    }

    /// Whether that one is still the newest.
    pub fn is_newest(&self, ticket: Ticket) -> bool {
        ticket == self.last && self.waiting.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u64 = 30_000;

    fn next(still: &mut Still<usize>) -> Option<(Ticket, usize)> {
        still.next(ROOM, |bytes| *bytes)
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
    fn the_newest_is_sent_again_and_no_other() {
        let mut still = Still::default();
        still.offer(1000);
        let (first, _) = next(&mut still).expect("sent");
        still.offer(1001);
        let (second, _) = next(&mut still).expect("sent");
        assert_eq!(still.lost(first), Went::Well);
        assert_eq!(still.lost(second), Went::Again);
        assert!(still.is_newest(second));
        still.offer(1002);
        assert!(!still.is_newest(second));
    }
}
