//! Notices nodes that appear in `/dev`, by inotify; where that is missing the slow retry remains.

use crate::error::Error;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::{future, mem::MaybeUninit, os::fd::OwnedFd};
use tokio::io::{unix::AsyncFd, Interest};

const DEV: &str = "/dev";
/// Room for some dozens of events at a time; what is in them does not matter.
const EVENTS_LEN: usize = 4096;

/// A watch on `/dev`.
pub struct HotPlug {
    watch: Option<AsyncFd<OwnedFd>>,
}

impl HotPlug {
    /// Watches for new nodes and for changed permissions, which udev and mdev set after they made a node.
    pub fn new() -> Self {
        let watch = Self::watch()
            .inspect_err(|error| dkvm_sdk::warn!("{error}"))
            .ok();
        Self { watch }
    }

    fn watch() -> Result<AsyncFd<OwnedFd>, Error> {
        let failed = |source: std::io::Error| Error::Watch { path: DEV, source };
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
            .map_err(|error| failed(error.into()))?;
        let what = WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO;
        inotify::add_watch(&fd, DEV, what).map_err(|error| failed(error.into()))?;
        // Deprecated for types that may close their descriptor early; an OwnedFd does not.
        #[allow(deprecated)]
        AsyncFd::with_interest(fd, Interest::READABLE).map_err(failed)
    }

    /// Waits until a video node appeared or changed. Cancel-safe.
    pub async fn appeared(&self) {
        let Some(watch) = &self.watch else {
            return future::pending().await;
        };
        loop {
            let Ok(mut guard) = watch.readable().await else {
                return future::pending().await;
            };
            let found = take_names(watch);
            guard.clear_ready();
            if found == Found::Video {
                return;
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Video,
    Others,
}

fn take_names(watch: &AsyncFd<OwnedFd>) -> Found {
    let mut space = [MaybeUninit::uninit(); EVENTS_LEN];
    let mut reader = inotify::Reader::new(watch.get_ref(), &mut space);
    let mut found = Found::Others;
    while let Ok(event) = reader.next() {
        if event
            .file_name()
            .is_some_and(|name| name.to_bytes().starts_with(b"video"))
        {
            found = Found::Video;
        }
    }
    found
}
