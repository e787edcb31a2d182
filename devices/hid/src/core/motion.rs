//! Motion that has not reached the target: the last hop, where it is coalesced.

use super::{held::within, time::Time};
use crate::reports::{Function, Turn, MAX_DELTA};
use dkvm_wire::vocab::input::{InputState, Motion, Position};
use std::time::Duration;

/// Most relative motion and notches kept for a target that does not take them: 32 reports, more than a screen's width.
/// Beyond that it is a flood or a fault, and the rest would come as lag.
const MAX_PENDING: i32 = 32 * MAX_DELTA;

/// Deltas of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// Right.
    pub x: i8,
    /// Down.
    pub y: i8,
    /// Wheels.
    pub turn: Turn,
}

/// What is still to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    x: i32,
    y: i32,
    wheel: i32,
    pan: i32,
    since: Option<Time>,
    /// Where the absolute pointer should be.
    pub moved: Option<Position>,
    /// The mouse that the holder uses now: absolute when it says a position.
    pub mode: Function,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            x: 0,
            y: 0,
            wheel: 0,
            pan: 0,
            since: None,
            moved: None,
            mode: Function::Absolute,
        }
    }
}

impl Pending {
    /// Takes a message's motion; `base` are the counters of the message before.
    pub fn take(&mut self, state: &InputState, base: Motion, now: Time) {
        self.mode = if state.at.is_some() {
            Function::Absolute
        } else {
            Function::Relative
        };
        self.moved = state.at.map(within);
        if self.mode == Function::Relative {
            self.x = grown(self.x, state.motion.x, base.x);
            self.y = grown(self.y, state.motion.y, base.y);
        }
        self.wheel = grown(self.wheel, state.motion.wheel, base.wheel);
        self.pan = grown(self.pan, state.motion.pan, base.pan);
        self.date(now);
    }

    fn date(&mut self, now: Time) {
        let any = (self.x, self.y, self.wheel, self.pan) != (0, 0, 0, 0);
        self.since = any.then(|| self.since.unwrap_or(now));
    }

    /// Takes the relative motion out, for a click that comes after it.
    pub fn take_lead(&mut self) -> (i32, i32) {
        let lead = (self.x, self.y);
        (self.x, self.y) = (0, 0);
        lead
    }

    /// The next report's share for a function.
    pub fn take_delta(&mut self, function: Function) -> Delta {
        let mut delta = Delta::default();
        if function == Function::Relative {
            (delta.x, delta.y) = (chunk(&mut self.x), chunk(&mut self.y));
        }
        if function == self.mode {
            delta.turn.wheel = chunk(&mut self.wheel);
        }
        match (self.mode, function) {
            (Function::Absolute, Function::Absolute) => delta.turn.pan = chunk(&mut self.pan),
            // The boot mouse has no such wheel.
            (Function::Relative, _) => self.pan = 0,
            _ => {}
        }
        if (self.x, self.y, self.wheel, self.pan) == (0, 0, 0, 0) {
            self.since = None;
        }
        delta
    }

    /// A share that the endpoint did not take.
    pub fn give_back(&mut self, delta: Delta, now: Time) {
        self.x += i32::from(delta.x);
        self.y += i32::from(delta.y);
        self.wheel += i32::from(delta.turn.wheel);
        self.pan += i32::from(delta.turn.pan);
        self.date(now);
    }

    /// When what is pending will be history.
    pub fn deadline(&self, lease: Duration) -> Option<Time> {
        self.since.map(|since| since.after(lease))
    }

    /// Forgets relative motion and notches; where the absolute pointer should be is no history.
    pub fn forget(&mut self) {
        *self = Self {
            moved: self.moved,
            mode: self.mode,
            ..Self::default()
        };
    }
}

/// Adds what a counter grew since `base`. Counters wrap.
fn grown(pending: i32, counter: i32, base: i32) -> i32 {
    let delta = counter.wrapping_sub(base).clamp(-MAX_PENDING, MAX_PENDING);
    (pending + delta).clamp(-MAX_PENDING, MAX_PENDING)
}

/// Takes from `rest` what fits into one report.
pub fn chunk(rest: &mut i32) -> i8 {
    let part = (*rest).clamp(-MAX_DELTA, MAX_DELTA);
    *rest -= part;
    i8::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(motion: Motion, at: Option<Position>) -> InputState {
        InputState {
            holder: 1,
            focus: 1,
            seq: 1,
            first: 0,
            steps: vec![],
            keys: vec![],
            buttons: 0,
            at,
            motion,
        }
    }

    fn drain(pending: &mut Pending, function: Function) -> Vec<Delta> {
        std::iter::repeat_with(|| pending.take_delta(function))
            .take_while(|delta| *delta != Delta::default())
            .collect()
    }

    #[test]
    fn a_long_way_is_split_into_reports() {
        let mut pending = Pending::default();
        pending.take(
            &state(
                Motion {
                    x: 300,
                    y: -1,
                    ..Motion::default()
                },
                None,
            ),
            Motion::default(),
            Time::default(),
        );
        let steps: Vec<_> = drain(&mut pending, Function::Relative)
            .into_iter()
            .map(|delta| (delta.x, delta.y))
            .collect();
        assert_eq!(steps, [(127, -1), (127, 0), (46, 0)]);
    }

    #[test]
    fn counters_may_wrap() {
        let mut pending = Pending::default();
        let base = Motion {
            x: i32::MAX,
            ..Motion::default()
        };
        pending.take(
            &state(
                Motion {
                    x: i32::MIN + 4,
                    ..Motion::default()
                },
                None,
            ),
            base,
            Time::default(),
        );
        assert_eq!(drain(&mut pending, Function::Relative)[0].x, 5);
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut pending = Pending::default();
        for x in [i32::MAX, i32::MIN, 0, i32::MAX] {
            pending.take(
                &state(
                    Motion {
                        x,
                        ..Motion::default()
                    },
                    None,
                ),
                Motion::default(),
                Time::default(),
            );
        }
        assert!(drain(&mut pending, Function::Relative).len() <= 32);
    }

    #[test]
    fn the_wheel_turns_on_the_mouse_in_use() {
        let mut pending = Pending::default();
        let motion = Motion {
            x: 9,
            wheel: 2,
            pan: -3,
            ..Motion::default()
        };
        pending.take(
            &state(motion, Some(Position { x: 1, y: u16::MAX })),
            Motion::default(),
            Time::default(),
        );
        assert_eq!(pending.moved, Some(Position { x: 1, y: 32767 }));
        assert_eq!(pending.take_delta(Function::Relative), Delta::default());
        assert_eq!(
            pending.take_delta(Function::Absolute).turn,
            Turn { wheel: 2, pan: -3 }
        );
    }

    #[test]
    fn what_was_not_taken_comes_again() {
        let mut pending = Pending::default();
        pending.take(
            &state(
                Motion {
                    x: 5,
                    y: 6,
                    wheel: 7,
                    pan: 8,
                },
                None,
            ),
            Motion::default(),
            Time::default(),
        );
        let delta = pending.take_delta(Function::Relative);
        pending.give_back(delta, Time::default());
        assert_eq!(pending.take_delta(Function::Relative), delta);
    }
}
