//! The jiggler's time is kept in the file `jiggle` of the state directory: the seconds, on one line.

use dkvm_wire::{vocab::input::Jiggle, ErrorCode, WireError};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Longest time, seconds: no screen saver waits longer than a day.
const LONGEST: u32 = 86_400;

/// A time that somebody asks for.
pub fn checked(asked: Jiggle) -> Result<u32, WireError> {
    if asked.every_s <= LONGEST {
        return Ok(asked.every_s);
    }
    let told = format!("the jiggler takes 1 to {LONGEST} seconds, or 0 for off");
    Err(WireError::new(ErrorCode::BadRequest, told))
}

/// The time that was kept; 0 where there is none.
pub fn kept() -> u32 {
    dkvm_sdk::state_dir().map_or(0, |folder| read(&folder))
}

/// Keeps times beside the device's loop: a loaded card takes seconds for a write, and no key waits for it.
#[derive(Debug)]
pub struct Keeper {
    folder: Option<PathBuf>,
    desk: Arc<Mutex<Desk>>,
}

/// What the thread that writes finds.
#[derive(Debug, Default)]
struct Desk {
    /// The newest time that is not written.
    next: Option<u32>,
    writer: Writer,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Writer {
    #[default]
    None,
    AtWork,
}

impl Keeper {
    /// Keeps them in the state directory.
    pub fn new() -> Self {
        Self::of(dkvm_sdk::state_dir())
    }

    fn of(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            desk: Arc::default(),
        }
    }

    /// Keeps a time, soon; of several the last. Where it cannot be written it lasts until this device's end.
    pub fn keep(&self, every: u32) {
        let Some(folder) = &self.folder else {
            return;
        };
        let mut desk = opened(&self.desk);
        desk.next = Some(every);
        if desk.writer == Writer::AtWork {
            return;
        }
        let (place, shared) = (folder.clone(), Arc::clone(&self.desk));
        let thread = thread::Builder::new().name("jiggle".into());
        match thread.spawn(move || work(&place, &shared)) {
            Ok(_) => desk.writer = Writer::AtWork,
            Err(error) => complain(folder, &error),
        }
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
}

fn opened(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until nothing is left to be written.
fn work(folder: &Path, desk: &Mutex<Desk>) {
    while let Some(every) = next(desk) {
        if let Err(error) = write(folder, every) {
            complain(folder, &error);
        }
    }
}

fn next(desk: &Mutex<Desk>) -> Option<u32> {
    let mut desk = opened(desk);
    let next = desk.next.take();
    if next.is_none() {
        desk.writer = Writer::None;
    }
    next
}

fn complain(folder: &Path, error: &io::Error) {
    let path = folder.join("jiggle");
    dkvm_sdk::warn!(
        "cannot write {}: {error}; the jiggler forgets this with the next restart",
        path.display()
    );
}

fn read(folder: &Path) -> u32 {
    let text = fs::read_to_string(folder.join("jiggle")).unwrap_or_default();
    let every = text.trim().parse().unwrap_or(0);
    if every <= LONGEST {
        every
    } else {
        0
    }
}

fn write(folder: &Path, every: u32) -> io::Result<()> {
    let fresh = folder.join("jiggle.new");
    let mut file = File::create(&fresh)?;
    writeln!(file, "{every}")?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join("jiggle"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{mknodat, FileType, Mode, CWD};
    use std::io::Read;

    #[test]
    fn a_time_is_kept_and_rubbish_is_off() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), 0);
        write(folder.path(), 60).unwrap();
        assert_eq!(read(folder.path()), 60);
        for rubbish in ["", "x", "-1", "99999999999"] {
            fs::write(folder.path().join("jiggle"), rubbish).unwrap();
            assert_eq!(read(folder.path()), 0);
        }
    }

    #[test]
    fn a_card_that_hangs_holds_nobody_up_and_gets_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let card = folder.path().join("jiggle.new");
        // A pipe is opened for writing only when somebody reads it.
        mknodat(CWD, &card, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let keeper = Keeper::of(Some(folder.path().to_owned()));
        keeper.keep(1);
        while opened(&keeper.desk).next.is_some() {
            thread::yield_now();
        }
        keeper.keep(2);
        keeper.keep(3);
        // One reader for both: what is written for one that is just leaving would be lost.
        let mut reader = File::open(&card).unwrap();
        let mut written = String::new();
        while written.len() < "1\n3\n".len() {
            reader.read_to_string(&mut written).unwrap();
            thread::yield_now();
        }
        assert_eq!(written, "1\n3\n");
    }

    #[test]
    fn a_year_is_refused_with_what_it_takes() {
        assert!(checked(Jiggle {
            every_s: 31_536_000
        })
        .is_err());
        assert_eq!(checked(Jiggle { every_s: 0 }).ok(), Some(0));
    }
}
