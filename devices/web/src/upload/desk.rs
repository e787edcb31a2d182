//! Which upload is under way. Pure; the lock is the caller's.

use super::piece::Piece;
use crate::clock::Moment;
use dkvm_wire::vocab::update::{Stage, Upload};
use ring::digest::{digest, SHA256};
use std::time::Duration;
use thiserror::Error;

/// An upload of which nothing came for so long has been left: a page sends its parts one right after the other.
const LEFT: Duration = Duration::from_secs(10);

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Taken {
    /// One is being read.
    #[error(
        "an update is being uploaded already, and one at a time is taken: wait until it is there"
    )]
    Busy,
    /// Parts of another bundle come in.
    #[error("another bundle is being uploaded by another page: wait until it is there, or cancel it there")]
    Another,
}

#[derive(Debug)]
struct Current {
    upload: Upload,
    head: Option<[u8; 32]>,
    at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Door {
    #[default]
    Free,
    Busy,
}

/// The place where uploads are taken in, one at a time.
#[derive(Debug, Default)]
pub struct Desk {
    door: Door,
    current: Option<Current>,
    /// The head that was let in last: its upload has no name before the update device gave it one.
    head: Option<[u8; 32]>,
}

impl Desk {
    /// A body comes; [`Self::leave`] when it is through.
    pub fn enter(&mut self) -> Result<(), Taken> {
        match std::mem::replace(&mut self.door, Door::Busy) {
            Door::Busy => Err(Taken::Busy),
            Door::Free => Ok(()),
        }
    }

    /// The body is through, or broke off.
    pub fn leave(&mut self) {
        self.door = Door::Free;
    }

    /// A bundle begins with this head; not while parts of another one come in.
    pub fn begin(&mut self, head: &[u8], now: Moment) -> Result<(), Taken> {
        let head = hash(head);
        let other = self.current.as_ref().is_some_and(|current| {
            current.head.is_some_and(|known| known != head) && now.since(current.at) < LEFT
        });
        if other {
            return Err(Taken::Another);
        }
        self.head = Some(head);
        Ok(())
    }

    /// How far it is.
    pub fn stands(&mut self, upload: &Upload, piece: &Piece, now: Moment) {
        // At its end it is the update device's affair, and another may begin.
        self.current = (upload.offset < piece.size).then(|| Current {
            upload: upload.clone(),
            head: self.head,
            at: now,
        });
    }

    /// The update device told what it is at.
    pub fn told(&mut self, stage: &Stage) {
        if !matches!(stage, Stage::Receiving { .. }) {
            self.current = None;
        }
    }

    /// The upload that waits for more.
    pub fn current(&self) -> Option<&Upload> {
        self.current.as_ref().map(|current| &current.upload)
    }
}

fn hash(head: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, head).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: Piece = Piece {
        offset: 0,
        length: 5,
        size: 9,
    };

    fn upload(offset: u64) -> Upload {
        Upload {
            id: "u".into(),
            offset,
        }
    }

    fn under_way() -> Desk {
        let mut desk = Desk::default();
        desk.begin(b"one", Moment(0)).unwrap();
        desk.stands(&upload(5), &PIECE, Moment(0));
        desk
    }

    #[test]
    fn one_body_at_a_time() {
        let mut desk = Desk::default();
        assert_eq!(desk.enter(), Ok(()));
        assert_eq!(desk.enter(), Err(Taken::Busy));
        desk.leave();
        assert_eq!(desk.enter(), Ok(()));
    }

    #[test]
    fn another_bundle_waits_until_the_first_is_left_or_over() {
        let mut desk = under_way();
        assert_eq!(desk.begin(b"one", Moment(1)), Ok(()));
        assert_eq!(desk.begin(b"two", Moment(1)), Err(Taken::Another));
        assert_eq!(desk.begin(b"two", Moment(10_000)), Ok(()));
        let mut whole = under_way();
        whole.stands(&upload(9), &PIECE, Moment(1));
        assert_eq!(whole.begin(b"two", Moment(1)), Ok(()));
        let mut aborted = under_way();
        aborted.told(&Stage::Idle);
        assert_eq!(aborted.begin(b"two", Moment(1)), Ok(()));
    }

    #[test]
    fn it_is_told_where_it_stands() {
        let mut desk = under_way();
        assert_eq!(desk.current(), Some(&upload(5)));
        let version = "2".to_owned();
        desk.told(&Stage::Receiving {
            version,
            bytes: 5,
            size: 9,
        });
        assert_eq!(desk.current(), Some(&upload(5)));
        desk.told(&Stage::Idle);
        assert_eq!(desk.current(), None);
    }
}
