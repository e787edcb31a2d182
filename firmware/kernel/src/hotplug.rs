use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::net::unix::pipe;

/// Names of more than one device node fit.
const BUFFER: usize = 4096;

/// Tells when a node appears in /dev: a capture dongle, a USB controller's function.
pub(crate) struct Hotplug {
    news: pipe::Receiver,
}

impl Hotplug {
    /// `None` where Linux has no inotify: devices then look again on their own.
    pub(crate) fn watch() -> Option<Self> {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        // ATTRIB: the rights that a new node gets after it was made decide whether it can be used.
        inotify::add_watch(&watch, "/dev", WatchFlags::CREATE | WatchFlags::ATTRIB).ok()?;
        // No pipe, but all that is asked of it is that it can be waited for and read.
        Some(Self {
            news: pipe::Receiver::from_owned_fd_unchecked(watch).ok()?,
        })
    }

    /// Waits for the next; `false`: there will be none. Which it was does not matter: each device looks for its own.
    pub(crate) async fn next(&mut self) -> bool {
        if self.news.readable().await.is_err() {
            return false;
        }
        let mut buffer = [0; BUFFER];
        while self.news.try_read(&mut buffer).is_ok_and(|n| n > 0) {}
        true
    }
}
