//! Which access units are decoded, and when a key frame is asked for.

use dkvm_wire::vocab::video::AccessUnit;
use std::time::Duration;

/// The first key frame after a gap or a beginning is waited for so long; each time twice as long,
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// but never longer.
const LONGEST_WAIT: Duration = Duration::from_secs(16);
/// And from one that was asked for to the next, whatever breaks: each is the dearest there is, for the node and for all that watch it.
const LEAST_WAIT: Duration = Duration::from_millis(500);

/// What becomes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is decoded.
    Decode,
    /// It builds on one that is not there.
    Skip,
}

/// The units of a source, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// The number that follows; `None`: only a key frame will do.
    next: Option<u64>,
    /// When the next key frame is asked for, while one is needed.
    ask_at: Option<Duration>,
    wait: Duration,
    /// When one was asked for last.
    asked: Option<Duration>,
}

impl Chain {
    /// A source was wanted: it begins with a key frame.
    pub fn begin(&mut self, now: Duration) {
        self.next = None;
        self.wait = FIRST_WAIT;
        self.ask_at = Some(now + FIRST_WAIT);
    }

    /// A unit came. One without a number is none of an encoder of ours.
    pub fn unit(&mut self, unit: Option<AccessUnit>, now: Duration) -> Step {
        let Some(AccessUnit { number, key }) = unit else {
            return Step::Skip;
        };
        if !key && self.next != Some(number) {
            self.broke(now);
            return Step::Skip;
        }
        self.next = Some(number.wrapping_add(1));
        self.ask_at = None;
        self.wait = FIRST_WAIT;
        Step::Decode
    }

    /// Something was lost, or could not be decoded: nothing that follows can be shown.
    pub fn broke(&mut self, now: Duration) {
        if self.next.take().is_some() || self.ask_at.is_none() {
            self.wait = FIRST_WAIT;
            let soonest = self.asked.map_or(now, |asked| asked + LEAST_WAIT);
            self.ask_at = Some(now.max(soonest));
        }
    }

    /// Whether a key frame is to be asked for now. Who asks has to do it.
    pub fn asks(&mut self, now: Duration) -> bool {
        let due = self.ask_at.is_some_and(|at| now >= at);
        if due {
            self.asked = Some(now);
            self.ask_at = Some(now + self.wait);
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        }
        due
    }

    /// When to ask again.
    pub const fn deadline(&self) -> Option<Duration> {
        self.ask_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn unit(number: u64, key: bool) -> Option<AccessUnit> {
        Some(AccessUnit { number, key })
    }

    #[test]
    fn a_chain_begins_with_a_key_frame_and_has_no_gap() {
        let mut chain = Chain::default();
        chain.begin(SECOND);
        assert_eq!(chain.unit(unit(4, false), SECOND), Step::Skip);
        assert_eq!(chain.unit(unit(5, true), SECOND), Step::Decode);
        assert_eq!(chain.unit(unit(6, false), SECOND), Step::Decode);
        assert!(!chain.asks(SECOND * 100));
        assert_eq!(chain.unit(unit(8, false), SECOND), Step::Skip);
        assert!(chain.asks(SECOND), "at once");
        assert_eq!(chain.unit(unit(9, false), SECOND), Step::Skip);
        assert!(!chain.asks(SECOND), "once");
        assert_eq!(chain.unit(unit(10, true), SECOND), Step::Decode);
    }

    #[test]
    fn a_key_frame_that_does_not_come_is_asked_for_again_and_more_seldom() {
        let mut chain = Chain::default();
        chain.begin(Duration::ZERO);
        let asked: Vec<u32> = (0..64).filter(|&at| chain.asks(SECOND * at)).collect();
        assert_eq!(asked, [1, 2, 4, 8, 16, 32, 48]);
    }

    #[test]
    fn a_chain_that_breaks_again_and_again_asks_seldom() {
        let mut chain = Chain::default();
        chain.begin(Duration::ZERO);
        let tenth = Duration::from_millis(100);
        let mut asked = Vec::new();
        for at in 0..20_u32 {
            let now = tenth * at;
            chain.unit(unit(u64::from(at) * 10, true), now);
            chain.broke(now);
            if chain.asks(now) {
                asked.push(at);
            }
        }
        assert_eq!(asked, [0, 5, 10, 15]);
    }

    #[test]
    fn the_same_unit_twice_is_a_break() {
        let mut chain = Chain::default();
        chain.begin(SECOND);
        chain.unit(unit(5, true), SECOND);
        chain.unit(unit(6, false), SECOND);
        assert_eq!(chain.unit(unit(6, false), SECOND), Step::Skip);
        assert_eq!(chain.unit(None, SECOND), Step::Skip);
    }
}
