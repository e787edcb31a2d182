//! Who may inject: one token with an epoch.

use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputState, LEASE_MS};
use std::time::Duration;

/// How long a holder's word holds.
pub const LEASE: Duration = Duration::from_millis(LEASE_MS);
/// So much later than the lease's end, it was this device that was held up (its process, or the whole machine), and not yet
/// the holder that was silent: what it said lies unread.
const HELD_UP: Duration = Duration::from_millis(50);
/// A device that was dead for longer lets go at once: what is down at the target repeats itself there.
const LONGEST_DEATH: Duration = Duration::from_secs(1);

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
    /// When its word lapses by what it said itself, prolonged by nobody: what the next life inherits, so that no row of deaths
    /// holds a key for ever.
    pub said: Time,
    /// When the holder spoke first after its word had lapsed.
    pub back: Time,
    /// The lease was prolonged since the holder spoke last.
    pub forgiven: bool,
}

/// The lease with which a new life of this device begins, if there is one: the time of its own death is not the holder's silence.
pub fn inherited(lease: Time, now: Time) -> Option<Time> {
    let sound = lease != Time::default() && lease.since(now) <= LEASE;
    (sound && now.since(lease) <= LONGEST_DEATH).then(|| now.after(LEASE))
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
    /// Judges a message, by the device that it came from: a holder's number is no secret, so from another device than the holder
    /// speaks through it is as anybody else's.
    pub fn judge(&self, state: &InputState, from: &str) -> Claim {
        let newer = is_newer(state.focus, self.epoch);
        let its = self
            .source
            .as_ref()
            .is_none_or(|source| source.name == from);
        let mine = its && state.holder == self.holder;
        match state.holder {
            0 => Claim::Nobody,
            _ if mine && (newer || state.focus == self.epoch) => Claim::Mine,
            _ if newer || (self.holder == 0 && state.focus == self.epoch) => Claim::Takes,
            _ => Claim::Stale,
        }
    }

    /// Notes that the holder spoke.
    pub fn renew(&mut self, state: &InputState, source: Source, now: Time) {
        if self.lease.is_none() {
            self.back = now;
        }
        self.epoch = state.focus;
        self.holder = state.holder;
        self.source = Some(source);
        self.said = now.after(LEASE);
        self.lease = Some(self.said);
        self.forgiven = false;
    }

    /// Whether the lease has just lapsed.
    pub fn lapses(&self, now: Time) -> bool {
        self.lease.is_some_and(|lease| lease <= now)
    }

    /// Through whom the holder speaks, where it is known.
    pub fn by(&self) -> String {
        let source = self.source.as_ref().filter(|_| self.holder != 0);
        source.map_or_else(String::new, |source| source.name.clone())
    }

    /// Prolongs a lapsed lease, once, by the time that this device was held up. Says whether it did.
    pub fn forgive(&mut self, now: Time) -> bool {
        let late = self.lease.map_or(Duration::ZERO, |lease| now.since(lease));
        let forgives = late >= HELD_UP && !self.forgiven;
        if forgives {
            self.forgiven = true;
            self.lease = Some(now.after(late.min(LEASE)));
        }
        forgives
    }

    /// The epoch to tell a sender: one higher than its own when it does not have the focus.
    pub fn told_to(&self, state: &InputState, from: &str) -> u32 {
        match self.judge(state, from) {
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
            extra: Default::default(),
        }
    }

    fn focus(holder: u64, epoch: u32) -> Focus {
        Focus {
            epoch,
            holder,
            ..Focus::default()
        }
    }

    #[test]
    fn a_higher_epoch_takes_over_and_an_equal_one_does_not() {
        assert_eq!(focus(1, 5).judge(&state(2, 6), "web"), Claim::Takes);
        assert_eq!(focus(1, 5).judge(&state(2, 5), "web"), Claim::Stale);
        assert_eq!(focus(1, 5).judge(&state(1, 5), "web"), Claim::Mine);
        assert_eq!(focus(1, 5).judge(&state(1, 4), "web"), Claim::Stale);
        assert_eq!(focus(0, 0).judge(&state(2, 0), "web"), Claim::Takes);
        assert_eq!(focus(1, 5).judge(&state(0, 9), "web"), Claim::Nobody);
    }

    #[test]
    fn no_epoch_is_the_last_one() {
        assert_eq!(focus(1, u32::MAX).judge(&state(2, 0), "web"), Claim::Takes);
    }

    #[test]
    fn who_lost_the_focus_is_told_a_higher_epoch() {
        assert_eq!(focus(1, 5).told_to(&state(2, 5), "web"), 6);
        assert_eq!(focus(1, 5).told_to(&state(2, 3), "web"), 5);
        assert_eq!(focus(1, 5).told_to(&state(1, 5), "web"), 5);
    }

    #[test]
    fn a_holders_number_from_another_device_is_another_holder() {
        let source = |name: &str| Source {
            name: name.into(),
            generation: 1,
        };
        let held = Focus {
            source: Some(source("desk/input")),
            ..focus(1, 5)
        };
        assert_eq!(held.judge(&state(1, 5), "desk/input"), Claim::Mine);
        assert_eq!(held.judge(&state(1, 5), "lab/input"), Claim::Stale);
        assert_eq!(held.told_to(&state(1, 5), "lab/input"), 6);
        assert_eq!(held.judge(&state(1, 6), "lab/input"), Claim::Takes);
        // After a death of this device nobody knows through whom it spoke.
        assert_eq!(focus(1, 5).judge(&state(1, 5), "desk/input"), Claim::Mine);
    }
}
