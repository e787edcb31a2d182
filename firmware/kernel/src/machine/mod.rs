//! The machine itself: how it is restarted or put off. Behind a trait, so that tests can look on.

mod reboot;

use dkvm_wire::service::RestartHow;
use rustix::mount::{mount_remount, MountFlags};
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A card that has not taken what is to be kept by then is dying: the machine restarts without.
const FLUSH_MOST: Duration = Duration::from_secs(10);
/// BusyBox init.
const INIT: u32 = 1;

/// What a kernel can do to its machine.
pub trait Machine: Debug {
    /// A sentence, if this kernel has no business to restart it.
    fn refusal(&self) -> Option<String>;
    /// From now on the machine restarts, even if what is left to do hangs.
    fn insist(&self, how: RestartHow);
    /// Restarts it, after all that is to be kept is safe on `data`. Comes back only when that failed.
    fn restart(&self, how: RestartHow, data: &Path) -> io::Error;
}

/// The machine that we run on.
#[derive(Debug)]
pub struct Real {
    /// As it was at the start: later it says nothing, since orphans are init's too.
    parent: u32,
}

impl Real {
    /// To be called at the kernel's start.
    pub fn new() -> Self {
        Self {
            parent: std::os::unix::process::parent_id(),
        }
    }
}

impl Default for Real {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Real {
    fn refusal(&self) -> Option<String> {
        let text = "this kernel was started by hand, not by init: it does not restart the machine; use `reboot`";
        (self.parent != INIT).then(|| text.to_owned())
    }

    fn insist(&self, how: RestartHow) {
        let late = move || {
            std::thread::sleep(FLUSH_MOST);
            reboot::reboot(how)
        };
        // Without a thread it goes on all the same, and the watchdog is still there.
        let _ = std::thread::Builder::new()
            .name("dkvm-restart".to_owned())
            .spawn(late);
    }

    fn restart(&self, how: RestartHow, data: &Path) -> io::Error {
        rustix::fs::sync();
        // Not where it is no file system of its own, or somebody still writes: then its journal has to do.
        let _ = mount_remount(data, MountFlags::RDONLY, "");
        reboot::reboot(how)
    }
}
