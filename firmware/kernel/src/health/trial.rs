use super::Running;
use crate::supervise::Millis;

/// The device that judges a trial.
pub(crate) const JUDGE: &str = "update";
/// So long a new image has to bring its judge up. The judge's own deadline is shorter.
const UNJUDGED_MS: u64 = 300_000;

/// Whether a trial is over because nobody has come up who could judge it. A judge that was there once keeps its own deadline.
pub(crate) fn unjudged(
    running: Running,
    judge_was_ready: impl FnOnce() -> bool,
    now: Millis,
) -> bool {
    running == Running::Trial && now >= Millis(UNJUDGED_MS) && !judge_was_ready()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Millis = Millis(UNJUDGED_MS);

    #[test]
    fn a_trial_without_a_judge_ends() {
        assert!(unjudged(Running::Trial, || false, LATE));
        assert!(!unjudged(Running::Trial, || false, Millis(UNJUDGED_MS - 1)));
    }

    #[test]
    fn with_a_judge_or_without_a_trial_it_is_none_of_our_business() {
        assert!(!unjudged(Running::Trial, || true, LATE));
        assert!(!unjudged(Running::Committed, || false, LATE));
        assert!(!unjudged(Running::NoCard, || false, LATE));
    }
}
