pub(super) mod variable;

use super::section::{Report, Section};
use std::path::PathBuf;
use variable::NoPath;

/// One is bad luck, two may be.
const CRASH_LIMIT_DEFAULT: u32 = 3;

/// `[kernel]`: the kernel's own part. Changes take effect at its next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelConfig {
    /// Where the control socket, the log and the run directories of the devices are.
    pub run_dir: PathBuf,
    /// A tmpfs for the pools.
    pub shm_dir: PathBuf,
    /// What is kept over restarts.
    pub state_dir: PathBuf,
    /// The node's name; `None` is the host name.
    pub node: Option<String>,
    /// Whether the router runs at real-time priority with locked memory.
    pub realtime: bool,
    /// The hardware watchdog that is petted, if one is.
    pub watchdog: Option<PathBuf>,
    /// So many unasked ends of the kernel within ten minutes, or boots without a healthy minute, are too many.
    pub crash_limit: u32,
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self {
            run_dir: "/run/dkvm".into(),
            shm_dir: "/dev/shm".into(),
            state_dir: "/var/lib/dkvm".into(),
            node: None,
            realtime: false,
            watchdog: None,
            crash_limit: CRASH_LIMIT_DEFAULT,
        }
    }
}

impl KernelConfig {
    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.run_dir.join("kernel.sock")
    }

    pub(super) fn read(mut section: Section<'_, '_>, report: &mut Report<'_>) -> Self {
        let default = Self::default();
        let config = Self {
            run_dir: path(&mut section, "run_dir", report).unwrap_or(default.run_dir),
            shm_dir: path(&mut section, "shm_dir", report).unwrap_or(default.shm_dir),
            state_dir: path(&mut section, "state_dir", report).unwrap_or(default.state_dir),
            node: section
                .text("node", "the node's name", report)
                .map(|found| found.value),
            realtime: section.flag("realtime", report).unwrap_or_default(),
            watchdog: path(&mut section, "watchdog", report),
            crash_limit: section
                .integer("crash_limit", 1..=1000, report)
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(default.crash_limit),
        };
        section.finish(report);
        config
    }
}

fn path(
    section: &mut Section<'_, '_>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Option<PathBuf> {
    let found = section.text(key, "an absolute path", report)?;
    let why = match variable::path(&found.value) {
        Ok(path) => return Some(path),
        Err(NoPath::Unset(name)) => {
            format!("needs ${name}, which is not set: write the path itself")
        }
        Err(NoPath::Relative) => format!("must be an absolute path, not {:?}", found.value),
    };
    report.add(found.span, section.key(key), why);
    None
}
