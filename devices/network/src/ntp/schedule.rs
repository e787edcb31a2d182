//! When which server is asked.

use std::time::Duration;

/// The first pause after a question in vain; each further one is twice as long.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// The longest: a server that was switched off is found again soon enough.
const PAUSE_MOST: Duration = Duration::from_secs(64);
/// Once the time is known. A Pi's crystal is off by some 20 ppm, so by 40 ms then.
const PAUSE_KNOWN: Duration = Duration::from_secs(2048);

/// Where asking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedule {
    in_vain: u32,
}

impl Schedule {
    /// The place, in a list of so many, of the server to ask now: after one that did not answer, the next.
    pub fn place(self, servers: usize) -> usize {
        let turn = usize::try_from(self.in_vain).unwrap_or(0);
        turn.checked_rem(servers).unwrap_or(0)
    }

    /// The time came. How long until the next question.
    pub fn answered(&mut self) -> Duration {
        // The next question goes to the first of the list again: whoever wrote it prefers that one.
        *self = Self::default();
        PAUSE_KNOWN
    }

    /// It did not.
    pub fn in_vain(&mut self) -> Duration {
        let pause = PAUSE_FIRST.saturating_mul(1 << self.in_vain.min(10));
        self.in_vain = self.in_vain.saturating_add(1);
        pause.min(PAUSE_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_take_turns_and_pauses_grow() {
        let mut schedule = Schedule::default();
        let pauses: Vec<_> = (0..8)
            .map(|turn| {
                assert_eq!(schedule.place(3), turn % 3);
                schedule.in_vain().as_secs()
            })
            .collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(schedule.answered(), PAUSE_KNOWN);
        assert_eq!(schedule.place(3), 0);
    }

    #[test]
    fn no_servers_are_no_trouble() {
        assert_eq!(Schedule::default().place(0), 0);
    }
}
