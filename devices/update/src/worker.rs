//! A thread that does what may take long: a card can take a second for what usually takes a millisecond, and a device that does
//! not answer meanwhile counts as hung.

use crate::{
    core::{
        engine::{Begin, Engine},
        error::UpdateError,
        health::Expected,
        record::Trial,
    },
    keep::Folders,
    machine::AnyCard,
};
use dkvm_sdk::{boottime, Request};
use dkvm_wire::{
    service::{Nothing, RestartHow},
    vocab::update::{self, methods, FactoryReset, Stage, UpdateState, Upload},
    ErrorCode, WireError,
};
use std::{
    sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError},
    thread,
};
use tokio::sync::mpsc;

/// Jobs that wait. An uploader sends one chunk at a time.
const QUEUE: usize = 16;

/// What the engine is told.
#[derive(Debug)]
pub enum Job {
    /// A request that the engine can answer at once.
    Ask(Request),
    /// `update.try`.
    Try(Request, Expected),
    /// `update.rollback`.
    Rollback(Request, Expected),
    /// The machine does not restart into its trial: the kernel refused.
    NotBegun,
    /// The trial is well.
    Commit(String),
    /// The trial is not well.
    GoBack(String),
    /// What runs is well.
    MarkHealthy,
}

/// How it stands after a job.
#[derive(Debug)]
pub struct Report {
    /// For all to see.
    pub state: UpdateState,
    /// The trial that this boot is.
    pub trial: Option<Trial>,
    /// Whether the running image was healthy once.
    pub healthy: Healthy,
    /// The machine is to restart.
    pub restart: Option<Restart>,
}

/// Whether an image passed its health check once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Healthy {
    Yes,
    NotYet,
}

/// How the machine is to restart, and who waits for the answer.
#[derive(Debug)]
pub struct Restart {
    /// How.
    pub how: RestartHow,
    /// For the log.
    pub reason: String,
    /// Answered when the kernel has taken it.
    pub request: Option<Request>,
}

/// The thread.
#[derive(Debug)]
pub struct Worker {
    jobs: SyncSender<Job>,
    /// What it says.
    pub reports: mpsc::UnboundedReceiver<Report>,
}

/// The engine as it works here.
pub type CardEngine = Engine<AnyCard, Folders>;

impl Worker {
    /// Starts it.
    pub fn start(engine: CardEngine) -> std::io::Result<Self> {
        let (jobs, todo) = sync_channel(QUEUE);
        // One report or two per job, and jobs are bounded.
        let (tell, reports) = mpsc::unbounded_channel();
        let runner = Runner { engine, tell };
        thread::Builder::new()
            .name("card".into())
            .spawn(move || runner.run(&todo))?;
        Ok(Self { jobs, reports })
    }

    /// Gives it a job. A request that finds no room is told so; a verdict is reached again after the next report.
    pub fn give(&self, job: Job) {
        let refused = match self.jobs.try_send(job) {
            Ok(()) => return,
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => job,
        };
        if let Job::Ask(request) | Job::Try(request, _) | Job::Rollback(request, _) = refused {
            let error = WireError::new(ErrorCode::Exhausted, "the card is busy: try again");
            // Whoever asked is gone when this fails.
            let _ = request.fail(error);
        }
    }
}

struct Runner {
    engine: CardEngine,
    tell: mpsc::UnboundedSender<Report>,
}

impl Runner {
    fn run(mut self, todo: &Receiver<Job>) {
        self.report(None);
        while let Ok(job) = todo.recv() {
            let restart = self.work(job);
            self.report(restart);
        }
    }

    fn report(&self, restart: Option<Restart>) {
        let healthy = if self.engine.is_healthy() {
            Healthy::Yes
        } else {
            Healthy::NotYet
        };
        // Nobody listens when the device ends.
        let _ = self.tell.send(Report {
            state: self.engine.state(),
            trial: self.engine.trial().cloned(),
            healthy,
            restart,
        });
    }

    fn work(&mut self, job: Job) -> Option<Restart> {
        match job {
            Job::Ask(request) => self.answer(request),
            Job::Try(request, expected) => {
                let begun = self.engine.begin_trial(expected);
                self.to_trial(begun, request)
            }
            Job::Rollback(request, expected) => {
                let begun = self.engine.begin_rollback(expected);
                self.to_trial(begun, request)
            }
            Job::NotBegun => {
                complain(self.engine.trial_did_not_begin());
                None
            }
            // Decided twice, while the card took its time: what runs is settled already.
            Job::Commit(_) | Job::GoBack(_) if !self.engine.is_trial() => None,
            Job::Commit(reason) => self.commit(&reason),
            Job::GoBack(reason) => Some(self.go_back(&reason)),
            Job::MarkHealthy => {
                complain(self.engine.mark_healthy());
                None
            }
        }
    }

    fn commit(&mut self, reason: &str) -> Option<Restart> {
        match self.engine.commit(reason) {
            Ok(()) => {
                dkvm_sdk::info!("the new image is committed: {reason}");
                None
            }
            Err(error) => Some(self.go_back(&format!(
                "the new image is well but could not be committed: {error}"
            ))),
        }
    }

    fn go_back(&mut self, reason: &str) -> Restart {
        dkvm_sdk::error!("going back to the committed image: {reason}");
        complain(self.engine.go_back(reason));
        Restart {
            how: RestartHow::Restart,
            reason: reason.to_owned(),
            request: None,
        }
    }

    fn answer(&mut self, request: Request) -> Option<Restart> {
        let method = request.method().to_owned();
        match method.as_str() {
            methods::BEGIN => self.begin(request),
            methods::WRITE => self.write(request),
            methods::FINISH => self.finish(request),
            methods::ABORT => {
                let result = self.engine.abort();
                self.reply(request, result.map(|()| Nothing {}));
            }
            methods::FACTORY_RESET => return self.factory_reset(request),
            // Whoever asked is gone when this fails.
            _ => drop(request.unknown()),
        }
        None
    }

    fn to_trial(&self, begun: Result<String, UpdateError>, request: Request) -> Option<Restart> {
        match begun {
            Ok(version) => Some(Restart {
                how: RestartHow::Trial,
                reason: format!("trial of {version}"),
                request: Some(request),
            }),
            Err(error) => {
                self.reply::<Nothing>(request, Err(error));
                None
            }
        }
    }

    /// Whoever gets an answer and asks for the state then gets the new one.
    fn reply<T: serde::Serialize>(&self, request: Request, result: Result<T, UpdateError>) {
        if let Err(error) = &result {
            dkvm_sdk::warn!("{}: {error}", request.method());
        }
        self.report(None);
        // Whoever asked is gone when this fails.
        let _ = request.answer_with(result.map_err(UpdateError::into_wire));
    }

    fn begin(&mut self, request: Request) {
        let Some((request, begin)) = arguments::<update::Begin>(request) else {
            return;
        };
        let begun = self.engine.begin(Begin {
            head: &begin.head,
            size: begin.size,
            downgrade: begin.downgrade.into(),
            now: now(),
        });
        let begun = begun.map(as_wire);
        self.reply(request, begun);
    }

    fn write(&mut self, request: Request) {
        let Some((request, chunk)) = arguments::<update::Chunk>(request) else {
            return;
        };
        if chunk.data.len() > update::MAX_CHUNK {
            let error = WireError::new(ErrorCode::BadRequest, "a chunk has at most 32 KiB");
            // Whoever asked is gone when this fails.
            let _ = request.fail(error);
            return;
        }
        let written = self
            .engine
            .write(&chunk.id, chunk.offset, &chunk.data, now());
        let written = written.map(as_wire);
        self.reply(request, written);
    }

    fn finish(&mut self, request: Request) {
        let Some((request, upload)) = arguments::<update::UploadRef>(request) else {
            return;
        };
        if let Some(version) = self.engine.upload_version() {
            let state = UpdateState {
                stage: Stage::Verifying { version },
                ..self.engine.state()
            };
            // There is no trial, or nothing could be finished. Nothing need be looked at while this thread is busy.
            let _ = self.tell.send(Report {
                state,
                trial: None,
                healthy: Healthy::Yes,
                restart: None,
            });
        }
        let finished = self.engine.finish(&upload.id);
        self.reply(request, finished.map(|()| Nothing {}));
    }

    fn factory_reset(&mut self, request: Request) -> Option<Restart> {
        let (request, asked) = arguments::<FactoryReset>(request)?;
        if !asked.confirmed {
            let error = WireError::new(
                ErrorCode::BadRequest,
                "a factory reset must be confirmed: nothing was changed",
            );
            // Whoever asked is gone when this fails.
            let _ = request.fail(error);
            return None;
        }
        match self.engine.factory_reset() {
            Ok(()) => Some(Restart {
                how: RestartHow::Restart,
                reason: "factory reset".to_owned(),
                request: Some(request),
            }),
            Err(error) => {
                self.reply::<Nothing>(request, Err(error));
                None
            }
        }
    }
}

fn as_wire(upload: &crate::core::upload::Upload) -> Upload {
    Upload {
        id: upload.id.clone(),
        offset: upload.offset(),
    }
}

fn arguments<T: serde::de::DeserializeOwned>(request: Request) -> Option<(Request, T)> {
    match request.decode() {
        Ok(arguments) => Some((request, arguments)),
        Err(error) => {
            // Whoever asked is gone when this fails.
            let _ = request.fail(error);
            None
        }
    }
}

fn complain(result: Result<(), UpdateError>) {
    if let Err(error) = result {
        dkvm_sdk::error!("{error}");
    }
}

/// Since Linux's start, ms, sleep included.
pub fn now() -> u64 {
    u64::try_from(boottime().as_millis()).unwrap_or(u64::MAX)
}
