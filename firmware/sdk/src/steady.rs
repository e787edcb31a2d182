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
