//! A thread that does what may take long: a card can take a second for what usually takes a millisecond, and a device that does
//! not answer meanwhile counts as hung.

use crate::{
    core::error::StorageError,
    engine::{Ended, Engine, Finish, Where},
};
use dkvm_sdk::{Request, Sender};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::storage::{methods, FileRef, Finished, ImageRef, PutFinish, PutRef, StorageState},
    ErrorCode, WireError,
};
use serde::{de::DeserializeOwned, Serialize};
use std::{
    sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    thread,
    time::{Duration, Instant},
};

/// Jobs that wait: a few uploaders with eight chunks under way each.
const QUEUE: usize = 64;
/// Between two looks at what changes without us; a person at the target ejects something now and then.
const LOOK: Duration = Duration::from_secs(2);
/// Between two pieces that are read back while others send without a pause: both go on.
const READ_EVERY: Duration = Duration::from_millis(100);
/// Between two looks at a drive whose files change.
const CHANGE_EVERY: Duration = Duration::from_millis(50);
/// Between two states of an upload: a page draws no faster.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Who waits for one upload to be read back: the uploader, and the same after its patience was over.
const WAITERS: usize = 16;

/// What the thread is told.
#[derive(Debug)]
pub enum Job {
    /// A request.
    Ask(Request),
    /// Where the drives are.
    Bound(Where),
}

/// The thread is gone.
#[derive(Debug)]
pub struct Gone;

/// The thread.
#[derive(Debug)]
pub struct Worker {
    jobs: SyncSender<Job>,
}

impl Worker {
    /// Starts it.
    pub fn start(engine: Engine, sender: Sender) -> std::io::Result<Self> {
        let (jobs, todo) = sync_channel(QUEUE);
        let runner = Runner {
            engine,
            sender,
            waiting: Vec::new(),
            removing: Vec::new(),
            told: None,
            looked: Instant::now(),
            idled: Instant::now(),
            news: News::None,
        };
        let thread = thread::Builder::new().name("library".into());
        thread.spawn(move || runner.run(&todo))?;
        Ok(Self { jobs })
    }

    /// Gives it a job. A request that finds no room is told so.
    pub fn give(&self, job: Job) -> Result<(), Gone> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Job::Ask(request))) => {
                let error = WireError::new(ErrorCode::Exhausted, "the card is busy: try again");
                // Whoever asked is gone when this fails.
                let _ = request.fail(error);
                Ok(())
            }
            // Told so seldom that the queue is not full of it; it waits for room.
            Err(TrySendError::Full(job)) => self.jobs.send(job).map_err(|_| Gone),
            Err(TrySendError::Disconnected(_)) => Err(Gone),
        }
    }
}

struct Runner {
    engine: Engine,
    sender: Sender,
    /// Who waits for which upload to be read back.
    waiting: Vec<(String, Request)>,
    /// Who waits for a file to be deleted.
    removing: Vec<Request>,
    told: Option<(StorageState, Instant)>,
    looked: Instant,
    idled: Instant,
    news: News,
}

/// Whether something was done of which nobody has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    Some,
}

impl Runner {
    fn run(mut self, todo: &Receiver<Job>) {
        self.tell();
        loop {
            match todo.recv_timeout(self.pause()) {
                Ok(Job::Ask(request)) => self.answer(request),
                Ok(Job::Bound(place)) => self.engine.bound(place),
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.is_overdue() {
                self.idle();
            }
            self.tell_if_due();
        }
    }

    fn pause(&self) -> Duration {
        if self.engine.is_reading() {
            return Duration::ZERO;
        }
        let mut look = LOOK.saturating_sub(self.looked.elapsed());
        if self.engine.is_busy() {
            look = look.min(CHANGE_EVERY);
        }
        match self.news {
            News::None => look,
            News::Some => look.min(TELL_EVERY),
        }
    }

    /// Whether jobs came so close upon each other that there was no time between them for long enough.
    fn is_overdue(&self) -> bool {
        let patience = if self.engine.is_reading() || self.engine.is_busy() {
            READ_EVERY
        } else {
            LOOK
        };
        self.idled.elapsed() >= patience
    }

    /// Between jobs: what is read back, and a look at what changes by itself.
    fn idle(&mut self) {
        self.idled = Instant::now();
        if self.looked.elapsed() >= LOOK {
            self.engine.look();
            self.looked = Instant::now();
        }
        match self.engine.go_on() {
            Some(Ended::Put(id, result)) => {
                self.finished(&id, result.map_err(StorageError::into_wire));
            }
            Some(Ended::Removed(result)) => self.removed(result),
            None => {}
        }
    }

    fn finished(&mut self, id: &str, result: Result<Finished, WireError>) {
        log(methods::PUT_FINISH, &result);
        self.tell();
        self.answer_waiting(id, &result);
    }

    /// All who wait for that upload to be read back.
    fn answer_waiting(&mut self, id: &str, result: &Result<Finished, WireError>) {
        let waiting = std::mem::take(&mut self.waiting);
        let (done, others) = waiting.into_iter().partition(|(of, _)| of == id);
        self.waiting = others;
        let done: Vec<(String, Request)> = done;
        for (_, request) in done {
            // Whoever asked is gone, or has waited too long, when this fails.
            let _ = request.answer_with(result.clone());
        }
    }

    fn tell_if_due(&mut self) {
        self.news = News::Some;
        let due = |(_, at): &(StorageState, Instant)| at.elapsed() >= TELL_EVERY;
        if self.told.as_ref().is_none_or(due) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.news = News::None;
        let state = self.engine.state();
        if self.told.as_ref().is_some_and(|(told, _)| *told == state) {
            return;
        }
        // Without a kernel the device ends.
        let _ = self.sender.emit(topics::STORAGE_STATE, &state);
        self.told = Some((state, Instant::now()));
    }

    fn answer(&mut self, request: Request) {
        match request.method() {
            methods::GET => drop(request.reply(&self.engine.state())),
            methods::PUT_WRITE => self.written(request),
            methods::PUT_FINISH => self.finish(request),
            methods::PUT_BEGIN => self.work(request, |engine, begin| engine.begin(&begin)),
            methods::PUT_ABORT => self.abort(request),
            methods::RENAME => self.work(request, |engine, rename| {
                engine.rename(&rename).map(nothing)
            }),
            methods::DELETE => self.work(request, |engine, image: ImageRef| {
                engine.delete(&image.image).map(nothing)
            }),
            methods::ATTACH => self.work(request, |engine, attach| {
                engine.attach(&attach).map(nothing)
            }),
            methods::EJECT => self.work(request, |engine, eject| engine.eject(eject).map(nothing)),
            methods::DRIVE => self.work(request, |engine, drive| {
                engine.make_drive(&drive).map(nothing)
            }),
            methods::FILES => self.work(request, |engine, of| engine.files(&of)),
            methods::FILES_REMOVE => self.remove(request),
            // Whoever asked is gone when this fails.
            _ => drop(request.unknown()),
        }
    }

    /// Whoever gets an answer and asks for the state then gets the new one.
    fn work<A: DeserializeOwned, R: Serialize>(
        &mut self,
        request: Request,
        act: impl FnOnce(&mut Engine, A) -> Result<R, StorageError>,
    ) {
        let result = request.decode().and_then(|arguments| {
            act(&mut self.engine, arguments).map_err(StorageError::into_wire)
        });
        log(request.method(), &result);
        self.tell();
        // Whoever asked is gone when this fails.
        let _ = request.answer_with(result);
    }

    /// Who waits for the upload to be read back is told that there is none any more.
    fn abort(&mut self, request: Request) {
        let mut forgotten = None;
        self.work(request, |engine, put: PutRef| {
            engine.abort(&put.id)?;
            forgotten = Some(put.id);
            Ok(Nothing {})
        });
        if let Some(id) = forgotten {
            self.answer_waiting(&id, &Err(StorageError::NoUpload.into_wire()));
        }
    }

    /// A file; the answer comes when it is gone.
    fn remove(&mut self, request: Request) {
        let asked = request.decode::<FileRef>();
        let started = asked.and_then(|file| {
            self.engine
                .remove_file(&file)
                .map_err(StorageError::into_wire)
        });
        self.tell();
        match started {
            Ok(()) if self.removing.len() < WAITERS => self.removing.push(request),
            Ok(()) => {
                let error = WireError::new(ErrorCode::Timeout, "it is being deleted: ask again");
                let _ = request.fail(error);
            }
            Err(error) => {
                log::<()>(methods::FILES_REMOVE, &Err(error.clone()));
                let _ = request.fail(error);
            }
        }
    }

    fn removed(&mut self, result: Result<(), StorageError>) {
        let result = result.map(nothing).map_err(StorageError::into_wire);
        log(methods::FILES_REMOVE, &result);
        self.tell();
        for request in std::mem::take(&mut self.removing) {
            // Whoever asked is gone, or has waited too long, when this fails.
            let _ = request.answer_with(result.clone());
        }
    }

    /// Many a second: told now and then, and not logged where it went well.
    fn written(&mut self, request: Request) {
        let result = request
            .decode()
            .and_then(|chunk| self.engine.write(&chunk).map_err(StorageError::into_wire));
        if result.is_err() {
            log(methods::PUT_WRITE, &result);
        }
        let _ = request.answer_with(result);
    }

    fn finish(&mut self, request: Request) {
        let asked = request.decode::<PutFinish>();
        let result = asked.and_then(|finish| {
            let done = self.engine.finish(&finish).map_err(StorageError::into_wire);
            done.map(|done| (finish.id, done))
        });
        match result {
            Ok((id, Finish::GoesOn)) if self.waiting.len() < WAITERS => {
                self.waiting.push((id, request));
            }
            Ok((_, Finish::GoesOn)) => {
                let error = WireError::new(
                    ErrorCode::Timeout,
                    "the upload is being read back, or goes onto its drive: ask again",
                );
                let _ = request.fail(error);
            }
            Ok((id, Finish::Done(finished))) => {
                self.waiting.push((id.clone(), request));
                self.finished(&id, Ok(finished));
            }
            Err(error) => {
                log::<()>(methods::PUT_FINISH, &Err(error.clone()));
                self.tell();
                let _ = request.fail(error);
            }
        }
    }
}

fn nothing((): ()) -> Nothing {
    Nothing {}
}

fn log<R>(method: &str, result: &Result<R, WireError>) {
    match result {
        Ok(_) => dkvm_sdk::debug!("{method}: done"),
        Err(error) => dkvm_sdk::warn!("{method}: {error}"),
    }
}
