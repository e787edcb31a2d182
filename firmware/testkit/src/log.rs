use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Lines kept; a device that floods is cut, not waited for.
const KEPT: usize = 4096;

/// What the device wrote to stderr.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Log {
    pub(crate) fn read(stderr: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let writer = log.clone();
        thread::spawn(move || {
            let mut lines = BufReader::new(stderr);
            let mut line = Vec::new();
            while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
                writer.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
            writer.end();
        });
        log
    }

    fn push(&self, line: String) {
        let mut state = self.lock();
        if state.lines.len() < KEPT {
            state.lines.push(line);
        }
        self.0.grown.notify_all();
    }

    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.0.grown.notify_all();
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// Waits for the first line that contains `text`.
    pub(crate) fn wait_for(&self, text: &str, patience: Duration) -> Option<String> {
        let found = |state: &State| state.lines.iter().find(|line| line.contains(text)).cloned();
        let state = self.wait(patience, |state| found(state).is_some());
        found(&state)
    }

    /// Waits until nobody can write to it any more: the device and all of its children have closed stderr.
    pub(crate) fn wait_for_end(&self, patience: Duration) -> bool {
        self.wait(patience, |_| false).ended
    }

    fn wait(&self, patience: Duration, enough: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waiting = |state: &mut State| !state.ended && !enough(state);
        let state = self.lock();
        let waited = self.0.grown.wait_timeout_while(state, patience, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
