//! One image: from the server's bytes to the library, over breaks of either, on a thread that may wait.

use crate::{
    client::{OpenError, Opened, Origin},
    core::{
        progress::{Progress, Resumed, Version},
        source::Source,
    },
    pump::{Pump, LOOK},
    put::{Shelf, Upload},
};
use dkvm_wire::{
    vocab::storage::{Finished, PutBegin, MAX_CHUNK},
    WireError,
};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread,
    time::{Duration, Instant},
};
use thiserror::Error;

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;

/// What the thread tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// So much is there.
    At {
        /// Bytes in all.
        size: u64,
        /// Bytes that are there.
        offset: u64,
    },
    /// It waits, for this reason.
    Waits(String),
    /// It ended.
    Ended(Result<Finished, Trouble>),
}

/// Whether it is to go on.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends it soon.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why it is not fetched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Trouble {
    /// Trying again will not help.
    #[error("{0}")]
    Never(String),
    /// It may help.
    #[error("{0}")]
    Later(String),
    /// Somebody wants it no more.
    #[error("it was cancelled")]
    Cancelled,
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Never(told) | OpenError::Beyond(told) => Self::Never(told),
            OpenError::Later(told) => Self::Later(told),
        }
    }
}

impl From<WireError> for Trouble {
    fn from(error: WireError) -> Self {
        match error.retryable {
            true => Self::Later(error.message),
            false => Self::Never(error.message),
        }
    }
}

/// Fetches one image.
pub struct Worker<O, S, T> {
    /// Asks the server.
    pub origin: O,
    /// Takes the bytes.
    pub library: S,
    /// What is fetched.
    pub source: Source,
    /// Whether an earlier life was at it.
    pub resumed: Resumed,
    /// Whether to go on.
    pub stop: Stop,
    /// Who is told.
    pub tell: T,
}

impl<O: Origin, S: Shelf, T: Fn(News)> Worker<O, S, T> {
    /// Until it is there, or never will be.
    pub fn run(self) {
        let mut progress = Progress::new(self.resumed);
        let ended = loop {
            match self.attempt(&mut progress) {
                Ok(finished) => break Ok(finished),
                Err(Trouble::Later(told)) if progress.may_try() => {
                    (self.tell)(News::Waits(format!("{told}; it is tried again")));
                    self.rest(progress.wait());
                }
                Err(trouble) => break Err(trouble),
            }
        };
        if let (Err(Trouble::Cancelled), Some(id)) = (&ended, &progress.id) {
            // What cannot be forgotten now, a person can.
            let _ = self.library.abort(id);
        }
        (self.tell)(News::Ended(ended));
    }

    fn rest(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until && !self.stop.is_asked() {
            thread::sleep(LOOK);
        }
    }

    /// One connection, from where the library is; none where it has all.
    fn attempt(&self, progress: &mut Progress) -> Result<Finished, Trouble> {
        self.go_on()?;
        let (version, opened) = match progress.sure() {
            Some(version) => (version, None),
            None => self.ask(progress)?,
        };
        let mut put = self.begin(&version, progress)?;
        if put.next() < version.size {
            let opened = match opened.filter(|opened| opened.from == put.next()) {
                Some(opened) => opened,
                None => self.open(put.next(), &version, progress)?,
            };
            let result = self.copy(opened, &mut put, progress);
            progress.at(put.next());
            result?;
        }
        Ok(put.finish(self.source.sha256.as_deref())?)
    }

    /// Which version of the file the server has.
    fn ask(&self, progress: &mut Progress) -> Result<(Version, Option<Opened>), Trouble> {
        let opened = self.origin.open(&self.source.url, 0, "")?;
        let version = self.version(&opened);
        if let Some(id) = progress.learn(version.clone()) {
            // What cannot be forgotten now, a person can.
            let _ = self.library.abort(&id);
        }
        Ok((version, Some(opened)))
    }

    fn version(&self, opened: &Opened) -> Version {
        Version::of(&self.source, opened.size, &opened.tag)
    }

    fn begin(&self, version: &Version, progress: &mut Progress) -> Result<S::Upload, Trouble> {
        let begin = PutBegin {
            name: self.source.image.clone(),
            size: version.size,
            sha256: self.source.sha256.clone(),
            tag: version.tag(&self.source.url),
            onto: None,
        };
        let mut put = self.library.begin(&begin)?;
        let in_the_middle = 0 < put.next() && put.next() < version.size;
        if in_the_middle && !version.is_told(&self.source) {
            self.library.abort(put.id())?;
            put = self.library.begin(&begin)?;
        }
        progress.begun(put.id());
        (self.tell)(News::At {
            size: version.size,
            offset: put.next(),
        });
        Ok(put)
    }

    /// The rest of that version, from where the library is, or before.
    fn open(
        &self,
        next: u64,
        version: &Version,
        progress: &mut Progress,
    ) -> Result<Opened, Trouble> {
        let told = match self.origin.open(&self.source.url, next, &version.mark) {
            Ok(opened) if self.version(&opened) == *version => return Ok(opened),
            Ok(_) => "the server has another version of the file now".to_owned(),
            Err(OpenError::Beyond(told)) => told,
            Err(error) => return Err(error.into()),
        };
        progress.doubt();
        Err(Trouble::Later(told))
    }

    fn copy(
        &self,
        opened: Opened,
        put: &mut S::Upload,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let (size, from) = (opened.size, opened.from);
        let mut pump = Pump::start(opened.body)
            .map_err(|error| Trouble::Later(format!("Linux gives no thread: {error}")))?;
        self.skip(&mut pump, (from, put.next()))?;
        while put.next() < size {
            let chunk = self.read(&mut pump, size - put.next())?;
            put.write(chunk)?;
            progress.at(put.next());
            (self.tell)(News::At {
                size,
                offset: put.next(),
            });
        }
        Ok(put.flush()?)
    }

    /// What a server without ranges sends again.
    fn skip(&self, pump: &mut Pump, (mut from, next): (u64, u64)) -> Result<(), Trouble> {
        if from > next {
            return Err(Trouble::Later(
                "the server sends another part than was asked for".to_owned(),
            ));
        }
        while from < next {
            from += self.read(pump, next - from)?.len() as u64;
        }
        Ok(())
    }

    /// The next bytes, at most a chunk of what is left.
    fn read(&self, pump: &mut Pump, left: u64) -> Result<Vec<u8>, Trouble> {
        let most = usize::try_from(left).map_or(MAX_CHUNK, |left| left.min(MAX_CHUNK));
        let read = pump.next(most, || !self.stop.is_asked());
        self.go_on()?;
        match read {
            Ok(chunk) if chunk.is_empty() => Err(Trouble::Later(
                "the connection ended before the file did".to_owned(),
            )),
            Ok(chunk) => Ok(chunk),
            Err(error) => Err(Trouble::Later(format!("the connection broke: {error}"))),
        }
    }

    fn go_on(&self) -> Result<(), Trouble> {
        match self.stop.is_asked() {
            true => Err(Trouble::Cancelled),
            false => Ok(()),
        }
    }
}
