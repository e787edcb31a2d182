//! What processes used, from /proc.

use anyhow::{Context, Result};
use std::fs;

/// Time on a CPU of all threads of a process, ns. schedstat counts in ns where stat counts in ticks of 10 ms.
pub fn used_ns(pid: u32) -> Result<u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .with_context(|| format!("process {pid} has ended"))?;
    let mut sum = 0;
    for task in tasks {
        let text = fs::read_to_string(task?.path().join("schedstat"))
            .context("this Linux has no schedstat")?;
        let first = text.split(' ').next().unwrap_or_default();
        sum += first
            .parse::<u64>()
            .context("schedstat has another form than known")?;
    }
    Ok(sum)
}

/// Bytes that a process moved through read and write, so that the kernel (Linux) copied them.
pub fn copied_bytes(pid: u32) -> Result<u64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/io")).context("this Linux has no /proc/PID/io")?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    };
    Ok(field("rchar:").unwrap_or(0) + field("wchar:").unwrap_or(0))
}

/// What was used by all processes at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// CLOCK_MONOTONIC.
    pub at_ns: u64,
    /// The process in the middle: ours, the kernel; the peer has none.
    pub middle_ns: u64,
    /// All of them.
    pub all_ns: u64,
    /// By all of them.
    pub copied: u64,
}

impl Used {
    pub fn by(middle: Option<u32>, others: &[u32]) -> Result<Self> {
        let mut used = Self {
            at_ns: crate::frame::now_ns(),
            ..Self::default()
        };
        for pid in middle.iter().chain(others) {
            let cpu = used_ns(*pid)?;
            used.all_ns += cpu;
            used.copied += copied_bytes(*pid)?;
            if Some(*pid) == middle {
                used.middle_ns = cpu;
            }
        }
        Ok(used)
    }
}
