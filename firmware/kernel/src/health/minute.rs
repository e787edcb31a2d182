use crate::supervise::Millis;

/// So long without a fault, and a boot counts as a good one.
const HEALTHY_MS: u64 = 60_000;
/// Shorter trouble is the supervisor's business: a device that is started again, one that looks for its hardware.
const PASSING_MS: u64 = 5_000;

/// Watches for the first healthy minute.
#[derive(Debug, Default)]
pub(crate) struct Minute {
    since: Option<Millis>,
    ill: Option<Millis>,
    over: bool,
}

impl Minute {
    /// Told again and again how the node is; `true` once, when the minute is over.
    pub(crate) fn passes(&mut self, healthy: impl FnOnce() -> bool, now: Millis) -> bool {
        if self.over {
            return false;
        }
        if !healthy() {
            let ill = *self.ill.get_or_insert(now);
            if now.since(ill) >= PASSING_MS {
                self.since = None;
            }
            return false;
        }
        self.ill = None;
        let since = *self.since.get_or_insert(now);
        self.over = now.since(since) >= HEALTHY_MS;
        self.over
    }

    /// It could not be noted: it passes once more.
    pub(crate) fn again(&mut self) {
        self.over = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_minute_without_a_break_and_told_once() {
        let mut minute = Minute::default();
        let mut at =
            |seconds: u64, healthy: bool| minute.passes(|| healthy, Millis(seconds * 1000));
        assert!(!at(1, true) && !at(60, true));
        assert!(!at(60, false) && !at(65, false));
        assert!(!at(66, true) && !at(125, true));
        assert!(at(126, true));
        assert!(!at(300, true));
        minute.again();
        assert!(minute.passes(|| true, Millis(301_000)));
        assert!(!minute.passes(|| true, Millis(302_000)));
    }

    #[test]
    fn passing_trouble_does_not_count() {
        let mut minute = Minute::default();
        let mut at =
            |seconds: u64, healthy: bool| minute.passes(|| healthy, Millis(seconds * 1000));
        assert!(!at(1, true) && !at(30, false) && !at(34, false) && !at(34, true));
        assert!(!at(61, false));
        assert!(at(62, true));
    }
}
