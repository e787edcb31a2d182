//! What all take who watch a device by one link: the link itself, as it is measured, and the links behind it (of pages), as the
//! node there tells of them. Pure.

use super::meter::Load;
use crate::core::Moment;
use dkvm_wire::vocab::video::LinkLoad;
use std::{collections::BTreeMap, time::Duration};

/// A word is believed for so long; while it holds it is said each half second.
const HOLDS: Duration = Duration::from_secs(1);

/// Of all who watch by one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// What the slowest of them takes,
    pub slowest: Load,
    /// and the fastest.
    pub fastest: Load,
}

impl Reach {
    /// Nothing is known but the link.
    pub const fn of(link: Load) -> Self {
        Self {
            slowest: link,
            fastest: link,
        }
    }

    /// None takes more than comes over the link.
    fn beyond(link: Load, told: LinkLoad) -> Self {
        Self {
            slowest: narrower(link, told.slowest),
            fastest: narrower(link, told.fastest),
        }
    }
}

fn narrower(link: Load, told: Option<u32>) -> Load {
    match (link, told) {
        (Load::Carries(link), Some(told)) => Load::Carries(link.min(told)),
        (Load::KeepsUp | Load::Unknown, Some(told)) => Load::Carries(told),
        // Somebody takes all that comes, so something comes.
        (Load::Unknown, None) => Load::KeepsUp,
        (link, None) => link,
    }
}

/// Whether somebody who was told of is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Perhaps the slow one.
    Somebody,
    /// None that is known.
    Nobody,
}

/// What one node told of the links behind it, for each device of this node that it reads.
#[derive(Debug, Default)]
pub struct Words(BTreeMap<String, (Moment, LinkLoad)>);

impl Words {
    /// It tells of those who watch a device.
    pub fn tell(&mut self, from: &str, load: LinkLoad, now: Moment) -> Left {
        if load == LinkLoad::default() {
            return match self.0.remove(from) {
                Some(_) => Left::Somebody,
                None => Left::Nobody,
            };
        }
        self.0.insert(from.to_owned(), (now, load));
        Left::Nobody
    }

    /// It does not read the device any more.
    pub fn end(&mut self, from: &str) {
        self.0.remove(from);
    }

    /// Nothing of it holds.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// What all take who watch that by a link of which this was seen.
    pub fn reach(&self, from: &str, link: Load, now: Moment) -> Reach {
        let word = self.0.get(from);
        match word.filter(|(at, _)| now < *at + HOLDS) {
            Some((_, told)) => Reach::beyond(link, *told),
            None => Reach::of(link),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Duration::from_secs(60);

    fn load(slowest: u32, fastest: Option<u32>) -> LinkLoad {
        LinkLoad {
            slowest: Some(slowest),
            fastest,
        }
    }

    /// The slowest and the fastest, of a link and what was told.
    fn seen(link: Load, told: LinkLoad) -> (Load, Load) {
        let mut words = Words::default();
        assert_eq!(words.tell("h264", told, NOW), Left::Nobody);
        let Reach { slowest, fastest } = words.reach("h264", link, NOW);
        (slowest, fastest)
    }

    #[test]
    fn the_smaller_of_what_is_measured_and_what_is_told() {
        let carries = Load::Carries;
        let page = load(7, Some(9));
        for link in [Load::KeepsUp, Load::Unknown] {
            assert_eq!(seen(link, page), (carries(7), carries(9)), "{link:?}");
        }
        assert_eq!(seen(carries(8), page), (carries(7), carries(8)));
        assert_eq!(seen(carries(3), page), (carries(3), carries(3)));
    }

    #[test]
    fn one_behind_the_link_that_takes_all_holds_up_no_frame() {
        let page = load(7, None);
        let slow = Load::Carries(7);
        for link in [Load::KeepsUp, Load::Unknown] {
            assert_eq!(seen(link, page), (slow, Load::KeepsUp), "{link:?}");
        }
        assert_eq!(seen(Load::Carries(8), page), (slow, Load::Carries(8)));
    }

    #[test]
    fn a_word_is_of_one_device_and_holds_for_a_second() {
        let mut words = Words::default();
        words.tell("h264", load(7, None), NOW);
        let slowest = |from: &str, ms: u64| {
            let now = NOW + Duration::from_millis(ms);
            words.reach(from, Load::KeepsUp, now).slowest
        };
        assert_eq!(slowest("h264", 999), Load::Carries(7));
        assert_eq!(slowest("h264", 1000), Load::KeepsUp);
        assert_eq!(slowest("other", 0), Load::KeepsUp);
    }

    #[test]
    fn who_left_is_told_of_once_and_only_where_somebody_was() {
        let mut words = Words::default();
        let gone = LinkLoad::default();
        assert_eq!(words.tell("h264", gone, NOW), Left::Nobody);
        words.tell("h264", load(7, None), NOW);
        assert_eq!(words.tell("h264", gone, NOW), Left::Somebody);
        assert_eq!(words.tell("h264", gone, NOW), Left::Nobody);
    }

    #[test]
    fn what_is_read_no_more_or_over_another_link_is_forgotten() {
        let mut words = Words::default();
        let reach = |words: &Words| words.reach("h264", Load::KeepsUp, NOW);
        words.tell("h264", load(7, None), NOW);
        words.end("h264");
        assert_eq!(reach(&words), Reach::of(Load::KeepsUp));
        words.tell("h264", load(7, None), NOW);
        words.forget();
        assert_eq!(reach(&words), Reach::of(Load::KeepsUp));
        assert_eq!(words.tell("h264", LinkLoad::default(), NOW), Left::Nobody);
    }
}
