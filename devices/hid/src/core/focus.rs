//! Who may inject: one token with an epoch.

use super::time::Time;
use dkvm_wire::vocab::input::{InputState, LEASE_MS};
use std::time::Duration;

/// How long a holder's word holds.
pub const LEASE: Duration = Duration::from_millis(LEASE_MS);

/// Which process a holder speaks through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The device's name.
    pub name: String,
    /// Which life of it.
    pub generation: u32,
}

/// The token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Focus {
    /// The epoch in force.
    pub epoch: u32,
    /// Who has it; 0 for nobody.
    pub holder: u64,
    /// Through whom it speaks; unknown after this device's own death.
    pub source: Option<Source>,
    /// When its word lapses; `None` when it has lapsed or nothing was said.
    pub lease: Option<Time>,
}

/// What a message is, by its holder and epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The one who has the focus.
    Mine,
    /// Takes the focus over.
    Takes,
    /// Has lost it, or never had it.
    Stale,
    /// No holder at all.
    Nobody,
}

impl Focus {
    /// Judges a message.
    pub fn judge(&self, state: &InputState) -> Claim {
        let newer = is_newer(state.focus, self.epoch);
        match state.holder {
            0 => Claim::Nobody,
            holder if holder == self.holder && (newer || state.focus == self.epoch) => Claim::Mine,
            _ if newer || (self.holder == 0 && state.focus == self.epoch) => Claim::Takes,
            _ => Claim::Stale,
        }
    }

    /// Notes that the holder spoke.
    pub fn renew(&mut self, state: &InputState, source: Source, now: Time) {
        self.epoch = state.focus;
        self.holder = state.holder;
        self.source = Some(source);
        self.lease = Some(now.after(LEASE));
    }

    /// Whether the lease has just lapsed.
    pub fn lapses(&self, now: Time) -> bool {
        self.lease.is_some_and(|lease| lease <= now)
    }

    /// The epoch to tell a sender: one higher than its own when it does not have the focus.
    pub fn told_to(&self, state: &InputState) -> u32 {
        match self.judge(state) {
            Claim::Stale if state.focus == self.epoch => self.epoch.wrapping_add(1),
            _ => self.epoch,
        }
    }
}

/// Epochs wrap, so that no message can make every later one stale.
fn is_newer(epoch: u32, than: u32) -> bool {
    let ahead = epoch.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::input::Motion;

    fn state(holder: u64, focus: u32) -> InputState {
        let motion = Motion::default();
        InputState {
            holder,
            focus,
            seq: 0,
            first: 0,
            steps: vec![],
            keys: vec![],
            buttons: 0,
            at: None,
            motion,
        }
    }

    fn focus(holder: u64, epoch: u32) -> Focus {
        Focus {
            epoch,
            holder,
            source: None,
            lease: None,
        }
    }

    #[test]
    fn a_higher_epoch_takes_over_and_an_equal_one_does_not() {
        assert_eq!(focus(1, 5).judge(&state(2, 6)), Claim::Takes);
        assert_eq!(focus(1, 5).judge(&state(2, 5)), Claim::Stale);
        assert_eq!(focus(1, 5).judge(&state(1, 5)), Claim::Mine);
        assert_eq!(focus(1, 5).judge(&state(1, 4)), Claim::Stale);
        assert_eq!(focus(0, 0).judge(&state(2, 0)), Claim::Takes);
        assert_eq!(focus(1, 5).judge(&state(0, 9)), Claim::Nobody);
    }

    #[test]
    fn no_epoch_is_the_last_one() {
        assert_eq!(focus(1, u32::MAX).judge(&state(2, 0)), Claim::Takes);
    }

    #[test]
    fn who_lost_the_focus_is_told_a_higher_epoch() {
        assert_eq!(focus(1, 5).told_to(&state(2, 5)), 6);
        assert_eq!(focus(1, 5).told_to(&state(2, 3)), 5);
        assert_eq!(focus(1, 5).told_to(&state(1, 5)), 5);
    }
}
