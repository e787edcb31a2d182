use super::{backoff::Record, Exit, Millis};
use dkvm_wire::service::{Desired, Phase};

/// What the configuration says of a device's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A ping unanswered for so long means hung.
    pub heartbeat_ms: u64,
    /// `ready` is due so long after `welcome`.
    pub ready_ms: u64,
    /// Whether a device that was given up is tried again.
    pub rearm: bool,
}

/// Where it is in its life, with what is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// No process, and none wanted.
    Stopped,
    /// Wanted; waits for devices that it comes after.
    Waiting,
    /// Process started, no hello yet.
    Starting {
        /// When the hello is due.
        due: Millis,
    },
    /// Welcomed, not ready yet.
    Preparing {
        /// When `ready` is due.
        due: Millis,
    },
    /// Ready.
    Running {
        /// Since when.
        since: Millis,
        /// What is missing, when it said so.
        degraded: Option<String>,
        /// When the next ping goes out, or when the answer to the last is due.
        beat: Beat,
    },
    /// Told to end; by which means so far, and when the next is due.
    Stopping {
        /// How hard so far.
        means: Means,
        /// When the next is due.
        due: Millis,
    },
    /// Killed by the kernel, not yet gone.
    Dying {
        /// Why.
        cause: String,
        /// When it was ready, if it was.
        ready: Option<Millis>,
        /// When a death that does not come is told.
        due: Millis,
    },
    /// Waits before the next start.
    Backoff {
        /// Until then.
        until: Millis,
        /// A new piece of hardware ends the wait.
        hardware: bool,
    },
    /// Given up.
    Failed {
        /// Tried again then.
        until: Option<Millis>,
    },
}

/// Where the heartbeat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// The next ping goes out then.
    Next(Millis),
    /// The answer to a ping is due then.
    Due(Millis),
}

/// How hard a device has been told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// `goodbye`.
    Goodbye,
    /// End of its input.
    Eof,
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What it should be.
    pub desired: Desired,
    /// What it is.
    pub stage: Stage,
    /// A sentence on what is wrong.
    pub detail: Option<String>,
    /// When the process was started.
    pub started: Millis,
    /// Deaths so far, and the pace that follows from them.
    pub record: Record,
}

impl State {
    /// A device that has never run. `seed` makes its jitter differ from the others'.
    pub fn new(desired: Desired, seed: u32) -> Self {
        let stage = if desired == Desired::Up {
            Stage::Waiting
        } else {
            Stage::Stopped
        };
        Self {
            desired,
            stage,
            detail: None,
            started: Millis(0),
            record: Record::new(seed),
        }
    }

    /// As the wire calls it.
    pub fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Stopped | Stage::Waiting => Phase::Stopped,
            Stage::Starting { .. } => Phase::Starting,
            Stage::Preparing { .. } => Phase::Preparing,
            Stage::Running { degraded: None, .. } => Phase::Running,
            Stage::Running { .. } => Phase::Degraded,
            Stage::Stopping { .. } | Stage::Dying { .. } => Phase::Stopping,
            Stage::Backoff { .. } => Phase::Backoff,
            Stage::Failed { .. } => Phase::Failed,
        }
    }

    /// Its hardware is not there, and it looks again when something is plugged in.
    pub fn waits_for_hardware(&self) -> bool {
        matches!(self.stage, Stage::Backoff { hardware: true, .. })
    }

    /// What there is to say about it.
    pub fn explain(&self) -> Option<String> {
        match &self.stage {
            Stage::Running { degraded, .. } => degraded.clone(),
            Stage::Dying { cause, .. } => Some(cause.clone()),
            _ => self.detail.clone(),
        }
    }

    /// Ready since then.
    pub fn ready_since(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Running { since, .. } => Some(*since),
            Stage::Dying { ready, .. } => *ready,
            _ => None,
        }
    }

    /// When time alone changes something.
    pub fn due(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Stopped | Stage::Waiting => None,
            Stage::Starting { due }
            | Stage::Preparing { due }
            | Stage::Stopping { due, .. }
            | Stage::Dying { due, .. } => Some(*due),
            Stage::Running {
                beat: Beat::Next(at) | Beat::Due(at),
                ..
            } => Some(*at),
            Stage::Backoff { until, .. } => Some(*until),
            Stage::Failed { until } => *until,
        }
    }

    /// Whether what is due next is a word of the device's own.
    pub fn awaits_answer(&self) -> bool {
        matches!(
            self.stage,
            Stage::Starting { .. }
                | Stage::Preparing { .. }
                | Stage::Running {
                    beat: Beat::Due(_),
                    ..
                }
        )
    }

    /// Whether there is a process.
    pub fn has_process(&self) -> bool {
        !matches!(
            self.stage,
            Stage::Stopped | Stage::Waiting | Stage::Backoff { .. } | Stage::Failed { .. }
        )
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A person, or the configuration, wants it so.
    Desire(Desired),
    /// A person wants it ended and started again.
    Restart,
    /// All devices that it comes after have been ready.
    Unblocked,
    /// There is a process.
    Spawned,
    /// There is none.
    SpawnFailed(Fault),
    /// Its hello was welcomed.
    Welcomed,
    /// `ready`, with what is missing.
    Ready(Option<String>),
    /// It answered a ping.
    Pong,
    /// It broke the protocol or a limit: the sentence.
    Violation(String),
    /// Its process ended.
    Exited(Exit),
    /// Something was plugged in.
    Hotplug,
    /// What is due by the clock.
    Tick,
    /// For so many ms the kernel itself did not run, or the device was not let: it is not to blame for that time.
    Lag(u64),
}

/// Why no process could be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The configuration asks for something that is not there: it would fail again.
    Lasting(String),
    /// Linux refused for now.
    Passing(String),
}

/// A signal to its process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// What the shell has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start a process; answer with `Spawned` or `SpawnFailed`.
    Spawn,
    /// Ask whether it lives.
    Ping,
    /// Send `goodbye`.
    Goodbye {
        /// Until SIGTERM.
        deadline_ms: u32,
    },
    /// Close its input.
    CloseInput,
    /// Signal its process group.
    Signal(Signal),
    /// Its process is gone: record, reclaim, tell the others.
    Buried {
        /// What happened; `None` when it was asked to end.
        cause: Option<String>,
    },
    /// A line for the log.
    Warn(String),
    /// The state is another: tell those who listen.
    Changed,
}
