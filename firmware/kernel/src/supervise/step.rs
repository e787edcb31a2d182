use super::backoff::{ABSENT_MS, DONE_MS, REARM_MS, SETTLED_MS};

use super::{Action, Beat, Event, Exit, Fault, Means, Millis, Signal, Stage, State, Terms};
use dkvm_wire::service::Desired;
use dkvm_wire::ExitCode;

/// Between one answered ping and the next.
const BEAT_MS: u64 = 500;
/// From `goodbye` to the end of its input.
const GOODBYE_MS: u64 = 1_000;
/// From the end of its input to SIGTERM.
const EOF_MS: u64 = 500;
/// From SIGTERM to SIGKILL.
const TERM_MS: u64 = 500;
/// SIGKILL works at once, except on a process that hangs inside Linux.
const KILL_MS: u64 = 5_000;

/// What a device does next.
pub fn step(state: State, event: Event, now: Millis, terms: Terms) -> (State, Vec<Action>) {
    let mut life = Life {
        state,
        now,
        terms,
        actions: Vec::new(),
    };
    life.take(event);
    (life.state, life.actions)
}

struct Life {
    state: State,
    now: Millis,
    terms: Terms,
    actions: Vec<Action>,
}

impl Life {
    fn take(&mut self, event: Event) {
        match event {
            Event::Desire(desired) => self.desire(desired),
            Event::Restart => self.restart(),
            Event::Unblocked => self.unblocked(),
            Event::Spawned => {}
            Event::SpawnFailed(fault) => self.spawn_failed(fault),
            Event::Welcomed => self.welcomed(),
            Event::Ready(degraded) => self.ready(degraded),
            Event::Pong => self.pong(),
            Event::Violation(cause) => self.condemn(cause),
            Event::Exited(exit) => self.exited(exit),
            Event::Hotplug => self.hotplug(),
            Event::Tick => self.tick(),
            Event::Lag(ms) => self.lag(ms),
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.state.stage = stage;
        self.actions.push(Action::Changed);
    }

    fn desire(&mut self, desired: Desired) {
        if self.state.desired != desired {
            self.state.desired = desired;
            self.actions.push(Action::Changed);
        }
        self.state.record.forgive();
        match (desired, self.state.has_process()) {
            (Desired::Up, false) => self.wait_for_others(),
            (Desired::Up, true) => {}
            (_, true) => self.end(),
            (_, false) => self.stopped(),
        }
    }

    fn restart(&mut self) {
        self.state.desired = Desired::Up;
        self.state.record.forgive();
        if self.state.has_process() {
            self.end()
        } else {
            self.wait_for_others()
        }
    }

    fn stopped(&mut self) {
        self.state.detail = None;
        if self.state.stage != Stage::Stopped {
            self.enter(Stage::Stopped);
        }
    }

    fn wait_for_others(&mut self) {
        if self.state.stage != Stage::Waiting {
            self.state.detail = None;
            self.enter(Stage::Waiting);
        }
    }

    fn unblocked(&mut self) {
        if self.state.stage == Stage::Waiting {
            self.spawn();
        }
    }

    fn spawn(&mut self) {
        self.state.started = self.now;
        self.enter(Stage::Starting {
            due: self.now + self.state.record.hello_ms(),
        });
        // Before the news of it, so that the news carries the new generation.
        let news = self.actions.len() - 1;
        self.actions.insert(news, Action::Spawn);
    }

    fn spawn_failed(&mut self, fault: Fault) {
        if !matches!(self.state.stage, Stage::Starting { .. }) {
            return;
        }
        self.state.record.deaths = self.state.record.deaths.saturating_add(1);
        let (Fault::Lasting(reason) | Fault::Passing(reason)) = &fault;
        self.actions
            .push(Action::Warn(format!("cannot be started: {reason}")));
        match fault {
            Fault::Lasting(reason) => self.failed(reason),
            Fault::Passing(reason) => self.again(reason, None, None, 0),
        }
    }

    fn welcomed(&mut self) {
        if matches!(self.state.stage, Stage::Starting { .. }) {
            self.state.record.heard();
            self.enter(Stage::Preparing {
                due: self.now + self.terms.ready_ms,
            });
        }
    }

    fn ready(&mut self, degraded: Option<String>) {
        match &mut self.state.stage {
            Stage::Preparing { .. } => {
                let beat = Beat::Next(self.now + BEAT_MS);
                self.state.detail = None;
                self.enter(Stage::Running {
                    since: self.now,
                    degraded,
                    beat,
                });
            }
            Stage::Running {
                degraded: before, ..
            } if *before != degraded => {
                *before = degraded;
                self.actions.push(Action::Changed);
            }
            _ => {}
        }
    }

    fn pong(&mut self) {
        if let Stage::Running { beat, .. } = &mut self.state.stage {
            *beat = Beat::Next(self.now + BEAT_MS);
        }
    }

    /// Asks it to end, the friendly way first. One that has not said hello is not asked.
    fn end(&mut self) {
        match self.state.stage {
            Stage::Stopping { .. } | Stage::Dying { .. } => {}
            Stage::Starting { .. } => self.end_by(Means::Term),
            _ => self.end_by(Means::Goodbye),
        }
    }

    fn end_by(&mut self, means: Means) {
        let (action, wait) = match means {
            Means::Goodbye => (
                Action::Goodbye {
                    deadline_ms: (GOODBYE_MS + EOF_MS) as u32,
                },
                GOODBYE_MS,
            ),
            Means::Eof => (Action::CloseInput, EOF_MS),
            Means::Term => (Action::Signal(Signal::Term), TERM_MS),
            Means::Kill => (Action::Signal(Signal::Kill), KILL_MS),
        };
        self.actions.push(action);
        let before = std::mem::discriminant(&self.state.stage);
        self.state.stage = Stage::Stopping {
            means,
            due: self.now + wait,
        };
        if before != std::mem::discriminant(&self.state.stage) {
            self.actions.push(Action::Changed);
        }
    }

    /// Kills it, for a reason that goes into its record.
    fn condemn(&mut self, cause: String) {
        match self.state.stage {
            Stage::Dying { .. } => {}
            Stage::Stopping { .. } => self.end_by(Means::Kill),
            _ if self.state.has_process() => {
                let ready = self.state.ready_since();
                self.actions.push(Action::Signal(Signal::Kill));
                self.enter(Stage::Dying {
                    cause,
                    ready,
                    due: self.now + KILL_MS,
                });
            }
            _ => {}
        }
    }

    fn tick(&mut self) {
        if self.state.due().is_none_or(|due| due > self.now) {
            return;
        }
        match &self.state.stage {
            Stage::Stopped | Stage::Waiting => {}
            Stage::Starting { .. } => {
                let patience = self.state.record.unheard();
                self.condemn(format!(
                    "said no hello within {patience} ms: it is no dKVM device, or it hangs"
                ));
            }
            Stage::Preparing { .. } => {
                self.condemn(format!("was not ready within {} ms", self.terms.ready_ms))
            }
            Stage::Running {
                beat: Beat::Next(_),
                ..
            } => self.beat(),
            Stage::Running {
                beat: Beat::Due(_), ..
            } => self.condemn(format!(
                "did not answer for {} ms: it hangs",
                self.terms.heartbeat_ms
            )),
            Stage::Stopping { means, .. } => self.harder(*means),
            Stage::Dying { .. } => self.undying(),
            Stage::Backoff { .. } => self.wait_for_others(),
            Stage::Failed { .. } => self.rearm(),
        }
    }

    fn beat(&mut self) {
        let answer = self.now + self.terms.heartbeat_ms;
        if let Stage::Running { beat, .. } = &mut self.state.stage {
            *beat = Beat::Due(answer);
            self.actions.push(Action::Ping);
        }
    }

    fn harder(&mut self, means: Means) {
        match means {
            Means::Goodbye => self.end_by(Means::Eof),
            Means::Eof => self.end_by(Means::Term),
            Means::Term => self.end_by(Means::Kill),
            Means::Kill => {
                self.undying();
                self.end_by(Means::Kill);
            }
        }
    }

    fn undying(&mut self) {
        let text = "does not die of SIGKILL: it hangs inside Linux, most likely in a driver; replug its hardware or restart the node";
        self.state.detail = Some(text.to_owned());
        self.actions.push(Action::Warn(text.to_owned()));
        if let Stage::Dying { due, .. } = &mut self.state.stage {
            *due = self.now + KILL_MS;
        }
    }

    fn rearm(&mut self) {
        self.state.record.forgive();
        self.wait_for_others();
    }

    fn hotplug(&mut self) {
        if matches!(self.state.stage, Stage::Backoff { hardware: true, .. }) {
            self.wait_for_others();
        }
    }

    /// The kernel was held up: what was due in that time gets it back.
    fn lag(&mut self, ms: u64) {
        match &mut self.state.stage {
            Stage::Starting { due } | Stage::Preparing { due } | Stage::Stopping { due, .. } => {
                *due = *due + ms
            }
            Stage::Running {
                beat: Beat::Due(due),
                ..
            } => *due = *due + ms,
            _ => {}
        }
    }

    fn exited(&mut self, exit: Exit) {
        if !self.state.has_process() {
            return;
        }
        match std::mem::replace(&mut self.state.stage, Stage::Stopped) {
            Stage::Stopping { means, .. } => self.ended(means),
            Stage::Dying { cause, ready, .. } => self.died(cause, None, ready),
            Stage::Running { since, .. } => self.died(exit.to_string(), Some(exit), Some(since)),
            _ => self.died(exit.to_string(), Some(exit), None),
        }
    }

    /// It was told to end. One that had to be forced is told of: it may have left things undone.
    fn ended(&mut self, means: Means) {
        match means {
            Means::Goodbye | Means::Eof => {}
            Means::Term => self.actions.push(Action::Warn(
                "did not end on goodbye: SIGTERM ended it".to_owned(),
            )),
            Means::Kill => self.actions.push(Action::Warn(
                "did not end on goodbye, nor on SIGTERM: SIGKILL ended it".to_owned(),
            )),
        }
        self.actions.push(Action::Buried { cause: None });
        self.state.detail = None;
        let wanted = self.state.desired == Desired::Up;
        self.enter(if wanted {
            Stage::Waiting
        } else {
            Stage::Stopped
        });
    }

    fn died(&mut self, cause: String, exit: Option<Exit>, ready: Option<Millis>) {
        self.state.record.deaths = self.state.record.deaths.saturating_add(1);
        self.actions.push(Action::Buried {
            cause: Some(cause.clone()),
        });
        let good_for = ready.map_or(0, |since| self.now.since(since));
        if good_for >= SETTLED_MS {
            self.state.record.settled();
        }
        if self.state.desired != Desired::Up {
            return self.enter(Stage::Stopped);
        }
        match exit.and_then(Exit::meaning) {
            Some(ExitCode::BadConfig) => {
                self.failed(format!("{cause}: correct it, then reload or restart"))
            }
            Some(ExitCode::HardwareAbsent) => self.back_off(cause, ABSENT_MS, Hardware::Wakes),
            Some(ExitCode::Done) if good_for < SETTLED_MS => {
                self.back_off(cause, DONE_MS, Hardware::Ignored)
            }
            _ => self.again(cause, exit, ready, good_for),
        }
    }

    fn again(&mut self, cause: String, exit: Option<Exit>, ready: Option<Millis>, good_for: u64) {
        let killed_in_service = ready.is_some() && exit.is_some_and(Exit::is_kill);
        let wait = if good_for >= SETTLED_MS || killed_in_service {
            Some(self.state.record.accident(self.now))
        } else {
            self.state.record.failure(self.now)
        };
        match wait {
            Some(wait) => self.back_off(cause, wait, Hardware::Ignored),
            None => {
                let text = format!("given up after 8 failures within 120 s; the last: {cause}");
                self.actions.push(Action::Warn(text.clone()));
                self.failed(text);
            }
        }
    }

    fn back_off(&mut self, cause: String, wait: u64, hardware: Hardware) {
        self.state.detail = Some(cause);
        if wait == 0 {
            self.enter(Stage::Waiting);
        } else {
            self.enter(Stage::Backoff {
                until: self.now + wait,
                hardware: hardware == Hardware::Wakes,
            });
        }
    }

    fn failed(&mut self, detail: String) {
        self.state.detail = Some(detail);
        let until = self.terms.rearm.then(|| self.now + REARM_MS);
        self.enter(Stage::Failed { until });
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Hardware {
    Wakes,
    Ignored,
}
