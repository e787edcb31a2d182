//! Keeps the serial port's terminal open beside the device that works it.
//!
//! When the last one closes it, Linux drops the carrier: the target hangs up whoever is logged in there, and what it says
//! meanwhile is thrown away. With this, the death of the serial device costs the target nothing.

use rustix::{
    event::{poll, PollFd, PollFlags, Timespec},
    fs::OFlags,
    termios::{tcgetattr, tcsetattr, OptionalActions},
};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// The terminal that is held, if one is.
#[derive(Debug, Clone, Default)]
pub(super) struct Hold(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// Counts what was taken and let go: what is opened for an earlier one is of no use.
    generation: u64,
    /// What is to be held.
    path: Option<PathBuf>,
    terminal: Terminal,
}

#[derive(Debug, Default)]
enum Terminal {
    /// It could not be opened: it is tried again.
    #[default]
    Shut,
    /// A thread is at it.
    Opening,
    Open(File),
}

impl Hold {
    /// Holds a terminal, if there is one.
    pub(super) fn take(&self, path: PathBuf) {
        // Held already, it stays so: closed for a moment only, the target would hang up.
        if path.as_os_str().is_empty() || self.holds(&path) {
            return;
        }
        let generation = self.replace(Some(path.clone()), Terminal::Opening);
        self.open_aside(path, generation);
    }

    fn holds(&self, path: &Path) -> bool {
        let held = self.lock();
        let is_whole = matches!(&held.terminal, Terminal::Open(file) if !is_hung_up(file));
        is_whole && held.path.as_deref() == Some(path)
    }

    /// Linux hangs up all who have it open when the target restarts or the cable is pulled: it is opened again.
    pub(super) fn look(&self) {
        let lost = {
            let held = self.lock();
            let lost = match &held.terminal {
                Terminal::Shut => true,
                Terminal::Opening => false,
                Terminal::Open(file) => is_hung_up(file),
            };
            held.path.clone().filter(|_| lost)
        };
        if let Some(path) = lost.filter(|path| path.exists()) {
            self.take(path);
        }
    }

    /// Lets go: the terminal is taken down, and Linux waits until nobody has it open.
    pub(super) fn let_go(&self) {
        self.replace(None, Terminal::Shut);
    }

    /// What is held from now on; returns its generation.
    fn replace(&self, path: Option<PathBuf>, terminal: Terminal) -> u64 {
        let mut held = self.lock();
        held.generation = held.generation.wrapping_add(1);
        held.path = path;
        let before = std::mem::replace(&mut held.terminal, terminal);
        let generation = held.generation;
        drop(held);
        close_aside(before);
        generation
    }

    /// Opening can take seconds, where somebody closes it at that moment: not for the loop, and not with the lock.
    fn open_aside(&self, path: PathBuf, generation: u64) {
        let hold = self.clone();
        let thread = thread::Builder::new().name("hold".into());
        let spawned = thread.spawn(move || hold.arrived(generation, told(&path, open(&path))));
        if spawned.is_err() {
            // It is tried again at the next look.
            self.arrived(generation, None);
        }
    }

    /// It was opened, or was not. Of an earlier generation it is closed, here on its own thread.
    fn arrived(&self, generation: u64, file: Option<File>) {
        let mut held = self.lock();
        if held.generation == generation {
            held.terminal = file.map_or(Terminal::Shut, Terminal::Open);
        } else {
            drop(held);
            drop(file);
        }
    }

    /// Held for moments only: nothing is opened or closed with it.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last close of a terminal waits up to 15 s for what the target has not fetched, until the gadget is unbound: not for the
/// loop, which is to unbind it.
fn close_aside(terminal: Terminal) {
    if let Terminal::Open(file) = terminal {
        let thread = thread::Builder::new().name("let-go".into());
        // Without a thread it is closed at once.
        drop(thread.spawn(move || drop(file)));
    }
}

fn told(path: &Path, opened: io::Result<File>) -> Option<File> {
    opened
        .inspect_err(|error| {
            dkvm_sdk::warn!("cannot hold {} open ({error}): the target hangs up its serial console when the serial device restarts", path.display());
        })
        .ok()
}

/// Raw at once: as Linux gives it, it sends back to the target what the target says.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    let mut settings = tcgetattr(&file)?;
    settings.make_raw();
    tcsetattr(&file, OptionalActions::Now, &settings)?;
    Ok(file)
}

fn is_hung_up(file: &File) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut fds = [PollFd::new(file, PollFlags::empty())];
    let polled = poll(&mut fds, Some(&now));
    polled.is_ok() && fds[0].revents().contains(PollFlags::HUP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};

    fn terminal() -> (File, PathBuf) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let other = openpt(flags).unwrap();
        grantpt(&other).unwrap();
        unlockpt(&other).unwrap();
        let name = ptsname(&other, Vec::new()).unwrap();
        (File::from(other), name.to_string_lossy().as_ref().into())
    }

    #[test]
    fn a_terminal_that_hung_up_is_known() {
        let (other, path) = terminal();
        let file = open(&path).unwrap();
        assert!(!is_hung_up(&file));
        drop(other);
        assert!(is_hung_up(&file));
    }

    fn is_open(hold: &Hold) -> bool {
        matches!(hold.lock().terminal, Terminal::Open(_))
    }

    #[test]
    fn what_is_let_go_is_closed() {
        let (other, path) = terminal();
        let hold = Hold::default();
        hold.take(path.clone());
        while !is_open(&hold) {
            thread::yield_now();
        }
        hold.look();
        hold.take(path);
        assert!(is_open(&hold));
        hold.let_go();
        assert!(!is_open(&hold));
        // Nobody has it open: whoever is at the other end is told so.
        while !is_hung_up(&other) {
            thread::yield_now();
        }
    }

    #[test]
    fn what_comes_too_late_is_not_held() {
        let (_other, path) = terminal();
        let hold = Hold::default();
        let early = hold.replace(Some(path.clone()), Terminal::Opening);
        hold.let_go();
        hold.arrived(early, open(&path).ok());
        assert!(!is_open(&hold));
        let late = hold.replace(Some(path.clone()), Terminal::Opening);
        hold.arrived(early, open(&path).ok());
        assert!(!is_open(&hold));
        hold.arrived(late, open(&path).ok());
        assert!(is_open(&hold));
    }

    #[test]
    fn a_terminal_that_is_not_there_is_not_held() {
        let hold = Hold::default();
        hold.take(PathBuf::new());
        assert_eq!(hold.lock().path, None);
    }
}
