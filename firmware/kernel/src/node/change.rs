//! A change of the configuration under way: written, watched, kept or taken back.

use super::Node;
use crate::change::{Confirm, Touched, Verdict, View, Watch};
use crate::config::{diff, Config, Difference, BUILT_IN};
use crate::kept::{digest, Begun, Done, Report, StoreError, Tag, Task, Worker};
use crate::link::Peer;
use crate::supervise::{Millis, Stage as Life};
use dkvm_wire::service::{
    ConfigApplied, ConfigEnded, ConfigHistory, ConfigOrigin, ConfigOutcome, Desired,
};
use dkvm_wire::{encode_body, DeviceName, ErrorCode, Generation, RequestId, WireError};
use std::cell::RefCell;
use std::mem;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::sync::mpsc::UnboundedReceiver;

/// Who waits for an answer.
pub(super) type Asker = (Peer, RequestId);

/// The text in force, as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Force {
    pub(super) digest: String,
    pub(super) origin: ConfigOrigin,
    pub(super) file: PathBuf,
}

impl Force {
    /// `owners`: the owner's file, and what its origin is called.
    pub(crate) fn of(owners: &(PathBuf, ConfigOrigin), config: &Config) -> Self {
        let origin = if config.path == Path::new(BUILT_IN) {
            ConfigOrigin::BuiltIn
        } else if config.path == owners.0 {
            owners.1
        } else {
            ConfigOrigin::Image
        };
        Self {
            digest: digest(&config.text),
            origin,
            file: config.path.clone(),
        }
    }
}

/// What was said, kept and begun of the configuration.
#[derive(Debug)]
pub(crate) struct Keeping {
    pub(super) force: Force,
    /// The owner's file, and what its origin is called.
    pub(super) owners: (PathBuf, ConfigOrigin),
    pub(super) history: ConfigHistory,
    pub(super) worker: Worker,
    pub(super) stage: Stage,
    pub(super) last: Option<ConfigEnded>,
}

/// Where a change is.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// There is none.
    #[default]
    Idle,
    /// Its text is fetched from the history, or written.
    Writing(Box<Writing>),
    /// It is applied, and watched.
    Watched(Box<Change>),
    /// It becomes the owner's.
    Keeping(Box<Change>, Option<Asker>),
}

#[derive(Debug)]
pub(super) struct Writing {
    pub(super) asker: Asker,
    /// `None` while it is fetched.
    pub(super) new: Option<Config>,
    pub(super) confirm: Confirm,
    pub(super) who: String,
}

#[derive(Debug)]
pub(super) struct Change {
    /// `None`: the file was read again.
    pub(super) number: Option<u32>,
    pub(super) who: String,
    pub(super) watch: Watch,
    /// What was in force.
    before: Option<Before>,
    /// Why it is in memory alone.
    unkept: Option<String>,
}

/// What is in force again when a change is taken back.
#[derive(Debug)]
struct Before {
    config: Config,
    force: Force,
    /// What was said of it.
    notice: Option<String>,
}

impl Stage {
    pub(super) fn reload(watch: Watch) -> Self {
        Self::Watched(Box::new(Change {
            number: None,
            who: String::new(),
            watch,
            before: None,
            unkept: None,
        }))
    }
}

impl Keeping {
    pub(crate) fn new(
        force: Force,
        owners: (PathBuf, ConfigOrigin),
        worker: Worker,
        found: (ConfigHistory, Option<ConfigEnded>),
    ) -> Self {
        Self {
            force,
            owners,
            history: found.0,
            worker,
            stage: Stage::Idle,
            last: found.1,
        }
    }

    /// What is said of a trial that the start has found.
    pub(crate) fn found(&self) -> Option<String> {
        let ended = self.last.as_ref()?;
        let which = ended.number.map(|number| format!(" {number}"));
        let why = ended.why.first()?;
        Some(format!(
            "Configuration{} is taken back: {why}. `dkvm config history` has it.",
            which.unwrap_or_default()
        ))
    }

    pub(super) fn due(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Watched(change) => change.watch.due(),
            _ => None,
        }
    }

    pub(super) fn lag(&mut self, ms: u64) {
        if let Stage::Watched(change) = &mut self.stage {
            change.watch.lag(ms);
        }
    }

    pub(super) fn say_in_force(&mut self, config: &Config) {
        self.force = Force::of(&self.owners, config);
    }

    /// The thread writes it when the card lets it.
    fn say_taken_back(&mut self, number: u32, why: &str) {
        let mut entries = self.history.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.number == number) {
            entry.outcome = ConfigOutcome::TakenBack;
            entry.why = Some(why.to_owned());
        }
    }

    /// In the history, unless it was taken back.
    pub(super) fn number(&self) -> Option<u32> {
        let mut entries = self.history.entries.iter().rev();
        let holds = |outcome| outcome != ConfigOutcome::TakenBack;
        let found = entries.find(|e| e.digest == self.force.digest && holds(e.outcome));
        found.map(|entry| entry.number)
    }
}

/// Takes what the thread has done, for ever.
pub(crate) async fn hear(node: Rc<RefCell<Node>>, mut reports: UnboundedReceiver<Report>) {
    while let Some(report) = reports.recv().await {
        node.borrow_mut().on_report(report);
    }
}

/// Nothing was begun.
pub(super) fn slow() -> WireError {
    let text = "the card is slow, and too much waits for it already: try again";
    WireError::new(ErrorCode::Exhausted, text)
}

/// What is told of a part that waits.
pub(super) fn no_kernel() -> String {
    "[kernel] or [memory] has changed: that takes effect when the kernel is started again"
        .to_owned()
}

impl Node {
    fn on_report(&mut self, report: Report) {
        self.keeping.history = report.history;
        match report.done {
            Done::Begun(begun) => self.on_begun(begun),
            Done::Kept(number, result) => self.on_kept(number, result),
            Done::Read(number, text) => self.on_read(report.tag, number, text),
            Done::Fetched(found) => self.on_fetched(found),
            Done::TakenBack => self.publish_config(),
        }
        self.settle();
    }

    fn on_begun(&mut self, begun: Result<Begun, StoreError>) {
        let Stage::Writing(writing) = mem::take(&mut self.keeping.stage) else {
            return;
        };
        let (begun, new) = match (begun, writing.new.clone()) {
            (Ok(begun), Some(new)) => (begun, new),
            (Err(error), _) => return self.refuse_written(&writing, &error),
            (Ok(_), None) => return,
        };
        let difference = diff(&self.config, &new);
        let touched = self.touched(&difference, &new);
        let notices = self.notices_of(&difference, begun.unkept.clone());
        let before = Some(Before {
            config: self.config.clone(),
            force: self.keeping.force.clone(),
            notice: self.host.config_notice.take(),
        });
        // First of all: applied, it may end the device that carries the answer.
        let applied = ConfigApplied {
            number: begun.number,
            change: difference.clone().into(),
            notices,
        };
        self.tell(writing.asker, &applied);
        self.say_applied(&new, begun.unkept.is_some());
        self.apply(new, &difference);
        let change = Change {
            number: Some(begun.number),
            who: writing.who,
            watch: Watch::new(touched, writing.confirm, self.now()),
            before,
            unkept: begun.unkept,
        };
        self.keeping.stage = Stage::Watched(Box::new(change));
        self.publish_config();
    }

    fn refuse_written(&mut self, writing: &Writing, error: &StoreError) {
        self.warn(format!("the configuration was not applied: {error}"));
        let code = match error {
            StoreError::Full { .. } => ErrorCode::Exhausted,
            StoreError::Write { .. } => ErrorCode::Hardware,
        };
        let (peer, id) = writing.asker;
        self.respond(peer, id, Err(WireError::new(code, error.to_string())));
    }

    fn say_applied(&mut self, new: &Config, unkept: bool) {
        let (file, origin) = self.keeping.owners.clone();
        self.keeping.force = Force {
            digest: digest(&new.text),
            origin: if unkept { ConfigOrigin::Memory } else { origin },
            file,
        };
    }

    pub(super) fn tell<T: serde::Serialize>(&mut self, (peer, id): Asker, body: &T) {
        self.respond(peer, id, Ok(&encode_body(body)));
    }

    /// Looks how a change stands; called in each turn.
    pub(super) fn watch_change(&mut self) {
        if self.ending.is_some() || !matches!(self.keeping.stage, Stage::Watched(_)) {
            return;
        }
        let Stage::Watched(mut change) = mem::take(&mut self.keeping.stage) else {
            return;
        };
        let (now, waiting, confirm) = (self.now(), change.watch.waiting(), change.watch.confirm);
        let verdict = change.watch.look(now, |name| self.view(name));
        let early = change.number.is_some() && !change.watch.down().is_empty();
        match verdict {
            Verdict::Wait if early => {
                let why = change.watch.down().to_vec();
                self.take_back(*change, why);
            }
            Verdict::Wait => {
                let news = waiting != change.watch.waiting() || confirm != change.watch.confirm;
                self.keeping.stage = Stage::Watched(change);
                if news {
                    self.publish_config();
                }
            }
            Verdict::Good => self.keep(change, None),
            Verdict::Bad(why) => self.take_back(*change, why),
        }
    }

    /// How a device is, and what it said last.
    fn view(&self, name: &DeviceName) -> (View, String) {
        let Some(device) = self.find(name.as_str()).and_then(|id| self.device(id)) else {
            return (View::Excused, String::new());
        };
        let said = device
            .detail()
            .or_else(|| device.last_lines.back().cloned());
        let said = said.unwrap_or_default();
        let view = match &device.state.stage {
            _ if device.state.desired != Desired::Up => View::Excused,
            Life::Running { .. } => View::Ready(device.generation),
            Life::Failed { .. } => View::Down(said.clone()),
            _ if device.state.waits_for_hardware() => View::Down(said.clone()),
            _ => View::Coming(device.state.record.deaths),
        };
        (view, said)
    }

    /// Which devices have to come up after it: those that were, and those that are new.
    pub(super) fn touched(&self, difference: &Difference, new: &Config) -> Vec<Touched> {
        let is_up = |name: &&DeviceName| {
            let device = self.find(name.as_str()).and_then(|id| self.device(id));
            device.is_some_and(|device| device.is_ready() && device.state.desired == Desired::Up)
        };
        let restarted = difference.restart.iter().filter(is_up);
        let names = difference.start.iter().chain(restarted);
        let configs = names.filter_map(|name| new.device(name));
        let wanted = configs.filter(|config| self.desired(config) == Desired::Up);
        let touched = wanted.map(|config| {
            let device = self
                .find(config.name.as_str())
                .and_then(|id| self.device(id));
            Touched {
                name: config.name.clone(),
                generation: device.map_or(Generation(0), |device| device.generation),
                deaths: device.map_or(0, |device| device.state.record.deaths),
                ready_ms: u64::from(config.ready_ms),
                after: config.after.clone(),
            }
        });
        touched.collect()
    }

    pub(super) fn keep(&mut self, change: Box<Change>, asker: Option<Asker>) {
        let Some(number) = change.number else {
            return self.finish(None, ConfigOutcome::Kept, Vec::new());
        };
        if self.keeping.worker.send(Tag::Own, Task::Keep(number)) {
            self.keeping.stage = Stage::Keeping(change, asker);
        } else {
            // It is looked at again in the next turn.
            self.keeping.stage = Stage::Watched(change);
            if let Some((peer, id)) = asker {
                self.respond(peer, id, Err(slow()));
            }
        }
    }

    fn on_kept(&mut self, number: u32, result: Result<(), StoreError>) {
        let Stage::Keeping(change, asker) = mem::take(&mut self.keeping.stage) else {
            return;
        };
        let mut why = Vec::from_iter(change.unkept);
        if let Err(error) = result {
            self.keeping.force.origin = ConfigOrigin::Memory;
            why.push(format!(
                "it holds, but {error}: the one before is back when the kernel or the machine restarts"
            ));
        }
        self.info(format!(
            "configuration {number} is kept, applied by {}",
            change.who
        ));
        self.finish(Some(number), ConfigOutcome::Kept, why);
        if let Some(asker) = asker {
            let state = self.config_state();
            self.tell(asker, &state);
        }
    }

    /// The one before is in force again.
    pub(super) fn take_back(&mut self, change: Change, why: Vec<String>) {
        if let Some(before) = change.before {
            let difference = diff(&self.config, &before.config);
            self.apply(before.config, &difference);
            self.keeping.force = before.force;
            self.host.config_notice = before.notice;
        }
        if let Some(number) = change.number {
            let told = why.join("; ");
            self.keeping.say_taken_back(number, &told);
            self.warn(format!("configuration {number} is taken back: {told}"));
            // Where the thread does not take it, the next start finds out by itself.
            let _ = self
                .keeping
                .worker
                .send(Tag::Own, Task::TakeBack(number, told));
        }
        self.finish(change.number, ConfigOutcome::TakenBack, why);
    }

    fn finish(&mut self, number: Option<u32>, outcome: ConfigOutcome, why: Vec<String>) {
        // Taken back, it was told as one.
        if outcome == ConfigOutcome::Kept || number.is_none() {
            for sentence in &why {
                self.warn(sentence.clone());
            }
        }
        // A file that was read again is never taken back.
        let outcome = number.map_or(ConfigOutcome::Kept, |_| outcome);
        self.keeping.stage = Stage::Idle;
        self.keeping.last = Some(ConfigEnded {
            number,
            outcome,
            why,
        });
        self.publish_config();
    }
}
