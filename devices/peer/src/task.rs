//! Tasks that end with whoever began them.

use std::future::Future;
use tokio::task::{AbortHandle, JoinHandle};

/// A task that is ended when this is dropped.
#[derive(Debug)]
pub struct Task(AbortHandle);

impl Task {
    /// Begins it.
    pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let handle: JoinHandle<()> = tokio::spawn(work);
        Self(handle.abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
