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

/// What is written, and what waits.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    writing: Option<Job>,
    waiting: VecDeque<Job>,
}

impl Desk {
    /// Writes it down, after those before it.
    pub(super) fn keep(&mut self, job: Job) {
        let waiting = &mut self.keeper.waiting;
        let is_reached = |job: &Job| matches!(job, Job::Reached(_));
        // The next page has all that holds.
        if is_reached(&job) && waiting.iter().any(is_reached) {
            return;
        }
        if waiting.len() >= WAIT_MOST {
            return self.settle(job, Err(StoreError::Busy));
        }
        waiting.push_back(job);
        self.write_next();
    }

    /// Whether nothing is being written.
    pub fn is_kept(&self) -> bool {
        self.keeper.writing.is_none()
    }

    fn write_next(&mut self) {
        while self.is_kept() {
            let Some(job) = self.keeper.waiting.pop_front() else {
                return;
            };
            // As it is now: what has changed since it was asked for is in it.
            match self.page_of(&job) {
                Ok(page) => {
                    self.keeper.writing = Some(job);
                    self.write(page);
                }
                Err(error) => self.settle(job, Err(error)),
            }
        }
    }

    fn page_of(&self, job: &Job) -> Result<Page, StoreError> {
        match job {
            Job::Authorise(peer, _) | Job::Pair(peer, _) => self.store.page_with(peer.clone()),
            Job::Answer(_) | Job::Reached(_) => Ok(self.store.page()),
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
        if let Some(job) = self.keeper.writing.take() {
            let written = match &job {
                Job::Authorise(..) | Job::Pair(..) => written.map_err(StoreError::Write),
                Job::Answer(_) | Job::Reached(_) => written.map_err(StoreError::Unkept),
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
