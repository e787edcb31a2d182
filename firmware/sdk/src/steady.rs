use std::{
    future::{poll_fn, Future},
    pin::pin,
    task::Context,
};

/// Polls `future` with a clone of the task's waker.
///
/// An `embassy-sync` channel wakes the waker it holds when another takes its place, and tells them apart by
/// `Waker::will_wake`, which compares addresses of vtables. A waker and its own clone may have different
/// ones (the compiler copies constants), so a task that polls twice without being woken by the channel, as in a `select!`
/// with a timer, woke itself for ever: a full core, seen in release builds. Clones among themselves are equal.
pub(crate) async fn steady<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let waker = cx.waker().clone();
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};
    use std::{
        pin::Pin,
        sync::{
            atomic::{AtomicUsize, Ordering},
            Arc,
        },
        task::{Poll, Wake, Waker},
    };

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn polling_twice_wakes_nobody() {
        let (count, signal) = (
            Arc::<Counter>::default(),
            Signal::<CriticalSectionRawMutex, u8>::new(),
        );
        let waker = Waker::from(count.clone());
        let mut future = pin!(steady(signal.wait()));
        assert!(poll(future.as_mut(), &waker).is_pending());
        assert!(poll(future.as_mut(), &waker).is_pending());
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        signal.signal(7);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(poll(future.as_mut(), &waker), Poll::Ready(7));
    }
}
