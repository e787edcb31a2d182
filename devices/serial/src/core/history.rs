//! The last that the target said, with the number of each byte.

use dkvm_wire::vocab::serial::{HistoryFrom, SerialOutput, KEPT, MAX_READ};

/// Most bytes added at a time: what one read of the terminal gives.
pub const CHUNK: usize = 4096;
/// Room of the ring: what is kept, and one chunk that may be half written over the oldest when the process dies.
pub const RING: u64 = KEPT + CHUNK as u64;

/// A ring of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    log: u32,
    said: u64,
    ring: Vec<u8>,
}

/// A piece of the ring that was changed: where, and how long.
pub type Piece = (usize, usize);

impl History {
    /// Nothing was said yet. `log`: a random name for the count.
    pub fn new(log: u32) -> Self {
        Self {
            log,
            said: 0,
            ring: vec![0; ring_length()],
        }
    }

    /// As an earlier life left it; `None` when that makes no sense.
    pub fn restored(log: u32, said: u64, ring: Vec<u8>) -> Option<Self> {
        (ring.len() == ring_length()).then_some(Self { log, said, ring })
    }

    /// Names the count.
    pub const fn log(&self) -> u32 {
        self.log
    }

    /// How many bytes were said.
    pub const fn said(&self) -> u64 {
        self.said
    }

    /// The first byte that is kept.
    pub const fn kept(&self) -> u64 {
        self.said.saturating_sub(KEPT)
    }

    /// The ring, to be stored.
    pub fn ring(&self) -> &[u8] {
        &self.ring
    }

    /// Adds what the target said, at most [`CHUNK`] bytes; which pieces of the ring changed.
    pub fn push(&mut self, bytes: &[u8]) -> [Piece; 2] {
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        let at = place(self.said);
        let first = bytes.len().min(self.ring.len() - at);
        let (head, tail) = bytes.split_at(first);
        self.ring[at..at + head.len()].copy_from_slice(head);
        self.ring[..tail.len()].copy_from_slice(tail);
        self.said += bytes.len() as u64;
        [(at, head.len()), (0, tail.len())]
    }

    /// What is kept from there on, at most [`MAX_READ`] bytes.
    pub fn read(&self, wanted: HistoryFrom) -> SerialOutput {
        let from = if wanted.log == self.log && wanted.from <= self.said {
            wanted.from.max(self.kept())
        } else {
            self.kept()
        };
        let length = (self.said - from).min(MAX_READ as u64);
        let data = (from..from + length).map(|number| self.ring[place(number)]);
        SerialOutput {
            log: self.log,
            offset: from,
            data: data.collect(),
        }
    }
}

fn ring_length() -> usize {
    usize::try_from(RING).unwrap_or(usize::MAX)
}

/// Where the byte of a number is.
fn place(number: u64) -> usize {
    usize::try_from(number % RING).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from(log: u32, from: u64) -> HistoryFrom {
        HistoryFrom { log, from }
    }

    /// All that is read from `start` on, as a page reads it.
    fn all(history: &History, start: u64) -> (u64, Vec<u8>) {
        let first = history.read(from(history.log, start));
        let (mut next, mut bytes) = (first.offset, Vec::new());
        loop {
            let piece = history.read(from(history.log, next));
            assert_eq!(piece.offset, next);
            if piece.data.is_empty() {
                return (first.offset, bytes);
            }
            next += piece.data.len() as u64;
            bytes.extend(piece.data);
        }
    }

    fn byte(number: u64) -> u8 {
        (number.wrapping_mul(31) >> 3) as u8
    }

    fn pushed(history: &mut History, length: u64) {
        while history.said() < length {
            let count = (length - history.said()).min(CHUNK as u64);
            let bytes: Vec<u8> = (history.said()..history.said() + count).map(byte).collect();
            history.push(&bytes);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_kept_is_what_was_said(length in 0u64..3 * KEPT, start in 0u64..3 * KEPT) {
            let mut history = History::new(7);
            pushed(&mut history, length);
            let (first, bytes) = all(&history, start.min(length));
            prop_assert_eq!(first, start.min(length).max(length.saturating_sub(KEPT)));
            prop_assert!(bytes.iter().enumerate().all(|(n, found)| *found == byte(first + n as u64)));
            prop_assert_eq!(first + bytes.len() as u64, length);
        }
    }

    #[test]
    fn another_count_gives_all_that_is_kept() {
        let mut history = History::new(7);
        history.push(b"hello");
        assert_eq!(history.read(from(8, 3)).data, b"hello");
        assert_eq!(history.read(from(7, 3)).data, b"lo");
        assert_eq!(history.read(from(7, 99)).data, b"hello");
        assert!(history.read(from(7, 5)).data.is_empty());
    }

    #[test]
    fn a_ring_of_another_size_is_not_taken() {
        assert_eq!(History::restored(1, 5, vec![0; 3]), None);
        assert!(History::restored(1, 5, vec![0; ring_length()]).is_some());
    }
}
