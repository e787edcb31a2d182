//! What is known of a holder: which of its steps are settled, and where its counters stood.

use dkvm_wire::vocab::input::{Motion, MAX_STEPS};

/// Holders remembered: the pages and workstations that may come back with steps that they saw no answer to.
/// Each costs up to 300 bytes in the file of [`crate::applied`].
pub const MAX_BOOKS: usize = 8;

/// What became of a step that is not settled yet because an earlier one is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Not written.
    Open,
    /// Given to Linux; whether the target took it is not known.
    Sent,
    /// Taken, or given up and counted.
    Done,
    /// As [`Mark::Sent`], in the report of the keys beyond the first six.
    SentBeyond,
}

/// One holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Who.
    pub holder: u64,
    /// Steps below are settled.
    pub settled: u32,
    /// How many of them the target did not take.
    pub lost: u32,
    /// The newest message.
    pub seq: Option<u32>,
    /// Its counters.
    pub motion: Option<Motion>,
    /// Steps from `settled` on, as far as anything is known of them.
    pub marks: Vec<Mark>,
}

impl Book {
    fn new(holder: u64, first: u32) -> Self {
        Self {
            holder,
            settled: first,
            lost: 0,
            seq: None,
            motion: None,
            marks: Vec::new(),
        }
    }

    /// Nobody will ever know of steps that were sent before everything was released: they count as given up, because
    /// typing them again could type them twice.
    pub fn give_up_sent(&mut self) {
        for mark in &mut self.marks {
            if matches!(mark, Mark::Sent | Mark::SentBeyond) {
                *mark = Mark::Done;
                self.lost = self.lost.saturating_add(1);
            }
        }
    }
}

/// The books, the most recent holder first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books(pub Vec<Book>);

impl Books {
    /// Opens a holder's book and puts it first; a new holder begins at its step `first`.
    pub fn open(&mut self, holder: u64, first: u32) -> &mut Book {
        let found = self.0.iter().position(|book| book.holder == holder);
        let book = found.map_or_else(|| Book::new(holder, first), |place| self.0.remove(place));
        self.0.truncate(MAX_BOOKS - 1);
        self.0.insert(0, book);
        &mut self.0[0]
    }

    /// A holder's book, if it is remembered.
    pub fn get(&self, holder: u64) -> Option<&Book> {
        self.0.iter().find(|book| book.holder == holder)
    }

    /// The same, to write in.
    pub fn get_mut(&mut self, holder: u64) -> Option<&mut Book> {
        self.0.iter_mut().find(|book| book.holder == holder)
    }
}

/// Longest list of marks.
pub const MAX_MARKS: usize = MAX_STEPS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_holder_is_forgotten_first() {
        let mut books = Books::default();
        (1..=9).for_each(|holder| books.open(holder, 0).settled = 7);
        assert_eq!(books.0.len(), MAX_BOOKS);
        assert!(books.get(1).is_none());
        assert_eq!(books.open(2, 0).settled, 7);
        assert_eq!(books.0[0].holder, 2);
    }

    #[test]
    fn steps_of_unknown_fate_are_counted_as_given_up() {
        let mut book = Book::new(1, 0);
        book.marks = vec![Mark::Sent, Mark::Open, Mark::Done];
        book.give_up_sent();
        assert_eq!(
            (book.marks, book.lost),
            (vec![Mark::Done, Mark::Open, Mark::Done], 1)
        );
    }
}
