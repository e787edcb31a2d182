//! How far an upload is, on a terminal; elsewhere a line now and then.

use crate::format;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two lines on a terminal.
const OFTEN: Duration = Duration::from_millis(200);
/// Between two lines in a file.
const SELDOM: Duration = Duration::from_secs(10);

pub struct Progress {
    size: u64,
    begun_at: u64,
    begun: Instant,
    shown: Option<Instant>,
    every: Duration,
    end: &'static str,
}

impl Progress {
    pub fn new(size: u64, offset: u64) -> Self {
        let (every, end) = if io::stderr().is_terminal() {
            (OFTEN, "\x1b[K\r")
        } else {
            (SELDOM, "\n")
        };
        Self {
            size,
            begun_at: offset,
            begun: Instant::now(),
            shown: None,
            every,
            end,
        }
    }

    pub fn show(&mut self, offset: u64) {
        if self.shown.is_some_and(|at| at.elapsed() < self.every) {
            return;
        }
        self.shown = Some(Instant::now());
        let line = line(
            offset,
            self.size,
            offset - self.begun_at.min(offset),
            self.begun.elapsed(),
        );
        // Who does not see it misses nothing but the waiting.
        let _ = write!(io::stderr(), "{line}{}", self.end);
    }

    pub fn end(&self, what: &str) {
        let clear = if self.end == "\n" { "" } else { "\x1b[K" };
        let _ = writeln!(io::stderr(), "{} {what}{clear}", format::bytes(self.size));
    }
}

fn line(offset: u64, size: u64, sent: u64, elapsed: Duration) -> String {
    let percent = offset * 100 / size.max(1);
    let speed = u64::try_from(u128::from(sent) * 1000 / elapsed.as_millis().max(1)).unwrap_or(0);
    let left = (size - offset.min(size)) * 1000 / speed.max(1);
    format!(
        "{percent:>3}%  {} of {}, {}/s, {} left",
        format::bytes(offset),
        format::bytes(size),
        format::bytes(speed),
        format::duration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_time_left_count_what_was_sent_now() {
        let told = line(15 << 20, 20 << 20, 5 << 20, Duration::from_secs(5));
        assert_eq!(told, " 75%  15.0 M of 20.0 M, 1.0 M/s, 5s left");
        assert!(line(0, 0, 0, Duration::ZERO).contains("0%"));
    }
}
