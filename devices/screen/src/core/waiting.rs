//! Access units that wait for the decoder.

use dkvm_wire::vocab::video::FrameInfo;
use std::collections::VecDeque;

/// So many wait: a tenth of a second. Who is further behind catches up with a key frame alone.
const MOST: usize = 6;
/// And so many bytes of more than one: a key frame of 4K has at most half of it.
const MOST_BYTES: usize = 8 << 20;

/// A unit: what was said of it, and its bytes.
pub type Unit = (FrameInfo, Vec<u8>);

/// Whether a unit is among those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It is.
    Enough,
    /// It is not, nor is any other: what builds on it cannot be shown.
    None,
}

/// Those of one chain, in their order.
#[derive(Debug, Default)]
pub struct Waiting {
    units: VecDeque<Unit>,
}

impl Waiting {
    /// One more. Nothing before a key frame is needed once that is here.
    pub fn push(&mut self, unit: Unit) -> Room {
        if unit.0.unit.is_some_and(|unit| unit.key) {
            self.clear();
        }
        let bytes: usize = self.units.iter().map(|(_, bytes)| bytes.len()).sum();
        let is_long = bytes + unit.1.len() > MOST_BYTES && !self.units.is_empty();
        if is_long || self.units.len() >= MOST {
            self.clear();
            return Room::None;
        }
        self.units.push_back(unit);
        Room::Enough
    }

    /// The one that waits longest.
    pub fn pop(&mut self) -> Option<Unit> {
        self.units.pop_front()
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.units.len()
    }

    /// None of them is decoded.
    pub fn clear(&mut self) {
        self.units.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::video::AccessUnit;

    fn unit(number: u64, key: bool, length: usize) -> Unit {
        let info = FrameInfo {
            unit: Some(AccessUnit { number, key }),
            ..FrameInfo::default()
        };
        (info, vec![0; length])
    }

    fn numbers(mut waiting: Waiting) -> Vec<u64> {
        let units = std::iter::from_fn(|| waiting.pop());
        let numbers = units.filter_map(|(info, _)| info.unit.map(|unit| unit.number));
        numbers.collect()
    }

    #[test]
    fn they_come_out_in_their_order() {
        let mut waiting = Waiting::default();
        for number in 0..4 {
            assert_eq!(waiting.push(unit(number, number == 0, 9)), Room::Enough);
        }
        assert_eq!(waiting.count(), 4);
        assert_eq!(numbers(waiting), [0, 1, 2, 3]);
    }

    #[test]
    fn who_is_too_far_behind_keeps_none() {
        let mut waiting = Waiting::default();
        let pushed: Vec<Room> = (0..=MOST as u64)
            .map(|number| waiting.push(unit(number, number == 0, 9)))
            .collect();
        assert_eq!(pushed.iter().filter(|room| **room == Room::None).count(), 1);
        assert_eq!(pushed.last(), Some(&Room::None));
        assert_eq!(waiting.count(), 0);
    }

    #[test]
    fn a_key_frame_takes_the_place_of_all_before_it() {
        let mut waiting = Waiting::default();
        for number in 0..MOST as u64 {
            waiting.push(unit(number, number == 0, 9));
        }
        assert_eq!(waiting.push(unit(50, true, 9)), Room::Enough);
        assert_eq!(waiting.push(unit(51, false, 9)), Room::Enough);
        assert_eq!(numbers(waiting), [50, 51]);
    }

    #[test]
    fn large_ones_are_fewer_and_one_may_be_of_any_size() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.push(unit(0, true, MOST_BYTES + 1)), Room::Enough);
        assert_eq!(waiting.push(unit(1, false, 1)), Room::None);
        assert_eq!(waiting.push(unit(2, true, MOST_BYTES)), Room::Enough);
        assert_eq!(waiting.push(unit(3, false, 0)), Room::Enough);
        assert_eq!(waiting.push(unit(4, false, 1)), Room::None);
    }
}
