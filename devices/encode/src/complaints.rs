//! Damaged frames come sixty a second: one line of the log now and then is enough.

use std::time::Duration;

const QUIET: Duration = Duration::from_secs(10);

/// Counts what goes wrong and says when to tell it.
#[derive(Debug, Default)]
pub struct Complaints {
    told_at: Option<Duration>,
    count: u64,
}

impl Complaints {
    /// One more; the line to log, if it is time for one.
    pub fn note(&mut self, what: &str, now: Duration) -> Option<String> {
        self.count += 1;
        if self.told_at.is_some_and(|at| now < at + QUIET) {
            return None;
        }
        self.told_at = Some(now);
        let count = std::mem::take(&mut self.count);
        Some(if count == 1 {
            what.to_owned()
        } else {
            format!("{what} ({count} frames since the last such line)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_together() {
        let mut complaints = Complaints::default();
        let second = Duration::from_secs(1);
        assert_eq!(complaints.note("bad", second).as_deref(), Some("bad"));
        assert_eq!(complaints.note("bad", second * 2), None);
        assert_eq!(
            complaints.note("bad", second * 11).as_deref(),
            Some("bad (2 frames since the last such line)")
        );
    }
}
