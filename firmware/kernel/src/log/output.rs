use crate::death::Store;
use crate::health::forget_trial;
use dkvm_wire::service::DeathRecord;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread::JoinHandle;

/// Lines that wait for a slow console; beyond it they are dropped, for the router must not wait.
const WAITING: usize = 1024;
/// The log file starts anew at this size; one older file is kept. Both lie in memory on a Pi.
const FILE_MOST: u64 = 256 * 1024;

/// Something slow that the event loop hands to the writing thread.
#[derive(Debug)]
pub(crate) enum Job {
    Line(String),
    Death(Box<DeathRecord>),
    /// A boot is a good one; what it settles.
    Healthy(PathBuf, Settles),
}

/// What a healthy boot says of the slot that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settles {
    /// Nothing: it is a trial.
    Nothing,
    /// It may escape into the other one again.
    Slot,
}

/// The thread that writes: to stderr, to the log file, to the death records.
#[derive(Debug)]
pub(crate) struct Output {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    /// Starts it. To be called before the router gets its real-time priority, which threads inherit.
    pub(crate) fn start(log_file: PathBuf, store: Store) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let writer = Writer {
            file: LogFile::new(log_file),
            store,
        };
        let thread = std::thread::Builder::new()
            .name("dkvm-write".to_owned())
            .spawn(move || writer.run(&waiting))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Never waits: what does not fit is dropped. Returns whether it was taken.
    pub(crate) fn send(&self, job: Job) -> bool {
        let jobs = self.jobs.as_ref();
        jobs.is_some_and(|jobs| jobs.try_send(job).is_ok())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    file: LogFile,
    store: Store,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Line(line) => self.line(&line),
                Job::Death(record) => self.store.save(&record),
                Job::Healthy(state_dir, settles) => self.healthy(&state_dir, settles),
            }
        }
    }

    fn healthy(&mut self, state_dir: &Path, settles: Settles) {
        if let Err(error) = dkvm_boot::mark_healthy(state_dir) {
            self.line(&error.to_string());
        }
        if settles == Settles::Slot {
            forget_trial(state_dir);
        }
    }

    fn line(&mut self, line: &str) {
        // Nobody is left to be told when the log itself cannot be written.
        let _ = writeln!(std::io::stderr(), "{line}");
        self.file.write(line);
    }
}

struct LogFile {
    path: PathBuf,
    file: Option<File>,
    size: u64,
}

impl LogFile {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            size: 0,
        }
    }

    fn write(&mut self, line: &str) {
        if self.size >= FILE_MOST {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            self.file = None;
        }
        if self.file.is_none() {
            self.open();
        }
        if let Some(file) = &mut self.file {
            let _ = writeln!(file, "{line}");
            self.size += line.len() as u64 + 1;
        }
    }

    fn open(&mut self) {
        self.file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o640)
            .open(&self.path)
            .ok();
        self.size = self
            .file
            .as_ref()
            .and_then(|file| file.metadata().ok())
            .map_or(0, |meta| meta.len());
    }
}
