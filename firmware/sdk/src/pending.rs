use dkvm_wire::{ErrorCode, RequestId, WireError};
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};
use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::{Duration, Instant},
};

/// The body of the answer, or why there is none.
pub(crate) type Answer = Result<Vec<u8>, WireError>;
/// Where an answer arrives: one waits, one signals.
pub(crate) type AnswerSlot = Signal<CriticalSectionRawMutex, Answer>;

/// Requests that wait for their answer. A small thread, alive only while something waits, ends
/// those that wait too long: so a call times out on any executor, also on one that has no timers.
#[derive(Default)]
pub(crate) struct Pending {
    table: Arc<Table>,
    answered: Answered,
}

/// Whether an answer has reached somebody who waits for one, since it was looked at last.
#[derive(Clone, Default)]
pub(crate) struct Answered(Arc<AtomicBool>);

impl Answered {
    fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// And from now on not.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Table {
    state: Mutex<State>,
    /// Rung when the watch has an earlier deadline to look at, or is to end.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    last: u32,
    waiting: HashMap<RequestId, Waiting>,
    /// When the watch looks next; `None` while there is no watch.
    watch: Option<Instant>,
    closed: bool,
}

struct Waiting {
    slot: Arc<AnswerSlot>,
    deadline: Instant,
}

impl Pending {
    /// A number for a new request, and where its answer will be.
    pub(crate) fn open(&self, now: Instant, timeout: Duration) -> (RequestId, Arc<AnswerSlot>) {
        let slot = Arc::new(AnswerSlot::new());
        let mut state = self.table.lock();
        state.last = state.last.wrapping_add(1);
        let id = RequestId(state.last);
        if state.closed {
            slot.signal(Err(gone()));
            return (id, slot);
        }
        let deadline = now + timeout;
        state.waiting.insert(
            id,
            Waiting {
                slot: slot.clone(),
                deadline,
            },
        );
        self.watch_until(&mut state, deadline);
        (id, slot)
    }

    fn watch_until(&self, state: &mut State, deadline: Instant) {
        match state.watch.replace(deadline) {
            None => {
                let table = self.table.clone();
                thread::spawn(move || table.watch());
            }
            Some(earlier) if earlier <= deadline => state.watch = Some(earlier),
            Some(_) => self.table.bell.notify_one(),
        }
    }

    /// An answer came. One that nobody waits for any more is dropped.
    pub(crate) fn complete(&self, id: RequestId, answer: Answer) {
        if let Some(waiting) = self.table.lock().waiting.remove(&id) {
            self.answered.note();
            waiting.slot.signal(answer);
        }
    }

    /// Tells when one came.
    pub(crate) fn answered(&self) -> Answered {
        self.answered.clone()
    }

    /// The asker lost interest.
    pub(crate) fn forget(&self, id: RequestId) {
        self.table.lock().waiting.remove(&id);
    }

    /// No answer can come any more.
    pub(crate) fn close(&self) {
        let mut state = self.table.lock();
        state.closed = true;
        state
            .waiting
            .drain()
            .for_each(|(_, waiting)| waiting.slot.signal(Err(gone())));
        self.table.bell.notify_one();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.close();
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) {
        let mut state = self.lock();
        while let Some(until) = state.sweep(Instant::now()) {
            let pause = until.saturating_duration_since(Instant::now());
            state = self
                .bell
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl State {
    /// Ends what is overdue; gives the next deadline, if anything waits.
    fn sweep(&mut self, now: Instant) -> Option<Instant> {
        self.waiting.retain(|_, waiting| {
            let keep = waiting.deadline > now;
            if !keep {
                waiting.slot.signal(Err(overdue()));
            }
            keep
        });
        self.watch = self.waiting.values().map(|waiting| waiting.deadline).min();
        self.watch
    }
}

fn overdue() -> WireError {
    WireError::new(ErrorCode::Timeout, "no answer in time")
}

fn gone() -> WireError {
    WireError::new(ErrorCode::Unavailable, "the kernel closed the connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn code(slot: &AnswerSlot) -> Option<ErrorCode> {
        slot.try_take()
            .and_then(Result::err)
            .map(|error| error.code)
    }

    fn waiting(state: &mut State, id: u32, deadline: Instant) -> Arc<AnswerSlot> {
        let slot = Arc::new(AnswerSlot::new());
        state.waiting.insert(
            RequestId(id),
            Waiting {
                slot: slot.clone(),
                deadline,
            },
        );
        slot
    }

    #[test]
    fn an_answer_reaches_its_own_request() {
        let pending = Pending::default();
        let (_, first) = pending.open(Instant::now(), TIMEOUT);
        let (id, second) = pending.open(Instant::now(), TIMEOUT);
        pending.complete(id, Ok(vec![1]));
        assert_eq!(second.try_take(), Some(Ok(vec![1])));
        assert!(first.try_take().is_none());
    }

    #[test]
    fn the_sweep_ends_the_overdue_and_tells_the_next_deadline() {
        let (mut state, now) = (State::default(), Instant::now());
        let early = waiting(&mut state, 1, now);
        let late = waiting(&mut state, 2, now + TIMEOUT);
        assert_eq!(state.sweep(now), Some(now + TIMEOUT));
        assert_eq!(code(&early), Some(ErrorCode::Timeout));
        assert_eq!(code(&late), None);
        assert_eq!(state.sweep(now + TIMEOUT), None);
        assert_eq!(code(&late), Some(ErrorCode::Timeout));
    }

    #[test]
    fn closing_ends_all_and_those_that_come_after() {
        let pending = Pending::default();
        let (_, before) = pending.open(Instant::now(), TIMEOUT);
        pending.close();
        let (_, after) = pending.open(Instant::now(), TIMEOUT);
        assert_eq!(code(&before), Some(ErrorCode::Unavailable));
        assert_eq!(code(&after), Some(ErrorCode::Unavailable));
    }

    #[test]
    fn a_real_clock_ends_a_call_too() {
        let pending = Pending::default();
        let (_, slot) = pending.open(Instant::now(), Duration::ZERO);
        let answer = crate::block_on(slot.wait());
        assert_eq!(answer.unwrap_err().code, ErrorCode::Timeout);
    }
}
