//! Pictures on their way to one node: how many at a time, and what is left out where they are too many.

use super::meter::{Load, Meter, Road, Whole};
use crate::core::Moment;
use dkvm_wire::vocab::video::AccessUnit;
use std::{collections::VecDeque, time::Duration};

/// So many may always be under way: a long way holds some that are not late at all.
const FEW: usize = 4;
/// And never more.
pub const MOST: usize = 16;
/// A link that has not delivered one in so long, beside its round trip, carries less than it is given.
const LATE: Duration = Duration::from_millis(250);
/// A key frame is large: more often would fill the link by itself.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// One under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticket(u64);

impl Ticket {
    /// The one after it.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Counts up.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Of one source to one node. A unit that is left out breaks the chain: until the next key frame nothing is sent.
#[derive(Debug, Default)]
pub struct Flow {
    under_way: VecDeque<(Ticket, Moment)>,
    meter: Meter,
    last_ticket: Ticket,
    /// Of the last key frame: what was before it is of no use to anything after it.
    key: Ticket,
    /// The number that continues the chain.
    next: Option<u64>,
    asked: Option<Moment>,
    mending: Mending,
}

/// Whether somebody is about to ask for a key frame until one is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mending {
    #[default]
    No,
    Yes,
}

/// What to do about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// It is whole.
    Nothing,
    /// A key frame is asked for.
    Ask,
    /// It is too early for that, or there is no room.
    Wait,
}

impl Flow {
    /// Whether a unit is sent.
    pub fn unit(&mut self, unit: AccessUnit, rtt: Duration, now: Moment) -> Option<Ticket> {
        let continues = unit.key || self.next == Some(unit.number);
        if !continues || self.is_full(rtt, now) {
            self.next = None;
            return None;
        }
        self.next = Some(unit.number.wrapping_add(1));
        let ticket = self.last_ticket.next();
        self.last_ticket = ticket;
        if unit.key {
            self.key = ticket;
        }
        self.under_way.push_back((ticket, now));
        self.meter.sent(now);
        Some(ticket)
    }

    fn is_full(&self, rtt: Duration, now: Moment) -> bool {
        let oldest = self.under_way.front();
        let late = oldest.is_some_and(|(_, since)| now.saturating_sub(*since) >= LATE + 2 * rtt);
        self.under_way.len() >= MOST || (self.under_way.len() >= FEW && late)
    }

    /// It is there, with so many bytes.
    pub fn arrived(&mut self, ticket: Ticket, bytes: usize, rtt: Duration, now: Moment) {
        self.ended(ticket);
        self.meter.arrived(bytes, rtt, self.road(), now);
    }

    fn ended(&mut self, ticket: Ticket) {
        self.under_way.retain(|(one, _)| *one != ticket);
    }

    fn road(&self) -> Road {
        Road {
            first: self.under_way.front().map(|(_, since)| *since),
            chain: self.next.map_or(Whole::No, |_| Whole::Yes),
        }
    }

    /// What the link carried since this was asked last.
    pub fn load(&mut self, now: Moment) -> Load {
        let road = self.road();
        self.meter.load(road, now)
    }

    /// The link stands still.
    pub fn stands_still(&mut self, now: Moment) {
        self.meter.stands_still(now);
    }

    /// It was not wanted: what needs it cannot be shown.
    pub fn lost(&mut self, ticket: Ticket, now: Moment) {
        self.breaks(ticket);
        self.meter.lost(self.road(), now);
    }

    /// It was given up, with so many bytes.
    pub fn late(&mut self, ticket: Ticket, bytes: usize, now: Moment) {
        self.breaks(ticket);
        self.meter.late(bytes, self.road(), now);
    }

    fn breaks(&mut self, ticket: Ticket) {
        self.ended(ticket);
        if ticket >= self.key {
            self.next = None;
        }
    }

    /// Whether from now on [`Flow::mend`] is to be asked until the chain is whole: by one at a time.
    pub fn begins_mending(&mut self) -> bool {
        let begins = self.next.is_none() && self.mending == Mending::No;
        if begins {
            self.mending = Mending::Yes;
        }
        begins
    }

    /// What to do now; where the chain is whole there is no more asking.
    pub fn mend(&mut self, now: Moment) -> Mend {
        if self.next.is_some() {
            self.mending = Mending::No;
            return Mend::Nothing;
        }
        let due = self.asked.is_none_or(|asked| now >= asked + ASK_EVERY);
        if !due || self.under_way.len() > 1 {
            return Mend::Wait;
        }
        self.asked = Some(now);
        Mend::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(10);

    fn at(ms: u64) -> Moment {
        Duration::from_millis(ms)
    }

    const fn unit(number: u64) -> AccessUnit {
        let key = matches!(number % 100, 0);
        AccessUnit { number, key }
    }

    #[test]
    fn it_begins_with_a_key_frame_and_leaves_none_out_while_they_arrive() {
        let mut flow = Flow::default();
        assert_eq!(flow.unit(unit(7), RTT, at(0)), None);
        assert!(flow.begins_mending() && !flow.begins_mending());
        assert_eq!(flow.mend(at(0)), Mend::Ask);
        assert_eq!(flow.mend(at(10)), Mend::Wait);
        assert_eq!(flow.mend(at(1000)), Mend::Ask, "none came");
        for number in 100..150 {
            let ticket = flow.unit(unit(number), RTT, at(number)).expect("sent");
            flow.arrived(ticket, 9, RTT, at(number));
            assert_eq!(flow.mend(at(number * 1000)), Mend::Nothing);
        }
        assert_eq!(flow.unit(unit(151), RTT, at(160)), None, "150 is missing");
    }

    #[test]
    fn a_link_that_does_not_deliver_gets_no_more_until_a_key_frame_that_fits() {
        let mut flow = Flow::default();
        let sent: Vec<_> = (100..120)
            .filter_map(|number| flow.unit(unit(number), RTT, at(33 * (number - 100))))
            .collect();
        // The fifth that is more than 270 ms after the first.
        assert_eq!(sent.len(), 9);
        assert_eq!(flow.unit(unit(200), RTT, at(2000)), None);
        assert_eq!(flow.mend(at(2000)), Mend::Wait, "there is no room yet");
        sent.into_iter()
            .for_each(|ticket| flow.arrived(ticket, 9, RTT, at(2050)));
        assert_eq!(
            flow.unit(unit(201), RTT, at(2100)),
            None,
            "a torn picture is none"
        );
        assert_eq!(flow.mend(at(2100)), Mend::Ask);
        assert!(flow.unit(unit(300), RTT, at(2200)).is_some());
        assert!(flow.unit(unit(301), RTT, at(2233)).is_some());
    }

    #[test]
    fn one_that_was_given_up_is_a_gap_unless_a_key_frame_came_after_it() {
        let mut flow = Flow::default();
        let first = flow.unit(unit(100), RTT, at(0)).expect("sent");
        flow.arrived(first, 9, RTT, at(10));
        let lost = flow.unit(unit(101), RTT, at(33)).expect("sent");
        let key = flow.unit(unit(200), RTT, at(66)).expect("sent");
        flow.late(lost, 9, at(70));
        assert!(!flow.begins_mending());
        let last = flow.unit(unit(201), RTT, at(99)).expect("sent");
        flow.lost(last, at(100));
        assert!(flow.begins_mending());
        flow.lost(key, at(101));
        assert_eq!(flow.mend(at(200)), Mend::Ask, "though nothing else comes");
        assert_eq!(flow.unit(unit(202), RTT, at(233)), None);
        assert!(flow.unit(unit(300), RTT, at(266)).is_some());
        assert_eq!(flow.mend(at(1300)), Mend::Nothing);
    }

    #[test]
    fn a_long_way_is_no_slow_one_but_there_is_an_end() {
        let mut flow = Flow::default();
        let far = Duration::from_secs(5);
        let sent = (100..150).filter(|n| flow.unit(unit(*n), far, at(33 * n)).is_some());
        assert_eq!(sent.count(), MOST);
    }
}
