//! The services `config.*`.

use super::change::{no_kernel, slow, Asker, Change, Stage, Writing};
use super::rights::{Asked, Standing};
use super::services::{answer, args};
use super::Node;
use crate::change::Confirm;
use crate::config::{diff, parse, Config, ConfigError, Difference, Mistake};
use crate::kept::{digest, New, Tag, Task, Which};
use crate::link::Peer;
use crate::mode::Mode;
use dkvm_wire::service::{
    methods, ConfigApplied, ConfigApply, ConfigConfirm, ConfigDraft, ConfigMistake, ConfigNumber,
    ConfigOrigin, ConfigOutcome, ConfigRollback, ConfigState, ConfigText, ConfigTrial,
    ConfigVerdict, MAX_CONFIG_COMMENT, MAX_CONFIG_TEXT, MAX_CONFIRM_S,
};
use dkvm_wire::{ErrorCode, WireError};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Under this name errors speak of a text that came by a call.
const GIVEN: &str = "config.apply";

/// What is answered at once, or (`None`) when it is done.
pub(super) type Later = Result<Option<Vec<u8>>, WireError>;

impl Node {
    pub(super) fn serve_config(&mut self, asker: Asker, method: &str, body: &[u8]) -> Later {
        self.permit(asker.0, Asked::Kernel(method))?;
        match method {
            methods::CONFIG_STATE => answer(&self.config_state()).map(Some),
            methods::CONFIG_HISTORY => answer(&self.keeping.history).map(Some),
            methods::CONFIG_RELOAD => self.reload().and_then(|applied| answer(&applied).map(Some)),
            methods::CONFIG_CHECK => {
                let draft: ConfigDraft = args(method, body)?;
                answer(&self.verdict(&draft.text)).map(Some)
            }
            methods::CONFIG_READ => self.read_config(asker, args(method, body)?),
            methods::CONFIG_APPLY => self.apply_given(asker, args(method, body)?),
            methods::CONFIG_CONFIRM => self.confirm(asker, args(method, body)?),
            methods::CONFIG_ROLLBACK => self.roll_back(asker, &args(method, body)?),
            _ => self.serve(asker.0, method, body).map(Some),
        }
    }

    pub(super) fn config_state(&self) -> ConfigState {
        let trial = match &self.keeping.stage {
            Stage::Watched(change) | Stage::Keeping(change, _) => Some(self.trial_of(change)),
            Stage::Idle | Stage::Writing(_) => None,
        };
        ConfigState {
            digest: self.keeping.force.digest.clone(),
            origin: self.keeping.force.origin,
            number: self.keeping.number(),
            trial,
            last: self.keeping.last.clone(),
        }
    }

    fn trial_of(&self, change: &Change) -> ConfigTrial {
        let (left_ms, unconfirmed) = match change.watch.confirm {
            Confirm::Until(until, _) => (Some(until.since(self.now())), true),
            Confirm::Within(_) => (None, true),
            Confirm::Given | Confirm::Needless => (None, false),
        };
        ConfigTrial {
            number: change.number,
            who: change.who.clone(),
            waiting: change.watch.waiting(),
            left_ms,
            unconfirmed,
        }
    }

    fn verdict(&self, text: &str) -> ConfigVerdict {
        match judge(text) {
            Ok(new) => {
                let difference = diff(&self.config, &new);
                let untried = self.can_be_tried(&new).err().map(|error| error.message);
                let notices = self.notices_of(&difference, None).into_iter();
                ConfigVerdict {
                    mistakes: Vec::new(),
                    notices: notices.chain(untried).collect(),
                    change: Some(difference.into()),
                }
            }
            Err(errors) => ConfigVerdict {
                notices: newer(&errors).into_iter().collect(),
                mistakes: errors.into_iter().map(mistake).collect(),
                change: None,
            },
        }
    }

    /// What there is to say of a change beside whom it touches.
    pub(super) fn notices_of(
        &self,
        difference: &Difference,
        unkept: Option<String>,
    ) -> Vec<String> {
        let image = self.host.info.image.as_ref();
        let in_memory = image.is_some_and(|image| !image.persistent) && unkept.is_none();
        let safe = matches!(self.host.mode, Mode::Safe(_));
        let kernel = difference.kernel.then(no_kernel);
        let lost = in_memory.then(|| {
            "this node keeps nothing on its card: the configuration is lost when it restarts"
                .to_owned()
        });
        let safe = safe.then(|| {
            "this node is in safe mode: devices without `safe = true` start after it was restarted (`dkvm reboot`)"
                .to_owned()
        });
        [kernel, unkept, lost, safe].into_iter().flatten().collect()
    }

    fn read_config(&mut self, asker: Asker, ConfigNumber { number }: ConfigNumber) -> Later {
        if let Some(number) = number {
            return self.hand_over(asker, Task::Read(number));
        }
        let force = &self.keeping.force;
        answer(&ConfigText {
            text: self.config.text.clone(),
            origin: Some(force.origin),
            file: force.file.display().to_string(),
            digest: force.digest.clone(),
            number: self.keeping.number(),
        })
        .map(Some)
    }

    pub(super) fn on_read(&mut self, tag: Tag, number: u32, text: Option<String>) {
        let Tag::Of(peer, id) = tag else { return };
        let Some(text) = text else {
            return self.respond(peer, id, Err(unknown(number)));
        };
        let told = ConfigText {
            digest: digest(&text),
            text,
            origin: None,
            file: String::new(),
            number: Some(number),
        };
        self.tell((peer, id), &told);
    }

    fn hand_over(&self, (peer, id): Asker, task: Task) -> Later {
        if self.keeping.worker.send(Tag::Of(peer, id), task) {
            return Ok(None);
        }
        Err(slow())
    }

    /// Whether a change may begin.
    pub(super) fn free(&self) -> Result<(), WireError> {
        let conflict = |text: String| Err(WireError::new(ErrorCode::Conflict, text));
        match &self.keeping.stage {
            _ if self.ending.is_some() => conflict("the kernel ends".to_owned()),
            Stage::Writing(_) => conflict("another configuration is being written: try again".to_owned()),
            Stage::Watched(change) | Stage::Keeping(change, _) => match change.number {
                Some(number) => conflict(format!(
                    "configuration {number}, applied by {}, is on trial: wait for it, or `dkvm config confirm` or `dkvm config rollback` first",
                    change.who
                )),
                None => Ok(()),
            },
            Stage::Idle => Ok(()),
        }
    }

    fn apply_given(&mut self, asker: Asker, apply: ConfigApply) -> Later {
        self.free()?;
        self.check_base(apply.base.as_deref())?;
        let confirm = confirm(apply.confirm_s)?;
        if apply.comment.chars().count() > MAX_CONFIG_COMMENT {
            let text = format!("the comment is longer than {MAX_CONFIG_COMMENT} characters");
            return Err(WireError::new(ErrorCode::BadRequest, text));
        }
        let new = judge(&apply.text).map_err(|errors| refusal(&errors))?;
        self.can_be_tried(&new)?;
        let who = self.who(asker.0);
        let writing = Writing {
            asker,
            new: Some(new),
            confirm,
            who,
        };
        self.write(writing, apply.text, apply.comment)
    }

    fn write(&mut self, mut writing: Writing, text: String, comment: String) -> Later {
        if let Some(new) = &mut writing.new {
            new.path.clone_from(&self.keeping.owners.0);
        }
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let new = New {
            text,
            who: writing.who.clone(),
            comment,
            at_unix_ms: u64::try_from(since_1970.as_millis()).unwrap_or_default(),
            before: self.config.text.clone(),
        };
        self.hand_over(writing.asker, Task::Begin(Box::new(new)))?;
        self.keeping.stage = Stage::Writing(Box::new(writing));
        Ok(None)
    }

    /// With directories that cannot be used the kernel would not come up again, and nothing takes back what was kept.
    fn can_be_tried(&self, new: &Config) -> Result<(), WireError> {
        let (new, now) = (&new.kernel, &self.config.kernel);
        let other = [
            ("run_dir", new.run_dir != now.run_dir),
            ("shm_dir", new.shm_dir != now.shm_dir),
            ("state_dir", new.state_dir != now.state_dir),
        ];
        let keys = other.iter().filter(|(_, other)| *other);
        let keys = keys.map(|(key, _)| *key).collect::<Vec<_>>().join(", ");
        if keys.is_empty() {
            return Ok(());
        }
        let text = format!(
            "{keys} of [kernel] cannot be tried, and is not applied: leave it as it is, or change it in the file {} and start the kernel again",
            self.keeping.owners.0.display()
        );
        Err(WireError::new(ErrorCode::BadRequest, text).about(GIVEN))
    }

    /// Somebody else may have changed it since it was read.
    fn check_base(&self, base: Option<&str>) -> Result<(), WireError> {
        let force = &self.keeping.force;
        if base.is_none_or(|base| base == force.digest) {
            return Ok(());
        }
        let newest = self.keeping.number().and_then(|number| {
            self.keeping
                .history
                .entries
                .iter()
                .find(|e| e.number == number)
        });
        let by = newest.map_or_else(String::new, |entry| {
            format!(": {} applied configuration {}", entry.who, entry.number)
        });
        let text = format!(
            "the configuration was changed since this one was made from it{by}; nothing was changed now. Read the one in force (`dkvm config get`) and make the change in that"
        );
        Err(WireError::new(ErrorCode::Conflict, text).about(force.digest.clone()))
    }

    fn confirm(&mut self, asker: Asker, ConfigConfirm { number }: ConfigConfirm) -> Later {
        let of_this = |change: &Change| change.number == Some(number);
        match std::mem::take(&mut self.keeping.stage) {
            Stage::Watched(mut change) if of_this(&change) => {
                let up = matches!(change.watch.confirm, Confirm::Until(..));
                if change.watch.confirm != Confirm::Needless {
                    change.watch.confirm = Confirm::Given;
                }
                if up {
                    self.keep(change, Some(asker));
                    return Ok(None);
                }
                self.keeping.stage = Stage::Watched(change);
            }
            Stage::Keeping(change, first) if of_this(&change) => {
                self.keeping.stage = Stage::Keeping(change, first);
            }
            stage => {
                self.keeping.stage = stage;
                self.was_confirmed(number)?;
            }
        }
        self.publish_config();
        answer(&self.config_state()).map(Some)
    }

    /// Whether it was kept already; the error says what became of it instead.
    fn was_confirmed(&self, number: u32) -> Result<(), WireError> {
        let mut entries = self.keeping.history.entries.iter();
        let entry = entries.find(|entry| entry.number == number);
        match entry.map(|entry| (entry.outcome, entry.why.as_deref())) {
            Some((ConfigOutcome::Kept, _)) => Ok(()),
            Some((ConfigOutcome::TakenBack, why)) => Err(WireError::new(
                ErrorCode::Conflict,
                format!(
                    "configuration {number} was taken back already: {}",
                    why.unwrap_or("nobody knows why")
                ),
            )),
            Some(_) => {
                let text = format!("configuration {number} is not on trial");
                Err(WireError::new(ErrorCode::Conflict, text))
            }
            None => Err(unknown(number)),
        }
    }

    fn roll_back(&mut self, asker: Asker, back: &ConfigRollback) -> Later {
        if let Some(number) = back.trial {
            return self.end_trial(asker, number);
        }
        let confirm = confirm(back.confirm_s)?;
        let on_trial =
            matches!(&self.keeping.stage, Stage::Watched(change) if change.number.is_some());
        if back.number.is_none() && on_trial {
            return self.take_back_for(asker);
        }
        self.free()?;
        let which = match back.number {
            Some(number) => Which::Number(number),
            None => self.before(),
        };
        self.hand_over(asker, Task::Fetch(which))?;
        let who = self.who(asker.0);
        self.keeping.stage = Stage::Writing(Box::new(Writing {
            asker,
            new: None,
            confirm,
            who,
        }));
        Ok(None)
    }

    fn before(&self) -> Which {
        let force = &self.keeping.force;
        match force.origin {
            // In safe mode, and where the owner's is wrong for this version.
            ConfigOrigin::Image | ConfigOrigin::BuiltIn => {
                Which::BeforeOwners(force.digest.clone())
            }
            _ => Which::Before(force.digest.clone()),
        }
    }

    /// That one and no other: whoever asks may not know yet that its trial has ended.
    fn end_trial(&mut self, asker: Asker, number: u32) -> Later {
        match &self.keeping.stage {
            Stage::Watched(change) if change.number == Some(number) => {
                return self.take_back_for(asker);
            }
            Stage::Keeping(change, _) if change.number == Some(number) => {}
            _ => self.was_confirmed(number)?,
        }
        let text = format!(
            "configuration {number} is kept already: `dkvm config rollback` goes to the one before"
        );
        Err(WireError::new(ErrorCode::Conflict, text))
    }

    fn take_back_for(&mut self, asker: Asker) -> Later {
        let Stage::Watched(change) = std::mem::take(&mut self.keeping.stage) else {
            return Err(WireError::new(ErrorCode::Conflict, "nothing is on trial"));
        };
        let config = self.config.clone();
        let why = format!("{} took it back", self.who(asker.0));
        self.take_back(*change, vec![why]);
        answer(&ConfigApplied {
            number: self.keeping.number().unwrap_or_default(),
            change: diff(&config, &self.config).into(),
            notices: Vec::new(),
        })
        .map(Some)
    }

    pub(super) fn on_fetched(&mut self, found: Option<(u32, String)>) {
        let Stage::Writing(mut writing) = std::mem::take(&mut self.keeping.stage) else {
            return;
        };
        let (peer, id) = writing.asker;
        let result = match found {
            None => Err(WireError::new(
                ErrorCode::NotFound,
                "the history has no such configuration: `dkvm config history` lists it",
            )),
            Some((number, text)) => {
                judge(&text)
                    .map_err(|errors| refusal(&errors))
                    .and_then(|new| {
                        self.can_be_tried(&new)?;
                        writing.new = Some(new);
                        self.write(*writing, text, format!("as {number} was"))
                    })
            }
        };
        if let Err(error) = result {
            self.respond(peer, id, Err(error));
        }
    }

    /// For the history.
    fn who(&self, peer: Peer) -> String {
        let id = match peer {
            Peer::Device(id, _) => return format!("the device {}", self.devices[id.0].config.name),
            Peer::Client(id) => id,
        };
        let Some(client) = self.clients.get(&id) else {
            return "somebody".to_owned();
        };
        match &client.rights.standing {
            Standing::Gateway(device) => match client.node.as_deref() {
                Some(node) if !node.is_empty() => format!("the node {node}"),
                _ => format!("another node, by the device {device}"),
            },
            _ => self
                .accounts
                .name_of(client.uid)
                .map_or_else(|| format!("user {}", client.uid), str::to_owned),
        }
    }
}

/// Checks a text that came by a call.
fn judge(text: &str) -> Result<Config, Vec<ConfigError>> {
    if text.len() <= MAX_CONFIG_TEXT {
        return parse(Path::new(GIVEN), text);
    }
    Err(vec![ConfigError {
        file: GIVEN.into(),
        line: None,
        key: String::new(),
        message: format!("is longer than {} KiB", MAX_CONFIG_TEXT / 1024),
        kind: Mistake::Wrong,
    }])
}

/// What to think of when keys are not known.
fn newer(errors: &[ConfigError]) -> Option<String> {
    let unknown = errors.iter().any(|e| e.kind == Mistake::UnknownKey);
    unknown.then(|| format!(
        "Keys that dKVM {} does not know: where they are no typing errors, the text is of a newer version, and this node has to be updated first (`dkvm update`)",
        env!("CARGO_PKG_VERSION")
    ))
}

fn refusal(errors: &[ConfigError]) -> WireError {
    let lines = errors.iter().map(ToString::to_string).chain(newer(errors));
    let text = lines.collect::<Vec<_>>().join("\n");
    WireError::new(ErrorCode::BadRequest, text).about(GIVEN)
}

fn mistake(error: ConfigError) -> ConfigMistake {
    ConfigMistake {
        line: error.line.and_then(|line| u32::try_from(line).ok()),
        key: error.key,
        message: error.message,
    }
}

fn confirm(seconds: u32) -> Result<Confirm, WireError> {
    match seconds {
        0 => Ok(Confirm::Needless),
        1..=MAX_CONFIRM_S => Ok(Confirm::Within(u64::from(seconds) * 1000)),
        _ => Err(WireError::new(
            ErrorCode::BadRequest,
            format!("{seconds} s to confirm are more than {MAX_CONFIRM_S}"),
        )),
    }
}

fn unknown(number: u32) -> WireError {
    let text = format!("the history has no configuration {number}: `dkvm config history` lists it");
    WireError::new(ErrorCode::NotFound, text)
}
