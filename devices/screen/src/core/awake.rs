//! This machine stays awake while a target is worked: keys that are grabbed are none to the X server, which would lock the session, and
//! the person would type this machine's password into the target.

use std::time::Duration;

/// Idle times are minutes.
const EVERY: Duration = Duration::from_secs(30);

/// When the X server is told that somebody is here.
#[derive(Debug, Clone, Default)]
pub struct Awake {
    /// While somebody works a target.
    next: Option<Duration>,
}

impl Awake {
    /// Whether it is to be told now. Who asks has to do it.
    pub fn tells(&mut self, works: Works, now: Duration) -> bool {
        match works {
            Works::Here => {
                self.next = None;
                false
            }
            Works::There => {
                let is_due = self.next.is_none_or(|at| now >= at);
                if is_due {
                    self.next = Some(now + EVERY);
                }
                is_due
            }
        }
    }

    /// When to ask again.
    pub const fn deadline(&self) -> Option<Duration> {
        self.next
    }
}

/// Where keyboard and mouse go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Works {
    /// They are this machine's.
    Here,
    /// To a target.
    There,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_at_once_and_again_while_a_target_is_worked_and_never_else() {
        let mut awake = Awake::default();
        let second = Duration::from_secs(1);
        let mut told = |works, at: std::ops::Range<u32>| -> Vec<u32> {
            at.filter(|&at| awake.tells(works, second * at)).collect()
        };
        assert_eq!(told(Works::Here, 0..100), Vec::<u32>::new());
        assert_eq!(told(Works::There, 100..170), [100, 130, 160]);
        assert_eq!(told(Works::Here, 170..300), Vec::<u32>::new());
        assert_eq!(told(Works::There, 300..310), [300]);
        assert_eq!(awake.deadline(), Some(second * 330));
    }
}
