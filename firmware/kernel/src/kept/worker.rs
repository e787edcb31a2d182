//! A thread of its own does what is slow: a card may take seconds for what keys must not wait for.

use super::disk::Real;
use super::store::{Begun, New, Store, StoreError};
use crate::link::Peer;
use dkvm_wire::service::ConfigHistory;
use dkvm_wire::RequestId;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

/// Tasks that wait: one trial at a time, and a few people who read.
const WAITING: usize = 32;

/// Whose task it is; given back with what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Somebody waits for the answer.
    Of(Peer, RequestId),
    /// The kernel itself.
    Own,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Task {
    Begin(Box<New>),
    Keep(u32),
    TakeBack(u32, String),
    /// A text of the history, to be shown.
    Read(u32),
    /// The same, to be applied.
    Fetch(Which),
}

/// Which of the history.
#[derive(Debug)]
pub(crate) enum Which {
    Number(u32),
    /// The newest that held before the one of this digest.
    Before(String),
    /// The same where the owner's file is there and not in force.
    BeforeOwners(String),
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Done {
    Begun(Result<Begun, StoreError>),
    Kept(u32, Result<(), StoreError>),
    TakenBack,
    Read(u32, Option<String>),
    Fetched(Option<(u32, String)>),
}

/// One that was done, and the history after it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) tag: Tag,
    pub(crate) done: Done,
    pub(crate) history: ConfigHistory,
}

/// The way to the thread. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    tasks: SyncSender<(Tag, Task)>,
}

impl Worker {
    /// To be called before the router gets its real-time priority, which threads inherit.
    pub(crate) fn start(store: Store<Real>) -> std::io::Result<(Self, UnboundedReceiver<Report>)> {
        let (tasks, waiting) = sync_channel(WAITING);
        let (reports, reported) = unbounded_channel();
        std::thread::Builder::new()
            .name("dkvm-config".to_owned())
            .spawn(move || work(store, &waiting, &reports))?;
        Ok((Self { tasks }, reported))
    }

    /// Never waits; `false`: too much waits already.
    pub(crate) fn send(&self, tag: Tag, task: Task) -> bool {
        self.tasks.try_send((tag, task)).is_ok()
    }
}

fn work(mut store: Store<Real>, tasks: &Receiver<(Tag, Task)>, reports: &UnboundedSender<Report>) {
    while let Ok((tag, task)) = tasks.recv() {
        let done = act(&mut store, task);
        let report = Report {
            tag,
            done,
            history: store.history(),
        };
        if reports.send(report).is_err() {
            return;
        }
    }
}

fn act(store: &mut Store<Real>, task: Task) -> Done {
    match task {
        Task::Begin(new) => Done::Begun(store.begin(*new)),
        Task::Keep(number) => Done::Kept(number, store.keep(number)),
        Task::TakeBack(number, why) => {
            store.take_back(number, why);
            Done::TakenBack
        }
        Task::Read(number) => Done::Read(number, store.text(number).map(str::to_owned)),
        Task::Fetch(which) => Done::Fetched(fetch(store, which)),
    }
}

fn fetch(store: &Store<Real>, which: Which) -> Option<(u32, String)> {
    let number = match which {
        Which::Number(number) => number,
        Which::Before(digest) => store.before(&digest)?,
        Which::BeforeOwners(digest) => store.before_owners(&digest)?,
    };
    Some((number, store.text(number)?.to_owned()))
}
