//! How often strangers may ask for something that a person has to look at.

use super::{address::household, Moment};
use std::{collections::VecDeque, net::IpAddr, time::Duration};

/// What is counted.
const WINDOW: Duration = Duration::from_secs(3600);
/// In an hour from everybody: each is a guess of one in a million, and a disturbance.
pub const IN_ALL: usize = 12;
/// In an hour from one household, so that one cannot use up all.
pub const OF_ONE: usize = 6;

/// The times of the last hour.
#[derive(Debug)]
pub struct Limit {
    times: VecDeque<(Moment, IpAddr)>,
    of_one: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self::of_one(OF_ONE)
    }
}

impl Limit {
    /// One household may so often in an hour.
    pub fn of_one(of_one: usize) -> Self {
        Self {
            times: VecDeque::new(),
            of_one,
        }
    }

    /// One more, if it may be.
    pub fn admit(&mut self, from: IpAddr, now: Moment) -> bool {
        let is_past = |(at, _): &(Moment, IpAddr)| now >= *at + WINDOW;
        while self.times.front().is_some_and(is_past) {
            self.times.pop_front();
        }
        let from = household(from);
        let of_one = self.times.iter().filter(|(_, ip)| *ip == from).count();
        let admitted = self.times.len() < IN_ALL && of_one < self.of_one;
        if admitted {
            self.times.push_back((now, from));
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    #[test]
    fn one_address_has_its_share_and_all_have_theirs() {
        let mut limit = Limit::default();
        let now = Duration::from_secs(5);
        assert_eq!((0..100).filter(|_| limit.admit(ip(1), now)).count(), OF_ONE);
        assert!(limit.admit(ip(2), now));
        let more = (3..200).filter(|n| limit.admit(ip(*n), now)).count();
        assert_eq!(OF_ONE + 1 + more, IN_ALL);
    }

    #[test]
    fn what_is_worth_a_line_in_the_log_is_so_once_an_hour() {
        let mut limit = Limit::of_one(1);
        let told = (0..100).filter(|_| limit.admit(ip(1), WINDOW / 2)).count();
        assert_eq!(told, 1);
        assert!(limit.admit(ip(2), WINDOW / 2) && limit.admit(ip(1), 2 * WINDOW));
    }

    #[test]
    fn an_hour_later_there_is_room_again() {
        let mut limit = Limit::default();
        for _ in 0..OF_ONE {
            assert!(limit.admit(ip(1), Duration::ZERO));
        }
        assert!(!limit.admit(ip(1), WINDOW - Duration::from_millis(1)));
        assert!(limit.admit(ip(1), WINDOW));
    }
}
