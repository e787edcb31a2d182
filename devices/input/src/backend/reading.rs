//! What Linux's events say, and what has to be said where some of them were lost.

use crate::core::types::{Edge, Move};
use dkvm_wire::vocab::input::NOTCH;
use evdev::{EventSummary, InputEvent, RelativeAxisCode, SynchronizationCode};
use std::collections::BTreeSet;

/// What of a device was said so far.
#[derive(Debug, Default)]
pub struct Reading {
    /// Its wheels are told in parts of a notch, beside whole ones.
    pub fine: (bool, bool),
    /// Keys that are down by what was said.
    pub down: BTreeSet<u16>,
}

impl Reading {
    /// What was read at once, without what means nothing. Linux drops events of a reader that is late: what follows in the same read is
    /// half a story, so `held`, the keys that are down now, takes its place.
    pub fn take(
        &mut self,
        events: impl IntoIterator<Item = InputEvent>,
        held: impl FnOnce() -> Vec<u16>,
    ) -> Vec<Move> {
        let mut moves = Vec::new();
        let lost = events.into_iter().any(|event| {
            moves.extend(meaning(event, self.fine));
            is_loss(event)
        });
        moves.iter().for_each(|one| self.note(*one));
        if lost {
            moves.extend(self.catch_up(held()));
        }
        moves
    }

    fn note(&mut self, one: Move) {
        match one {
            Move::Key(code, Edge::Down) => drop(self.down.insert(code)),
            Move::Key(code, Edge::Up) => drop(self.down.remove(&code)),
            _ => {}
        }
    }

    /// Releases first: what was released and pressed again makes no chord with what is down.
    fn catch_up(&mut self, held: Vec<u16>) -> Vec<Move> {
        let held: BTreeSet<u16> = held.into_iter().collect();
        let up = self.down.difference(&held);
        let up = up.map(|code| Move::Key(*code, Edge::Up));
        let down = held.difference(&self.down);
        let down = down.map(|code| Move::Key(*code, Edge::Down));
        let moves = up.chain(down).collect();
        self.down = held;
        moves
    }
}

fn is_loss(event: InputEvent) -> bool {
    let lost = SynchronizationCode::SYN_DROPPED;
    matches!(event.destructure(), EventSummary::Synchronization(_, code, _) if code == lost)
}

fn meaning(event: InputEvent, fine: (bool, bool)) -> Option<Move> {
    match event.destructure() {
        EventSummary::Key(_, key, 0) => Some(Move::Key(key.code(), Edge::Up)),
        EventSummary::Key(_, key, 1) => Some(Move::Key(key.code(), Edge::Down)),
        EventSummary::RelativeAxis(_, axis, value) => match axis {
            RelativeAxisCode::REL_X => Some(Move::Pointer(value, 0)),
            RelativeAxisCode::REL_Y => Some(Move::Pointer(0, value)),
            RelativeAxisCode::REL_WHEEL_HI_RES => Some(Move::Wheel(value)),
            RelativeAxisCode::REL_HWHEEL_HI_RES => Some(Move::Pan(value)),
            RelativeAxisCode::REL_WHEEL if !fine.0 => {
                Some(Move::Wheel(value.saturating_mul(NOTCH)))
            }
            RelativeAxisCode::REL_HWHEEL if !fine.1 => Some(Move::Pan(value.saturating_mul(NOTCH))),
            _ => None,
        },
        // A key that is held repeats itself at the target.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evdev::EventType;

    fn key(code: u16, value: i32) -> InputEvent {
        InputEvent::new(EventType::KEY.0, code, value)
    }

    fn syn(code: SynchronizationCode) -> InputEvent {
        InputEvent::new(EventType::SYNCHRONIZATION.0, code.0, 0)
    }

    fn loss() -> InputEvent {
        syn(SynchronizationCode::SYN_DROPPED)
    }

    const UP: fn(u16) -> Move = |code| Move::Key(code, Edge::Up);
    const DOWN: fn(u16) -> Move = |code| Move::Key(code, Edge::Down);

    #[test]
    fn nobody_asks_for_keys_where_nothing_is_lost() {
        let mut reading = Reading::default();
        let events = [key(30, 1), syn(SynchronizationCode::SYN_REPORT), key(30, 2)];
        let moves = reading.take(events, || panic!("nothing is lost"));
        assert_eq!(moves, [DOWN(30)]);
    }

    #[test]
    fn a_release_that_was_lost_is_said() {
        let mut reading = Reading::default();
        reading.take([key(30, 1), key(42, 1)], Vec::new);
        let moves = reading.take([loss(), syn(SynchronizationCode::SYN_REPORT)], || vec![42]);
        assert_eq!(moves, [UP(30)]);
        assert_eq!(reading.take([key(42, 0)], Vec::new), [UP(42)]);
    }

    #[test]
    fn what_is_down_counts_and_not_what_is_read_after_a_loss() {
        let mut reading = Reading::default();
        reading.take([key(30, 1)], Vec::new);
        let events = [key(30, 0), loss(), key(31, 1), key(32, 1)];
        assert_eq!(
            reading.take(events, || vec![31]),
            [UP(30), DOWN(31)],
            "32 is up again already: its release was taken away"
        );
    }

    #[test]
    fn wheels_are_told_once() {
        let wheel =
            |axis: RelativeAxisCode, value| InputEvent::new(EventType::RELATIVE.0, axis.0, value);
        let events = [
            wheel(RelativeAxisCode::REL_WHEEL, 1),
            wheel(RelativeAxisCode::REL_WHEEL_HI_RES, 120),
            wheel(RelativeAxisCode::REL_HWHEEL, -1),
        ];
        let mut reading = Reading {
            fine: (true, false),
            ..Reading::default()
        };
        assert_eq!(
            reading.take(events, Vec::new),
            [Move::Wheel(120), Move::Pan(-120)]
        );
    }
}
