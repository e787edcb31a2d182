//! The devices of another node that have spoken over a link, and which lives of them.

use crate::core::{bucket::Bucket, Moment};
use dkvm_wire::Generation;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    },
};

/// Devices of one node that speak; it has far fewer.
pub const MOST: usize = 32;

/// All that a node has may start again at once, and then each waits for longer and longer; who does so all the time makes work
/// for everybody here who reads of it.
const AGAIN_AT_ONCE: u32 = 16;
const AGAIN_A_SECOND: u32 = 1;

/// Numbers that no other life had since this device started: what is said of one that is gone must not meet its successor,
/// which may be the same device over another link.
#[derive(Debug, Clone, Default)]
pub struct Numbers(Arc<AtomicU32>);

impl Numbers {
    /// Above those of this device's earlier lives.
    pub fn new(generation: Generation) -> Self {
        Self(Arc::new(AtomicU32::new(generation.0 << 16)))
    }

    fn next(&self) -> Generation {
        Generation(self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    /// As its own kernel counts.
    theirs: Generation,
    /// As the kernel here is told.
    ours: Generation,
    breath: Breath,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breath {
    Alive,
    Gone,
}

/// Whose event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Of one that has spoken before.
    Same(Generation),
    /// Of a new life; the one before it is over.
    Fresh(Generation, Option<Generation>),
    /// Of one that is gone: it was late.
    Past,
    /// There are too many.
    TooMany,
    /// They start again too often.
    TooSoon,
}

/// Of one link.
#[derive(Debug)]
pub struct Lives {
    numbers: Numbers,
    of: BTreeMap<String, Life>,
    again: Bucket,
}

impl Lives {
    /// Nobody has spoken.
    pub fn new(numbers: Numbers) -> Self {
        Self {
            numbers,
            of: BTreeMap::new(),
            again: Bucket::new(AGAIN_AT_ONCE, AGAIN_A_SECOND),
        }
    }

    /// One speaks.
    pub fn speaks(&mut self, from: &str, theirs: Generation, now: Moment) -> Speaker {
        let known = self.of.get(from).copied();
        match known {
            Some(life) if life.theirs == theirs && life.breath == Breath::Alive => {
                Speaker::Same(life.ours)
            }
            Some(life) if life.theirs >= theirs => Speaker::Past,
            None if self.of.len() >= MOST => Speaker::TooMany,
            Some(_) if !self.again.take(now) => Speaker::TooSoon,
            _ => self.begins(from, theirs, known),
        }
    }

    fn begins(&mut self, from: &str, theirs: Generation, before: Option<Life>) -> Speaker {
        let ours = self.numbers.next();
        let breath = Breath::Alive;
        let life = Life {
            theirs,
            ours,
            breath,
        };
        self.of.insert(from.to_owned(), life);
        let over = before.filter(|life| life.breath == Breath::Alive);
        Speaker::Fresh(ours, over.map(|life| life.ours))
    }

    /// Its own kernel says that it is gone. Which one that is here.
    pub fn gone(&mut self, from: &str, theirs: Generation) -> Option<Generation> {
        let life = self.of.get_mut(from)?;
        if life.theirs > theirs || life.breath == Breath::Gone {
            return None;
        }
        life.theirs = theirs;
        life.breath = Breath::Gone;
        Some(life.ours)
    }

    /// The link is: all of them that live.
    pub fn end(&mut self) -> Vec<(String, Generation)> {
        let all = std::mem::take(&mut self.of);
        all.into_iter()
            .filter(|(_, life)| life.breath == Breath::Alive)
            .map(|(from, life)| (from, life.ours))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment::ZERO;

    fn lives() -> Lives {
        Lives::new(Numbers::new(Generation(0)))
    }

    #[test]
    fn a_late_word_of_one_that_is_gone_is_not_heard() {
        let mut lives = lives();
        let Speaker::Fresh(first, None) = lives.speaks("input", Generation(4), NOW) else {
            panic!("a new one")
        };
        assert_eq!(
            lives.speaks("input", Generation(4), NOW),
            Speaker::Same(first)
        );
        assert_eq!(lives.gone("input", Generation(4)), Some(first));
        assert_eq!(lives.gone("input", Generation(4)), None);
        assert_eq!(lives.speaks("input", Generation(4), NOW), Speaker::Past);
        assert_eq!(lives.speaks("input", Generation(3), NOW), Speaker::Past);
        assert!(
            matches!(lives.speaks("input", Generation(5), NOW), Speaker::Fresh(next, None) if next > first)
        );
    }

    #[test]
    fn a_new_life_ends_the_one_before() {
        let mut lives = lives();
        let Speaker::Fresh(first, None) = lives.speaks("hid", Generation(1), NOW) else {
            panic!("a new one")
        };
        let Speaker::Fresh(second, over) = lives.speaks("hid", Generation(2), NOW) else {
            panic!("a new one")
        };
        assert_eq!(over, Some(first));
        assert_eq!(lives.gone("hid", Generation(1)), None, "it is known");
        assert_eq!(lives.end(), [("hid".to_owned(), second)]);
        assert_eq!(lives.end(), []);
    }

    #[test]
    fn who_starts_again_all_the_time_is_told_from_a_node_that_is_started_again() {
        let mut lives = lives();
        for device in 0..MOST {
            let fresh = lives.speaks(&device.to_string(), Generation(1), NOW);
            assert!(matches!(fresh, Speaker::Fresh(_, None)));
        }
        let again = (0..100).filter(|n| {
            let said = lives.speaks("7", Generation(2 + n), NOW);
            matches!(said, Speaker::Fresh(..))
        });
        assert_eq!(again.count(), AGAIN_AT_ONCE as usize);
        let later = Moment::from_secs(1);
        assert!(matches!(
            lives.speaks("7", Generation(200), later),
            Speaker::Fresh(..)
        ));
        assert_eq!(lives.speaks("7", Generation(201), later), Speaker::TooSoon);
    }

    proptest! {
        #[test]
        fn numbers_never_come_again_and_there_are_only_so_many(
            said in proptest::collection::vec(("[a-c]{1,4}", 0u32..4), 0..200),
        ) {
            let mut lives = lives();
            let mut seen = Vec::new();
            for (from, theirs) in said {
                if let Speaker::Fresh(ours, _) = lives.speaks(&from, Generation(theirs), NOW) {
                    prop_assert!(!seen.contains(&ours));
                    seen.push(ours);
                }
            }
            prop_assert!(lives.end().len() <= MOST);
        }
    }
}
