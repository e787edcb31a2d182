//! Nobody is locked out of his keyboard by a kernel that stands still: what it does not read holds this device up, which has only
//! one thread to work with. The other is here, and ends the process: Linux gives back then what was grabbed.

use dkvm_sdk::ExitCode;
use std::{
    io,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

/// While something is grabbed, the device says at least so often that it goes on.
pub const BEAT: Duration = Duration::from_millis(500);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// Looks that found nothing new, until it is given up: 2 s, and not by the clock, which goes on while the whole process is stopped.
const PATIENCE: u32 = 8;
/// The last word may be held up as well.
const LAST_WORD: Duration = Duration::from_millis(100);

/// Nothing is grabbed.
const FREE: u64 = 0;

/// The device's end of it.
#[derive(Debug)]
pub struct Watchdog {
    beats: Arc<AtomicU64>,
}

impl Watchdog {
    /// Begins to look.
    pub fn start() -> io::Result<Self> {
        let beats = Arc::new(AtomicU64::new(FREE));
        let watched = Arc::clone(&beats);
        let thread = thread::Builder::new().name("watchdog".into());
        thread.spawn(move || look(&watched))?;
        Ok(Self { beats })
    }

    /// It goes on, and something is grabbed or about to be.
    pub fn beat(&self) {
        // From one on: the count does not come round in anybody's life.
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Nothing is grabbed: it may take its time.
    pub fn rest(&self) {
        self.beats.store(FREE, Ordering::Relaxed);
    }
}

fn look(beats: &AtomicU64) {
    let mut silence = Silence::default();
    while !silence.is_too_long(beats.load(Ordering::Relaxed)) {
        thread::sleep(LOOK);
    }
    let word = || {
        dkvm_sdk::error!("the kernel took nothing for 2 s while keyboard and mouse were grabbed: they are given back, and input starts anew")
    };
    let told = thread::Builder::new().spawn(word);
    if told.is_ok() {
        thread::sleep(LAST_WORD);
    }
    std::process::exit(ExitCode::TryAgain.code());
}

#[derive(Debug, Default)]
struct Silence {
    last: u64,
    looks: u32,
}

impl Silence {
    fn is_too_long(&mut self, beats: u64) -> bool {
        let quiet = beats == self.last && beats != FREE;
        self.looks = if quiet { self.looks + 1 } else { 0 };
        self.last = beats;
        self.looks >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(silence: &mut Silence, beats: u64, times: u32) -> bool {
        (0..times).any(|_| silence.is_too_long(beats))
    }

    #[test]
    fn silence_counts_while_something_is_grabbed() {
        let mut silence = Silence::default();
        assert!(!looks(&mut silence, FREE, 100));
        assert!(!looks(&mut silence, 1, PATIENCE));
        assert!(!looks(&mut silence, 2, PATIENCE), "it went on");
        assert!(!looks(&mut silence, FREE, 100), "given back");
        assert!(looks(&mut silence, 3, PATIENCE + 1));
    }
}
