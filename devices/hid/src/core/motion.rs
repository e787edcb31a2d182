//! Motion that has not reached the target: the last hop, where it is coalesced.

use super::held::within;
use crate::reports::{Form, Function, Turn, Wheel, MAX_DELTA};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputState, Motion, Position, NOTCH};
use std::time::Duration;

/// Most relative motion kept for a target that does not take it: 32 reports, more than a screen's width.
/// Beyond that it is a flood or a fault, and the rest would come as lag.
const MAX_PENDING: i32 = 32 * MAX_DELTA;
/// Most of a wheel's turn: 64 notches, which is as many reports of a fine wheel.
const MAX_TURN: i32 = 64 * NOTCH;

/// Which wheels of a mouse the target reads in parts of a notch: it set their Resolution Multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fine {
    /// The wheel.
    pub wheel: Wheel,
    /// The horizontal one.
    pub pan: Wheel,
}

impl Fine {
    /// From the feature report's byte: two bits for each.
    pub fn of_feature(byte: u8) -> Self {
        let is = |bits: u8| {
            if bits & 3 == 0 {
                Wheel::Notched
            } else {
                Wheel::Fine
            }
        };
        Self {
            wheel: is(byte),
            pan: is(byte >> 2),
        }
    }

    /// The feature report's byte.
    pub fn feature(self) -> u8 {
        u8::from(self.wheel == Wheel::Fine) | u8::from(self.pan == Wheel::Fine) << 2
    }
}

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
    /// In 120ths of a notch.
    wheel: i32,
    pan: i32,
    since: Option<Time>,
    /// What the target reads, of the absolute and of the relative mouse.
    fine: [Fine; 2],
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
            fine: [Fine::default(); 2],
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
        let fine = self.fine(self.mode);
        let (wheel, pan) = turned(state.motion, base);
        self.wheel = turn(self.wheel, wheel, fine.wheel);
        self.pan = turn(self.pan, pan, fine.pan);
        self.date(now);
    }

    /// What the target reads of a mouse.
    pub fn fine(&self, function: Function) -> Fine {
        self.fine[usize::from(function == Function::Relative)]
    }

    /// The target set it.
    pub fn set_fine(&mut self, function: Function, fine: Fine) {
        self.fine[usize::from(function == Function::Relative)] = fine;
    }

    /// Whether there is anything that a report could say: a part of a notch is nothing to a wheel that counts notches.
    fn is_any(&self) -> bool {
        let fine = self.fine(self.mode);
        let whole = |units: i32, wheel: Wheel| units.abs() >= unit(wheel);
        (self.x, self.y) != (0, 0) || whole(self.wheel, fine.wheel) || whole(self.pan, fine.pan)
    }

    fn date(&mut self, now: Time) {
        self.since = self.is_any().then(|| self.since.unwrap_or(now));
    }

    /// Takes the relative motion out, for a click that comes after it.
    pub fn take_lead(&mut self) -> (i32, i32) {
        let lead = (self.x, self.y);
        (self.x, self.y) = (0, 0);
        lead
    }

    /// The next report's share for a function.
    pub fn take_delta(&mut self, function: Function, form: Form) -> Delta {
        let mut delta = Delta::default();
        if function == Function::Relative {
            (delta.x, delta.y) = (chunk(&mut self.x), chunk(&mut self.y));
        }
        if function == self.mode {
            let fine = self.fine(function);
            delta.turn.wheel = part(&mut self.wheel, fine.wheel);
            if !form.has_pan(function) {
                self.pan = 0;
            }
            delta.turn.pan = part(&mut self.pan, fine.pan);
        }
        if !self.is_any() {
            self.since = None;
        }
        delta
    }

    /// A share that the endpoint did not take.
    pub fn give_back(&mut self, delta: Delta, now: Time) {
        let fine = self.fine(self.mode);
        self.x += i32::from(delta.x);
        self.y += i32::from(delta.y);
        self.wheel += i32::from(delta.turn.wheel) * unit(fine.wheel);
        self.pan += i32::from(delta.turn.pan) * unit(fine.pan);
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
            fine: self.fine,
            ..Self::default()
        };
    }

    /// Forgets all that a holder moved.
    pub fn reset(&mut self) {
        *self = Self {
            fine: self.fine,
            ..Self::default()
        };
    }
}

/// Adds what a counter grew since `base`. Counters wrap.
fn grown(pending: i32, counter: i32, base: i32) -> i32 {
    let delta = counter.wrapping_sub(base).clamp(-MAX_PENDING, MAX_PENDING);
    (pending + delta).clamp(-MAX_PENDING, MAX_PENDING)
}

/// How far both wheels turned between two messages, in 120ths of a notch.
fn turned(to: Motion, from: Motion) -> (i32, i32) {
    let units = |notches: i32, fine: i32| {
        notches
            .clamp(-MAX_TURN, MAX_TURN)
            .saturating_mul(NOTCH)
            .saturating_add(fine)
    };
    let grown = |to: i32, from: i32| to.wrapping_sub(from);
    (
        units(
            grown(to.wheel, from.wheel),
            grown(to.fine_wheel, from.fine_wheel),
        ),
        units(grown(to.pan, from.pan), grown(to.fine_pan, from.fine_pan)),
    )
}

/// Adds to a turn. Where notches count, what is less than one is void when the wheel turns back: else the first notch back would be lost.
fn turn(pending: i32, delta: i32, wheel: Wheel) -> i32 {
    let back = wheel == Wheel::Notched && pending.signum() * delta.signum() < 0;
    let kept = if back {
        pending - pending % NOTCH
    } else {
        pending
    };
    (kept + delta.clamp(-MAX_TURN, MAX_TURN)).clamp(-MAX_TURN, MAX_TURN)
}

/// What one step of a wheel's field is, in 120ths of a notch.
const fn unit(wheel: Wheel) -> i32 {
    match wheel {
        Wheel::Notched => NOTCH,
        Wheel::Fine => 1,
    }
}

/// Takes from a turn what fits into one report.
fn part(rest: &mut i32, wheel: Wheel) -> i8 {
    let mut steps = *rest / unit(wheel);
    let part = chunk(&mut steps);
    *rest -= i32::from(part) * unit(wheel);
    part
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
            extra: Default::default(),
        }
    }

    fn drain(pending: &mut Pending, function: Function) -> Vec<Delta> {
        std::iter::repeat_with(|| pending.take_delta(function, Form::PLAIN))
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
        assert_eq!(
            pending.take_delta(Function::Relative, Form::PLAIN),
            Delta::default()
        );
        assert_eq!(
            pending.take_delta(Function::Absolute, Form::PLAIN).turn,
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
                    ..Motion::default()
                },
                None,
            ),
            Motion::default(),
            Time::default(),
        );
        let delta = pending.take_delta(Function::Relative, Form::PLAIN);
        pending.give_back(delta, Time::default());
        assert_eq!(pending.take_delta(Function::Relative, Form::PLAIN), delta);
    }

    fn wheeled(pending: &mut Pending, from: i32, to: i32) {
        let motion = |fine_wheel| Motion {
            fine_wheel,
            ..Motion::default()
        };
        pending.take(&state(motion(to), None), motion(from), Time::default());
    }

    fn turns(pending: &mut Pending) -> Vec<i8> {
        let deltas = std::iter::repeat_with(|| pending.take_delta(Function::Relative, Form::FULL));
        deltas
            .map(|delta| delta.turn.wheel)
            .take_while(|turn| *turn != 0)
            .collect()
    }

    #[test]
    fn parts_of_a_notch_add_up_where_notches_count() {
        let mut pending = Pending::default();
        wheeled(&mut pending, 0, 70);
        assert_eq!((turns(&mut pending), pending.since), (vec![], None));
        wheeled(&mut pending, 70, 140);
        assert_eq!(turns(&mut pending), [1]);
        wheeled(&mut pending, 140, 20);
        assert_eq!(turns(&mut pending), [-1]);
    }

    #[test]
    fn a_target_that_set_the_multiplier_reads_each_part() {
        let mut pending = Pending::default();
        pending.set_fine(Function::Relative, Fine::of_feature(0b0101));
        wheeled(&mut pending, 0, 15);
        assert_eq!(turns(&mut pending), [15]);
        let notches = Motion {
            wheel: -2,
            ..Motion::default()
        };
        pending.take(&state(notches, None), Motion::default(), Time::default());
        assert_eq!(turns(&mut pending), [-127, -113]);
    }

    #[test]
    fn the_feature_s_byte_is_written_as_it_is_read() {
        for byte in [0, 1, 4, 5] {
            assert_eq!(Fine::of_feature(byte).feature(), byte);
        }
        assert_eq!(Fine::of_feature(0xff).feature(), 5);
    }
}
