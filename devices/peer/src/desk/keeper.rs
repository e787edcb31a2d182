//! Writing down who is paired. A card may take seconds for what keys must not wait for: a thread writes, one page at a time, and
//! what waits for it waits here.

use super::{requests::refused, Desk};
use crate::{
    fingerprint::Fingerprint,
    news::News,
    store::{Page, Peer, StoreError},
};
use dkvm_sdk::Request;
use dkvm_wire::{service::Nothing, WireError};
use std::{collections::VecDeque, io};

/// Changes that wait for a card: a person makes one after the other.
const WAIT_MOST: usize = 32;

/// A change to be written down.
#[derive(Debug)]
pub(super) enum Job {
    /// It holds when it is written, and who asked is told.
    Authorise(Peer, Request),
    /// It holds when it is written, and then the pairing has come to its end.
    Pair(Peer, u32),
    /// It holds already; who asked is told whether it will after the next start.
    Answer(Request),
    /// It holds already, and nobody asked: where this node was reached.
    Reached(String),
}

impl Job {
    /// Who holds only once it is written.
    const fn coming(&self) -> Option<&Peer> {
        match self {
            Self::Authorise(peer, _) | Self::Pair(peer, _) => Some(peer),
            Self::Answer(_) | Self::Reached(_) => None,
        }
    }
}

/// One on its way.
#[derive(Debug)]
struct Work {
    job: Job,
    /// Something else was said of that node since, and holds: this must not come after it.
    overtaken: bool,
}

impl Work {
    fn coming(&self) -> Option<&Peer> {
        self.job.coming().filter(|_| !self.overtaken)
    }
}

/// What is written, and what waits.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    writing: Option<Work>,
    waiting: VecDeque<Work>,
}

impl Keeper {
    /// Whether a node of that name is still being written down.
    pub(super) fn is_coming(&self, node: &str) -> bool {
        let all = self.writing.iter().chain(&self.waiting);
        let mut coming = all.filter_map(Work::coming);
        coming.any(|peer| peer.node == node)
    }

    /// What is still being written of those that are meant never holds; the key of the first of them.
    pub(super) fn overtake(&mut self, is_meant: impl Fn(&Peer) -> bool) -> Option<Fingerprint> {
        let mut first = None;
        for work in self.writing.iter_mut().chain(&mut self.waiting) {
            if let Some(peer) = work.coming().filter(|peer| is_meant(peer)) {
                first = first.or(Some(peer.fingerprint));
                work.overtaken = true;
            }
        }
        first
    }
}

impl Desk {
    /// Writes it down, after those before it.
    pub(super) fn keep(&mut self, job: Job) {
        let waiting = &mut self.keeper.waiting;
        let is_reached = |job: &Job| matches!(job, Job::Reached(_));
        // The next page has all that holds.
        if is_reached(&job) && waiting.iter().any(|work| is_reached(&work.job)) {
            return;
        }
        if waiting.len() >= WAIT_MOST {
            return self.settle(job, Err(StoreError::Busy));
        }
        waiting.push_back(Work {
            job,
            overtaken: false,
        });
        self.write_next();
    }

    /// Whether nothing is being written.
    pub fn is_kept(&self) -> bool {
        self.keeper.writing.is_none()
    }

    fn write_next(&mut self) {
        while self.is_kept() {
            let Some(work) = self.keeper.waiting.pop_front() else {
                return;
            };
            // As it is now: what has changed since it was asked for is in it.
            let page = match work.coming() {
                Some(peer) => self.store.page_with(peer.clone()),
                None => Ok(self.store.page()),
            };
            match page {
                Ok(page) => {
                    self.keeper.writing = Some(work);
                    self.write(page);
                }
                Err(error) => self.settle(work.job, Err(error)),
            }
        }
    }

    fn write(&self, page: Page) {
        let teller = self.teller.clone();
        tokio::spawn(async move {
            let written = tokio::task::spawn_blocking(move || page.write()).await;
            let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
            // A device that ends has nobody to tell.
            let _ = teller.send(News::Kept(written)).await;
        });
    }

    /// A page is written, or is not.
    pub(super) fn kept(&mut self, written: io::Result<()>) {
        if let Some(Work { job, overtaken }) = self.keeper.writing.take() {
            let written = match job.coming() {
                Some(_) if overtaken => Err(StoreError::Overtaken),
                Some(_) => written.map_err(StoreError::Write),
                None => written.map_err(StoreError::Unkept),
            };
            self.settle(job, written);
        }
        self.write_next();
    }

    fn settle(&mut self, job: Job, written: Result<(), StoreError>) {
        match job {
            Job::Authorise(peer, request) => {
                let done = written.and_then(|()| self.hold(peer));
                answer(request, done);
            }
            Job::Pair(peer, id) => {
                let told = format!("paired with {} (key {})", peer.node, peer.fingerprint);
                let done = written.and_then(|()| self.hold(peer));
                self.paired(id, &told, done);
            }
            Job::Answer(request) => answer(request, written),
            Job::Reached(node) => {
                if let Err(error) = written {
                    dkvm_sdk::warn!("where {node} was reached is not remembered: {error}");
                }
            }
        }
    }

    fn hold(&mut self, peer: Peer) -> Result<(), StoreError> {
        let key: Fingerprint = peer.fingerprint;
        self.store.hold(peer)?;
        self.follow_store();
        self.renew(key);
        Ok(())
    }
}

fn answer(request: Request, done: Result<(), StoreError>) {
    let done: Result<Nothing, WireError> = done.map(|()| Nothing {}).map_err(refused);
    // A kernel that is gone has nobody who asked.
    let _ = request.answer_with(done);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coming(node: &str, key: u8) -> Work {
        let peer = Peer {
            node: node.to_owned(),
            ..Peer::new(Fingerprint::of(key))
        };
        Work {
            job: Job::Pair(peer, 1),
            overtaken: false,
        }
    }

    #[test]
    fn what_is_overtaken_is_not_coming_and_all_else_is() {
        let mut keeper = Keeper {
            writing: Some(coming("office", 1)),
            waiting: VecDeque::from([
                coming("attic", 2),
                Work {
                    job: Job::Reached("cellar".to_owned()),
                    overtaken: false,
                },
                coming("study", 1),
            ]),
        };
        assert_eq!(keeper.overtake(|peer| peer.node == "cellar"), None);
        assert!(keeper.is_coming("office") && keeper.is_coming("study"));
        let one = Fingerprint::of(1);
        assert_eq!(keeper.overtake(|peer| peer.fingerprint == one), Some(one));
        assert!(!keeper.is_coming("office") && !keeper.is_coming("study"));
        assert!(keeper.is_coming("attic"));
        assert_eq!(keeper.overtake(|peer| peer.fingerprint == one), None);
    }
}
