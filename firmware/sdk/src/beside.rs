//! Two futures in one task, so that what one of them has for the other is dealt with in the same turn. As two tasks each message
//! would cost another round of the runtime: on a small machine as much as the message itself.

use std::{
    future::{poll_fn, Future},
    pin::pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, PoisonError,
    },
    task::{Context, Poll, Wake, Waker},
};

/// What wakes the task, where it is not at work already.
#[derive(Default)]
struct Turn {
    /// Whoever is woken now is looked at before the turn ends.
    at_work: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Turn {
    fn begin(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
        drop(task);
        self.at_work.store(true, Ordering::SeqCst);
    }

    fn end(&self) {
        self.at_work.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.as_ref() {
            task.wake_by_ref();
        }
    }
}

/// One of the two.
struct Half {
    woken: AtomicBool,
    turn: Arc<Turn>,
}

impl Half {
    /// Woken, for each is polled once to begin with.
    fn of(turn: &Arc<Turn>) -> Arc<Self> {
        Arc::new(Self {
            woken: AtomicBool::new(true),
            turn: turn.clone(),
        })
    }

    fn take(&self) -> bool {
        self.woken.swap(false, Ordering::SeqCst)
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }
}

impl Wake for Half {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Either this sees that the turn is over, or its end sees who was woken.
        let first = !self.woken.swap(true, Ordering::SeqCst);
        if first && !self.turn.at_work.load(Ordering::SeqCst) {
            self.turn.wake();
        }
    }
}

/// So many turns in a row bring something for tasks alone; then it is `main`'s turn in any case.
const FOR_TASKS_MOST: u32 = 8;

/// Runs `main` to its end, and `side` beside it until either ends. In a turn `side` comes first, so that `main` gets what it brings.
/// But where `for_tasks` says that a task was woken by it, `main` waits for the next turn: what came for the task came first.
pub(crate) async fn beside<S, M>(side: S, main: M, for_tasks: impl Fn() -> bool) -> M::Output
where
    S: Future<Output = ()>,
    M: Future,
{
    let turn = Arc::new(Turn::default());
    let (of_side, of_main) = (Half::of(&turn), Half::of(&turn));
    let wakers = [Waker::from(of_side.clone()), Waker::from(of_main.clone())];
    let [mut for_side, mut for_main] = wakers.each_ref().map(Context::from_waker);
    let (mut side, mut main) = (pin!(side), pin!(main));
    let mut goes_on = true;
    let mut left = 0;
    poll_fn(|cx| {
        turn.begin(cx.waker());
        if goes_on && of_side.take() {
            goes_on = side.as_mut().poll(&mut for_side).is_pending();
        }
        if for_tasks() && left < FOR_TASKS_MOST {
            left += 1;
            turn.end();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        left = 0;
        if of_main.take() {
            if let Poll::Ready(output) = main.as_mut().poll(&mut for_main) {
                return Poll::Ready(output);
            }
        }
        turn.end();
        // What woke itself, or the other too late for this turn, lets others go first.
        if (goes_on && of_side.is_woken()) || of_main.is_woken() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_on;
    use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, channel::Channel};
    use std::{cell::Cell, sync::atomic::AtomicUsize, thread};

    type Words = Channel<CriticalSectionRawMutex, u32, 4>;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_one_brings_the_other_has_in_the_same_turn() {
        let (outside, words, got) = (Words::new(), Words::new(), Cell::new(0));
        let side = async {
            loop {
                words.send(outside.receive().await + 1).await;
            }
        };
        let main = async {
            loop {
                got.set(words.receive().await);
            }
        };
        let (count, mut both) = (
            Arc::<Counter>::default(),
            pin!(beside(side, main, || false)),
        );
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        let mut turn = || {
            assert!(matches!(
                both.as_mut().poll(&mut context),
                Poll::<()>::Pending
            ))
        };
        turn();
        outside.try_send(6).unwrap();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        turn();
        assert_eq!(got.get(), 7);
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "no turn for nothing");
    }

    #[test]
    fn one_that_wakes_itself_comes_again_and_lets_others_go_first() {
        let turns = Cell::new(0);
        let main = poll_fn(|cx| {
            turns.set(turns.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let (count, mut both) = (
            Arc::<Counter>::default(),
            pin!(beside(std::future::ready(()), main, || false)),
        );
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        for expected in 1..4 {
            assert!(both.as_mut().poll(&mut context).is_pending());
            assert_eq!(turns.get(), expected);
            assert_eq!(count.0.load(Ordering::SeqCst), expected);
        }
    }

    #[tokio::test]
    async fn a_task_that_is_brought_something_comes_before_what_came_after_it() {
        for _ in 0..FOR_TASKS_MOST {
            let (words, slot, seen) = (
                Words::new(),
                Arc::new(Words::new()),
                Arc::<AtomicUsize>::default(),
            );
            let brought = AtomicBool::new(false);
            let (waits, sees) = (slot.clone(), seen.clone());
            let task = tokio::spawn(async move {
                waits.receive().await;
                sees.fetch_add(1, Ordering::SeqCst);
            });
            tokio::task::yield_now().await;
            let side = async {
                slot.send(1).await;
                brought.store(true, Ordering::SeqCst);
                words.send(2).await;
            };
            let main = async {
                words.receive().await;
                seen.load(Ordering::SeqCst)
            };
            let for_tasks = || brought.swap(false, Ordering::SeqCst);
            assert_eq!(beside(side, main, for_tasks).await, 1);
            task.await.unwrap();
        }
    }

    #[test]
    fn what_is_always_for_tasks_does_not_hold_main_up_for_ever() {
        let turns = Cell::new(0);
        let main = poll_fn(|_| {
            turns.set(turns.get() + 1);
            Poll::<()>::Pending
        });
        let mut both = pin!(beside(std::future::ready(()), main, || true));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..=FOR_TASKS_MOST {
            assert!(both.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(turns.get(), 1);
    }

    #[test]
    fn nothing_that_threads_say_is_missed() {
        const EACH: u32 = 20_000;
        let (first, second) = (Arc::new(Words::new()), Words::new());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let words = first.clone();
                thread::spawn(move || (0..EACH).for_each(|n| block_on(words.send(n))))
            })
            .collect();
        let side = async {
            loop {
                second.send(first.receive().await).await;
            }
        };
        let main = async {
            for _ in 0..2 * EACH {
                second.receive().await;
            }
        };
        block_on(beside(side, main, || false));
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
}
