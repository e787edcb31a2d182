//! How long a new image has to show that it is well.

use dkvm_wire::vocab::update::Check;

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// All must be well for this long, ms.
    pub settle_ms: u64,
    /// After this time since Linux started, ms, the machine goes back.
    pub deadline_ms: u64,
}

/// Watches a trial.
#[derive(Debug, Clone)]
pub struct Watch {
    patience: Patience,
    well_since: Option<u64>,
    deaths: u32,
}

/// What one look showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look<'a> {
    /// What was asked.
    pub checks: &'a [Check],
    /// Deaths of all devices so far.
    pub deaths: u32,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Wait,
    /// It is well.
    Commit,
    /// It is not, and why.
    GoBack(String),
}

impl Watch {
    /// From now on.
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            well_since: None,
            deaths: 0,
        }
    }

    /// Time is counted from Linux's start, ms, so that a death of this device gives the image no more of it.
    pub fn left(&self, now: u64) -> u64 {
        self.patience.deadline_ms.saturating_sub(now)
    }

    /// One look. A device that died between two looks was not well, though it may be again.
    pub fn look(&mut self, now: u64, look: Look<'_>) -> Verdict {
        let died = std::mem::replace(&mut self.deaths, look.deaths) < look.deaths;
        let well = !look.checks.is_empty() && look.checks.iter().all(|check| check.ok);
        if !well || died {
            self.well_since = None;
        }
        if well {
            let since = *self.well_since.get_or_insert(now);
            if now.saturating_sub(since) >= self.patience.settle_ms {
                return Verdict::Commit;
            }
        }
        if now < self.patience.deadline_ms {
            return Verdict::Wait;
        }
        Verdict::GoBack(self.complaint(look.checks))
    }

    fn complaint(&self, checks: &[Check]) -> String {
        let failed = checks.iter().filter(|check| !check.ok);
        let told: Vec<_> = failed
            .map(|check| format!("{}: {}", check.name, check.detail))
            .collect();
        let seconds = self.patience.deadline_ms / 1000;
        if told.is_empty() {
            format!("the new image was not well for long enough within {seconds} s: devices died again and again")
        } else {
            format!(
                "the new image was not well within {seconds} s: {}",
                told.join("; ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        settle_ms: 20_000,
        deadline_ms: 120_000,
    };

    fn check(ok: bool) -> Vec<Check> {
        vec![Check {
            name: "hid".into(),
            ok,
            detail: "said so".into(),
        }]
    }

    /// Looks once a second at what `is_well` and `deaths` say of that second; when and how it ended.
    fn run(is_well: impl Fn(u64) -> bool, deaths: impl Fn(u64) -> u32) -> (u64, Verdict) {
        let mut watch = Watch::new(PATIENCE);
        (0..1000)
            .find_map(|second| {
                let checks = check(is_well(second));
                let look = Look {
                    checks: &checks,
                    deaths: deaths(second),
                };
                match watch.look(second * 1000, look) {
                    Verdict::Wait => None,
                    verdict => Some((second, verdict)),
                }
            })
            .unwrap()
    }

    #[test]
    fn well_for_long_enough_is_committed() {
        assert_eq!(run(|second| second >= 5, |_| 0), (25, Verdict::Commit));
    }

    #[test]
    fn a_second_of_trouble_begins_it_anew() {
        assert_eq!(run(|second| second != 15, |_| 0), (36, Verdict::Commit));
    }

    #[test]
    fn a_death_between_two_looks_begins_it_anew() {
        assert_eq!(
            run(|_| true, |second| u32::from(second >= 10)),
            (30, Verdict::Commit)
        );
    }

    #[test]
    fn never_well_goes_back_at_the_deadline_and_says_why() {
        let (second, verdict) = run(|_| false, |_| 0);
        assert_eq!(second, 120);
        assert!(matches!(verdict, Verdict::GoBack(why) if why.contains("120 s: hid: said so")));
    }

    #[test]
    fn deaths_all_the_time_go_back_too() {
        let (_, verdict) = run(|_| true, |second| second as u32);
        assert!(matches!(verdict, Verdict::GoBack(why) if why.contains("died again")));
    }

    #[test]
    fn nothing_asked_is_not_well() {
        let look = Look {
            checks: &[],
            deaths: 0,
        };
        assert_eq!(Watch::new(PATIENCE).look(100_000, look), Verdict::Wait);
    }
}
