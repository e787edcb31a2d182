//! Whether all targets are shown, which of them is marked, and what a second try means.

use super::grid::{Direction, Grid};
use std::time::Duration;

/// Who is told that somebody works there, and goes there once more within this time, means it. As with hotkeys.
const MEANS_IT: Duration = Duration::from_secs(2);
/// But not so soon: the second half of a double click was on its way before anything was told.
const READS: Duration = Duration::from_millis(600);
/// So long that is told: as long as it is so.
pub const TOLD: Duration = READS.saturating_add(MEANS_IT);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// As soon as there are targets, and while there are.
    Shown,
    Away,
}

/// All targets at once.
#[derive(Debug, Clone)]
pub struct Overview {
    phase: Phase,
    marked: Option<String>,
    /// Where somebody was at work, and when that was told.
    refused: Option<(String, Duration)>,
}

/// What the window begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// All targets.
    Overview,
    /// One.
    Picture,
}

/// How a target is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Where nobody is at work.
    Free,
    /// In any case.
    Steal,
}

impl Overview {
    /// At the start.
    pub const fn new(begin: Begin) -> Self {
        Self {
            phase: match begin {
                Begin::Overview => Phase::Shown,
                Begin::Picture => Phase::Away,
            },
            marked: None,
            refused: None,
        }
    }

    /// Whether it is shown, with so many targets.
    pub fn is_shown(&self, targets: usize) -> bool {
        self.phase == Phase::Shown && targets > 0
    }

    /// A person wants it, or wants it no more. Without targets there is none to turn to.
    pub fn turn(&mut self, targets: usize) {
        if targets > 0 {
            self.phase = match self.phase {
                Phase::Shown => Phase::Away,
                Phase::Away => Phase::Shown,
            };
        }
    }

    /// Input went to a target: that is seen.
    pub fn leave(&mut self) {
        self.phase = Phase::Away;
        self.refused = None;
    }

    /// The tile that a person has marked. Nothing is marked for him: the window may come up under an Enter that is meant for another.
    pub fn marked(&self, names: &[&str]) -> Option<usize> {
        let marked = self.marked.as_deref()?;
        names.iter().position(|name| *name == marked)
    }

    /// Marks the one beside it; where none is marked, the first.
    pub fn step(&mut self, names: &[&str], grid: &Grid, direction: Direction) {
        let marked = self.marked(names);
        let to = marked.map_or(0, |marked| grid.beside(marked, direction));
        self.mark(names.get(to).copied());
    }

    /// Marks this one.
    pub fn mark(&mut self, name: Option<&str>) {
        self.marked = name.map(str::to_owned);
    }

    /// How a target is taken that a person goes to now, if that is to be done. Who comes too soon has not read it: it counts from
    /// then.
    pub fn take(&mut self, name: &str, now: Duration) -> Option<Take> {
        let Some((_, at)) = self.refused.as_mut().filter(|(there, _)| there == name) else {
            self.refused = None;
            return Some(Take::Free);
        };
        let since = now.saturating_sub(*at);
        if since < READS {
            *at = now;
            return None;
        }
        self.refused = None;
        Some(if since < TOLD {
            Take::Steal
        } else {
            Take::Free
        })
    }

    /// Somebody is at work there, and that is told.
    pub fn refused(&mut self, name: &str, now: Duration) {
        self.refused = Some((name.to_owned(), now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Size;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_there_with_the_first_target_and_goes_when_one_is_worked() {
        let mut overview = Overview::new(Begin::Overview);
        assert!(!overview.is_shown(0), "there is nothing to choose from");
        assert!(overview.is_shown(1));
        overview.leave();
        assert!(!overview.is_shown(1));
        overview.turn(1);
        assert!(overview.is_shown(1), "it was asked for");
        assert!(!overview.is_shown(0), "there is nothing to show");
        overview.turn(0);
        assert!(overview.is_shown(1), "nor to turn to");
        overview.turn(1);
        overview.turn(0);
        assert!(!overview.is_shown(1));
        assert!(!Overview::new(Begin::Picture).is_shown(9));
    }

    #[test]
    fn the_mark_stays_with_its_target_when_others_come_and_go() {
        let mut overview = Overview::new(Begin::Overview);
        let size = Size {
            width: 1200,
            height: 300,
        };
        let grid = Grid::new(3, size, 40);
        let names = ["attic", "lab", "office"];
        assert_eq!(overview.marked(&names), None, "nobody has chosen yet");
        overview.step(&names, &grid, Direction::Right);
        assert_eq!(overview.marked(&names), Some(0));
        overview.step(&names, &grid, Direction::Right);
        assert_eq!(overview.marked(&names), Some(1));
        assert_eq!(overview.marked(&["lab"]), Some(0));
        assert_eq!(overview.marked(&["a", "b", "lab"]), Some(2));
        assert_eq!(overview.marked(&["office"]), None, "it is gone");
    }

    #[test]
    fn who_comes_again_after_reading_means_it() {
        let mut overview = Overview::new(Begin::Overview);
        let free = Some(Take::Free);
        assert_eq!(overview.take("lab", SECOND), free);
        overview.refused("lab", SECOND);
        assert_eq!(overview.take("office", SECOND), free);
        assert_eq!(overview.take("lab", SECOND), free, "in between elsewhere");
        overview.refused("lab", SECOND);
        assert_eq!(overview.take("lab", SECOND), None, "a double click");
        assert_eq!(overview.take("lab", SECOND * 2), Some(Take::Steal));
        assert_eq!(overview.take("lab", SECOND * 2), free, "once");
        overview.refused("lab", SECOND);
        assert_eq!(overview.take("lab", SECOND * 4), free, "too late");
    }

    #[test]
    fn who_goes_on_and_on_without_reading_takes_nothing() {
        let mut overview = Overview::new(Begin::Overview);
        overview.refused("lab", Duration::ZERO);
        let hundredth = Duration::from_millis(10);
        for at in (50..500).step_by(50) {
            assert_eq!(overview.take("lab", hundredth * at), None);
        }
        let read = hundredth * 450 + READS;
        assert_eq!(overview.take("lab", read), Some(Take::Steal));
    }
}
