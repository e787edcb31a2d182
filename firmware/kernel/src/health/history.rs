use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// In the run directory, which Linux forgets at each restart of the machine: another boot is another story.
const FILE: &str = "kernel.lives";
/// Ends that are older say nothing about now.
const WINDOW_MS: u64 = 10 * 60 * 1000;
/// More than any limit: of more it need not know.
const MOST: usize = 1000;

/// The lives of `dkvm kernel` in this boot, as far as they ended without being told to.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct History {
    /// A kernel runs, or has died without a word.
    running: bool,
    /// When the next one saw that, ms since the boot.
    unclean_ends: Vec<u64>,
}

impl History {
    /// A kernel starts.
    fn start(mut self, now: u64) -> Self {
        if self.running {
            self.unclean_ends.push(now);
        }
        let recent = |at: &u64| now.saturating_sub(*at) < WINDOW_MS;
        self.unclean_ends.retain(recent);
        let excess = self.unclean_ends.len().saturating_sub(MOST);
        self.unclean_ends.drain(..excess);
        self.running = true;
        self
    }
}

/// The file with it.
#[derive(Debug)]
pub(crate) struct Lives {
    path: PathBuf,
    history: History,
}

impl Lives {
    /// A kernel starts: to be called once it is the only one.
    pub(crate) fn begin(run_dir: &Path) -> Self {
        let path = run_dir.join(FILE);
        // One that cannot be read tells nothing: then this kernel is the first.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let known: History = serde_json::from_str(&text).unwrap_or_default();
        let lives = Self {
            path,
            history: known.start(since_boot_ms()),
        };
        lives.save();
        lives
    }

    /// Ends within the last ten minutes that nobody had asked for.
    pub(crate) fn unclean_ends(&self) -> usize {
        self.history.unclean_ends.len()
    }

    /// The kernel ends as it was told to.
    pub(crate) fn end(mut self) {
        self.history.running = false;
        self.save();
    }

    /// In memory: nothing that must be waited for.
    fn save(&self) {
        let part = self.path.with_extension("part");
        let Ok(text) = serde_json::to_string(&self.history) else {
            return;
        };
        if std::fs::write(&part, text).is_ok() {
            let _ = std::fs::rename(&part, &self.path);
        }
    }
}

fn since_boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let ms = time.tv_sec.saturating_mul(1000) + time.tv_nsec / 1_000_000;
    u64::try_from(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ends_without_a_word_count_and_only_for_ten_minutes() {
        let mut history = History::default().start(1_000);
        assert!(history.unclean_ends.is_empty());
        history = history.start(2_000).start(3_000);
        assert_eq!(history.unclean_ends, [2_000, 3_000]);
        history.running = false;
        history = history.start(4_000);
        assert_eq!(history.unclean_ends, [2_000, 3_000]);
        history = history.start(2_500 + WINDOW_MS);
        assert_eq!(history.unclean_ends, [3_000, 2_500 + WINDOW_MS]);
    }

    #[test]
    fn it_stays_small() {
        let many = (0..3000).fold(History::default(), |history, now| history.start(now));
        assert_eq!(many.unclean_ends.len(), MOST);
    }

    #[test]
    fn it_is_kept_in_a_file_and_a_broken_file_is_none() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(Lives::begin(dir.path()).unclean_ends(), 0);
        let second = Lives::begin(dir.path());
        assert_eq!(second.unclean_ends(), 1);
        second.end();
        assert_eq!(Lives::begin(dir.path()).unclean_ends(), 1);
        std::fs::write(dir.path().join(FILE), "{\"running\":tr").expect("written");
        assert_eq!(Lives::begin(dir.path()).unclean_ends(), 0);
    }
}
