//! What a process got of the processor, from `/proc/PID/stat` (proc_pid_stat(5)): a silent one may wait for it, and is to blame for
//! nothing. The scheduler's own count, `schedstat`, is not in every Linux.

use crate::supervise::Millis;

/// Of `utime` and `stime`: 100 a second on every architecture (`USER_HZ`).
const TICK_MS: u64 = 10;
/// Fields of the line behind the name, counted from 0.
const STATE: usize = 0;
const UTIME: usize = 11;
const STIME: usize = 12;

/// What it had at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Share {
    at: Millis,
    used_ms: u64,
    runnable: bool,
}

impl Share {
    /// Nothing yet.
    pub(crate) fn none(at: Millis) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// As Linux tells now.
    pub(crate) fn of(pid: u32, at: Millis) -> Option<Self> {
        parse(
            &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
            at,
        )
    }

    /// For how long of the time since `before` it could have run and was not let, ms. One that sleeps waits for something else,
    /// and one that is stopped for nothing.
    pub(crate) fn starved_since(self, before: Self) -> u64 {
        if !self.runnable {
            return 0;
        }
        let used = self.used_ms.saturating_sub(before.used_ms);
        self.at.since(before.at).saturating_sub(used)
    }
}

/// A name may hold spaces and brackets; the last bracket ends it.
fn parse(line: &str, at: Millis) -> Option<Share> {
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some(Share {
        at,
        used_ms: ticks(UTIME)?
            .saturating_add(ticks(STIME)?)
            .saturating_mul(TICK_MS),
        runnable: *fields.get(STATE)? == "R",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(state: &str, ticks: (u64, u64), at: u64) -> Share {
        let line = format!(
            "7 (a) b) {state} 1 7 7 0 -1 4194304 1 0 0 0 {} {} 0 0 20",
            ticks.0, ticks.1
        );
        parse(&line, Millis(at)).unwrap()
    }

    #[test]
    fn one_that_could_run_and_did_not_is_starved() {
        let before = share("S", (3, 2), 1000);
        assert_eq!(share("R", (8, 7), 3000).starved_since(before), 1900);
    }

    #[test]
    fn one_that_spins_had_its_time() {
        let before = share("R", (0, 0), 1000);
        assert_eq!(share("R", (199, 1), 3000).starved_since(before), 0);
    }

    #[test]
    fn one_that_sleeps_or_is_stopped_is_not() {
        for state in ["S", "D", "T", "Z"] {
            assert_eq!(
                share(state, (0, 0), 3000).starved_since(Share::none(Millis(0))),
                0
            );
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "7 (a",
            "7 (a) R 1",
            "7 (a) R 1 7 7 0 -1 4194304 1 0 0 0 x y",
        ] {
            assert_eq!(parse(line, Millis(0)), None);
        }
    }

    #[test]
    fn this_process_is_read() {
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 50 {
            std::hint::spin_loop();
        }
        let share = Share::of(std::process::id(), Millis(5)).unwrap();
        assert!(share.used_ms > 0, "{share:?}");
    }
}
