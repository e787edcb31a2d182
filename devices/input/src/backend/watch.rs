//! Word of keyboards and mice that come and go.

use crate::error::Error;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::{
    io,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    task::{Context, Poll},
};
use tokio::io::{unix::AsyncFd, Interest};

/// Room for what is read at once; what does not fit is read next.
const ROOM: usize = 4096;

/// Where they come.
const DIRECTORY: &str = "/dev/input";
/// Where that comes itself, on a machine that has none yet.
const PARENT: &str = "/dev";

/// A watch on the directory of input devices.
#[derive(Debug)]
pub struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches; a device node's rights come a little after itself.
    pub fn new() -> Result<Self, Error> {
        let failed = |source: io::Error| Error::Watch {
            path: PARENT.into(),
            source,
        };
        let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
        let watch = inotify::init(flags).map_err(|errno| failed(errno.into()))?;
        inotify::add_watch(&watch, PARENT, WatchFlags::CREATE)
            .map_err(|errno| failed(errno.into()))?;
        // Deprecated for descriptors that may change under it, which this one does not; its successor is unsafe.
        #[allow(deprecated)]
        let file = AsyncFd::with_interest(watch, Interest::READABLE).map_err(failed)?;
        let watch = Self(file);
        watch.look();
        Ok(watch)
    }

    /// The devices' own directory, where it is there: Linux takes it away with the last of them, and makes it anew.
    fn look(&self) {
        let wanted = WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::DELETE;
        let _ = inotify::add_watch(self.0.get_ref(), DIRECTORY, wanted);
    }

    /// Whether something changed.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Poll::Ready(Ok(mut guard)) = self.0.poll_read_ready(context) else {
                return Poll::Pending;
            };
            let mut room = [MaybeUninit::uninit(); ROOM];
            let read = guard.try_io(|fd| {
                let read = rustix::io::read(fd.get_ref(), &mut room);
                read.map(|(filled, _)| filled.len())
                    .map_err(io::Error::from)
            });
            match read {
                Ok(Ok(length)) if length > 0 => {
                    self.look();
                    return Poll::Ready(());
                }
                Ok(_) => return Poll::Pending,
                Err(_would_block) => {}
            }
        }
    }
}
