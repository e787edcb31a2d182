//! Numbers as people read them.

use dkvm_wire::service::Phase;

/// `1d 2h`, `3h 04m`, `5m 06s`, `7s`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (1.., ..) => format!("{days}d {}h", hours % 24),
        (_, 1.., _) => format!("{hours}h {:02}m", minutes % 60),
        (_, _, 1..) => format!("{minutes}m {:02}s", seconds % 60),
        _ => format!("{seconds}s"),
    }
}

/// `512 B`, `1.5 K`, `23.0 M`; a dash for nothing.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];
    let unit = UNITS.iter().find(|(_, size)| count >= *size);
    match unit {
        _ if count == 0 => "-".to_owned(),
        Some((name, size)) => format!("{}.{} {name}", count / size, count % size * 10 / size),
        None => format!("{count} B"),
    }
}

/// `1 pool`, `2 pools`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Seconds since the kernel's start, as log lines begin: `   12.345`.
pub fn stamp(uptime_ms: u64) -> String {
    format!("{:>5}.{:03}", uptime_ms / 1000, uptime_ms % 1000)
}

/// As the wire has it.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Stopped => "stopped",
        Phase::Starting => "starting",
        Phase::Preparing => "preparing",
        Phase::Running => "running",
        Phase::Degraded => "degraded",
        Phase::Stopping => "stopping",
        Phase::Backoff => "backoff",
        Phase::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let told = [0, 59_999, 60_000, 3_599_000, 3_600_000, 90_000_000].map(duration);
        assert_eq!(told, ["0s", "59s", "1m 00s", "59m 59s", "1h 00m", "1d 1h"]);
    }

    #[test]
    fn counts() {
        assert_eq!(
            [0, 1, 2].map(|n| count(n, "pool")),
            ["0 pools", "1 pool", "2 pools"]
        );
    }

    #[test]
    fn sizes() {
        let told = [0, 1, 1023, 1024, 1536, 24_117_248, u64::MAX].map(bytes);
        assert_eq!(
            told,
            [
                "-",
                "1 B",
                "1023 B",
                "1.0 K",
                "1.5 K",
                "23.0 M",
                "17179869183.9 G"
            ]
        );
    }
}
