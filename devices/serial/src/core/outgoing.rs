//! What waits to be taken by the target.

use dkvm_wire::vocab::serial::MAX_WRITE;
use std::{collections::VecDeque, time::Duration};
use thiserror::Error;

/// Bytes that wait at most: several pages may write, and a page sends the next part when this one was taken.
const ROOM: usize = 4 * MAX_WRITE;
/// A target that takes nothing for so long does not read. What waits is dropped: typed at a program that begins to read an
/// hour later, it would do what nobody wants any more.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes given to Linux at a time: a short queue there, since what is in it cannot be taken back.
pub const PIECE: usize = 256;

/// Why nothing is taken.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// More than is taken at once.
    #[error("at most {MAX_WRITE} bytes are written at once: write the rest when these were taken")]
    TooLong,
    /// Nothing to do.
    #[error("there is nothing to write")]
    Empty,
    /// The target is slow.
    #[error(
        "the target takes what was written slowly, and too much waits: write again in a moment"
    )]
    Full,
    /// The target does not read.
    #[error("{0}")]
    Deaf(&'static str),
}

/// What a deaf target is told with.
pub const DEAF: &str = "the target takes nothing from its serial port: start a program there that reads it (a getty on ttyACM0, a terminal on its COM port), then write again";

/// The queue.
#[derive(Debug, Default)]
pub struct Outgoing {
    queue: VecDeque<u8>,
    /// When the target last took something, or something was put into an empty queue.
    moved: Duration,
    deaf: Deaf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Deaf {
    #[default]
    No,
    Yes,
}

impl Outgoing {
    /// Adds what is to be written.
    pub fn offer(&mut self, data: &[u8], now: Duration) -> Result<(), Refused> {
        if data.is_empty() {
            return Err(Refused::Empty);
        }
        if data.len() > MAX_WRITE {
            return Err(Refused::TooLong);
        }
        if self.deaf == Deaf::Yes {
            return Err(Refused::Deaf(DEAF));
        }
        if self.queue.len() + data.len() > ROOM {
            return Err(Refused::Full);
        }
        if self.queue.is_empty() {
            self.moved = now;
        }
        self.queue.extend(data);
        Ok(())
    }

    /// The next piece.
    pub fn piece(&mut self) -> &[u8] {
        let all = self.queue.make_contiguous();
        &all[..all.len().min(PIECE)]
    }

    /// Linux took so many bytes.
    pub fn taken(&mut self, count: usize, now: Duration) {
        self.queue.drain(..count.min(self.queue.len()));
        self.moved = now;
    }

    /// Linux would take some.
    pub fn listens(&mut self) {
        self.deaf = Deaf::No;
    }

    /// Time went by; how many bytes were given up, if any were.
    pub fn tick(&mut self, now: Duration) -> Option<usize> {
        if self.queue.is_empty() || now.saturating_sub(self.moved) < PATIENCE {
            return None;
        }
        self.deaf = Deaf::Yes;
        Some(self.clear())
    }

    /// Forgets all; how many bytes it were.
    pub fn clear(&mut self) -> usize {
        let count = self.queue.len();
        self.queue.clear();
        count
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none wait.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the target was found not to read.
    pub fn is_deaf(&self) -> bool {
        self.deaf == Deaf::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_offered_goes_out_in_order_and_in_pieces() {
        let mut out = Outgoing::default();
        let data: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
        out.offer(&data, at(0)).unwrap();
        let mut sent: Vec<u8> = Vec::new();
        while !out.is_empty() {
            let piece = out.piece().to_vec();
            assert!(piece.len() <= PIECE);
            let count = piece.len().min(100);
            sent.extend(&piece[..count]);
            out.taken(count, at(1));
        }
        assert_eq!(sent, data);
    }

    #[test]
    fn a_target_that_takes_nothing_is_found_deaf_and_what_waits_is_dropped() {
        let mut out = Outgoing::default();
        out.offer(b"reboot\n", at(0)).unwrap();
        assert_eq!(out.tick(at(2)), None);
        assert_eq!(out.tick(at(3)), Some(7));
        assert!(out.is_empty() && out.is_deaf());
        assert_eq!(out.offer(b"x", at(4)), Err(Refused::Deaf(DEAF)));
        out.listens();
        assert_eq!(out.offer(b"x", at(5)), Ok(()));
        assert_eq!(out.tick(at(7)), None);
    }

    #[test]
    fn too_much_is_refused_and_changes_nothing() {
        let mut out = Outgoing::default();
        assert_eq!(out.offer(&[], at(0)), Err(Refused::Empty));
        assert_eq!(out.offer(&[0; MAX_WRITE + 1], at(0)), Err(Refused::TooLong));
        for _ in 0..4 {
            out.offer(&[0; MAX_WRITE], at(0)).unwrap();
        }
        assert_eq!(out.offer(&[0], at(0)), Err(Refused::Full));
        assert_eq!(out.len(), ROOM);
    }
}
