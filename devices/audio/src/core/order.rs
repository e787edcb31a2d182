//! Pieces of sound in their order: each travels by itself, so one may overtake another. What was lost on the way is silence of the
//! same length: else all that follows would be early, and then run out.

use dkvm_wire::vocab::audio::CHUNK_FRAMES;
use std::collections::BTreeMap;

/// A longer gap is a beginning: nobody wants to wait for it.
const LONGEST: u64 = 8;
/// A piece.
const PIECE: u64 = CHUNK_FRAMES as u64;

/// What is to be played next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Samples as they came.
    Sound(Vec<u8>),
    /// So many frames that never came.
    Lost(usize),
}

/// Puts them in their order.
#[derive(Debug)]
pub struct Order {
    /// So many pieces wait for one that is missing, at most.
    patience: usize,
    stream: Option<u64>,
    /// The position of the next.
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
}

impl Order {
    /// Of what is buffered behind this, a missing piece may take half.
    pub fn new(buffer_ms: u32) -> Self {
        let pieces = buffer_ms / 2 / 20;
        Self {
            patience: usize::try_from(pieces.clamp(1, LONGEST as u32)).unwrap_or(1),
            stream: None,
            next: 0,
            waiting: BTreeMap::new(),
        }
    }

    /// Another source, or this one anew.
    pub fn forget(&mut self) {
        self.stream = None;
        self.waiting.clear();
    }

    /// A piece came, of that stream; what can be played now.
    pub fn push(&mut self, stream: u64, position: u64, data: Vec<u8>) -> Vec<Next> {
        let near =
            self.next.saturating_sub(LONGEST * PIECE)..=self.next.saturating_add(LONGEST * PIECE);
        if self.stream != Some(stream) || !near.contains(&position) {
            self.forget();
            (self.stream, self.next) = (Some(stream), position);
        }
        // One that comes when its place is past is too late.
        if position >= self.next {
            self.waiting.insert(position, data);
        }
        self.take()
    }

    fn take(&mut self) -> Vec<Next> {
        let mut all = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            let missing = first.key().saturating_sub(self.next);
            if missing > 0 {
                if self.waiting.len() <= self.patience {
                    break;
                }
                all.push(Next::Lost(usize::try_from(missing).unwrap_or(0)));
                self.next += missing;
                continue;
            }
            self.next = first.key().saturating_add(PIECE);
            all.push(Next::Sound(first.remove()));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is played, by the numbers of the pieces; 255 for one that was lost.
    fn played(order: &mut Order, stream: u64, numbers: &[u64]) -> Vec<u8> {
        let next = numbers
            .iter()
            .flat_map(|&number| order.push(stream, number * PIECE, vec![number as u8]));
        let numbers = next.flat_map(|next| match next {
            Next::Sound(data) => data,
            Next::Lost(frames) => vec![255; frames / CHUNK_FRAMES],
        });
        numbers.collect()
    }

    #[test]
    fn one_that_was_overtaken_is_played_in_its_place() {
        let mut order = Order::new(60);
        let all = played(&mut order, 1, &[7, 8, 10, 9, 11, 13, 12, 14]);
        assert_eq!(all, [7, 8, 9, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn one_that_never_comes_is_silence_and_too_late_is_never() {
        let mut order = Order::new(60);
        assert_eq!(
            played(&mut order, 1, &[7, 9, 10, 8, 11]),
            [7, 255, 9, 10, 11]
        );
        let mut patient = Order::new(400);
        assert_eq!(
            played(&mut patient, 1, &[7, 9, 10, 8, 11]),
            [7, 8, 9, 10, 11]
        );
    }

    #[test]
    fn another_stream_and_a_long_gap_are_beginnings() {
        let mut order = Order::new(60);
        assert_eq!(played(&mut order, 1, &[7, 8, 100, 101]), [7, 8, 100, 101]);
        assert_eq!(played(&mut order, 2, &[103, 104]), [103, 104]);
        assert_eq!(played(&mut order, 2, &[1, 2]), [1, 2], "another life");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_bounded(pieces in proptest::collection::vec((0_u64..2, 0_u64..30, 0_u64..960), 1..200)) {
            let mut order = Order::new(1000);
            for (stream, number, odd) in pieces {
                let next = order.push(stream, number * PIECE + odd, vec![]);
                let lost = next.iter().map(|next| match next {
                    Next::Lost(frames) => *frames as u64,
                    Next::Sound(_) => 0,
                });
                prop_assert!(lost.sum::<u64>() <= 2 * LONGEST * PIECE);
                prop_assert!(order.waiting.len() <= order.patience);
            }
        }

        #[test]
        fn positions_from_elsewhere_do_no_harm(positions in proptest::collection::vec(proptest::num::u64::ANY, 1..20)) {
            let mut order = Order::new(60);
            for position in positions {
                order.push(1, position, vec![]);
            }
        }
    }
}
