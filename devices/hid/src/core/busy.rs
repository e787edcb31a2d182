//! Whether the holder of the focus is at work: whoever would take it from him is told so first.

use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputState, Position, BUSY_MS};
use std::time::Duration;

/// So long after he did or held anything he still is.
const BUSY: Duration = Duration::from_millis(BUSY_MS);

/// What the holder did last.
#[derive(Debug, Clone, Copy, Default)]
pub struct Busy {
    last: Option<Time>,
    at: Option<Position>,
}

impl Busy {
    /// Another holder: to take the focus is no work yet.
    pub fn taken(state: &InputState) -> Self {
        Self {
            last: None,
            at: state.at,
        }
    }

    /// The holder spoke.
    pub fn said(&mut self, state: &InputState, now: Time) {
        let pointed = std::mem::replace(&mut self.at, state.at) != state.at;
        let holds = !state.keys.is_empty() || state.buttons != 0 || !state.extra.is_empty();
        if pointed || holds {
            self.worked(now);
        }
    }

    /// Steps or counters of his are new.
    pub fn worked(&mut self, now: Time) {
        self.last = Some(now);
    }

    /// Nobody is there any more.
    pub fn gone(&mut self) {
        self.last = None;
    }

    /// What is long ago counts no more.
    pub fn age(&mut self, now: Time) {
        self.last = self.last.filter(|last| now.since(*last) < BUSY);
    }

    /// Whether he is at work.
    pub fn is_busy(&self) -> bool {
        self.last.is_some()
    }

    /// When he counts as idle, if he does nothing more.
    pub fn deadline(&self) -> Option<Time> {
        self.last.map(|last| last.after(BUSY))
    }
}
