//! The loop of whoever makes something of the newest frame, and the frames of capture that it asks for.

use crate::frame::Newest;
use dkvm_sdk::{Fault, Incoming, Lease, Link, SendError};
use dkvm_wire::{topics, vocab::video::FrameInfo};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// With nothing to wait for, the loop wakes so seldom.
const IDLE: Duration = Duration::from_secs(60);

/// A device that makes something of the newest frame.
pub trait Maker {
    /// When there is something to do though nothing comes.
    fn deadline(&self) -> Option<Instant>;

    /// Takes what came in; a frame waits until all has come that is there.
    fn take(&mut self, incoming: Incoming) -> Result<(), Fault>;

    /// Does what is to be done, now that the newest frame is known.
    fn work(&mut self, link: &Link) -> impl Future<Output = Result<(), Fault>>;
}

/// Runs until the kernel says goodbye.
pub async fn run(link: &mut Link, maker: &mut impl Maker) -> Result<(), Fault> {
    loop {
        let deadline = maker.deadline().unwrap_or_else(|| Instant::now() + IDLE);
        let first = tokio::select! {
            biased;
            incoming = link.next() => Some(incoming?),
            () = tokio::time::sleep_until(deadline.into()) => None,
        };
        if let Some(incoming) = first {
            // What came in meanwhile is read by a task of its own, which gets its turn here: then the newest is known.
            tokio::task::yield_now().await;
            if take_all(link, maker, incoming)? == Stay::No {
                return Ok(());
            }
        }
        maker.work(link).await?;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Yes,
    No,
}

/// Takes one incoming thing and all that wait behind it.
fn take_all(link: &mut Link, maker: &mut impl Maker, first: Incoming) -> Result<Stay, Fault> {
    let mut next = Some(first);
    while let Some(incoming) = next {
        if matches!(incoming, Incoming::Goodbye { .. }) {
            return Ok(Stay::No);
        }
        maker.take(incoming)?;
        next = link.try_next()?;
    }
    Ok(Stay::Yes)
}

/// The frames of capture: wanted or not, and the newest of those that wait.
#[derive(Default)]
pub struct Raw {
    wanted: bool,
    newest: Newest,
}

impl Raw {
    /// Asks for them from now on, or not any more: then the one that waits goes back.
    pub fn want(&mut self, link: &Link, wanted: bool) -> Result<(), SendError> {
        match (self.wanted, wanted) {
            (false, true) => link.sender().want(topics::VIDEO_RAW)?,
            (true, false) => {
                link.sender().unwant(topics::VIDEO_RAW)?;
                self.newest = Newest::default();
            }
            _ => {}
        }
        self.wanted = wanted;
        Ok(())
    }

    /// Another frame came.
    pub fn offer(&mut self, info: FrameInfo, leases: Vec<Lease>) {
        self.newest.offer(info, leases);
    }

    /// The newest that waits.
    pub fn take(&mut self) -> Option<(FrameInfo, Lease)> {
        self.newest.take()
    }
}
