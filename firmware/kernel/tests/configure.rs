//! A configuration that takes itself back, with real processes.

#![allow(clippy::expect_used)]

mod common;

use common::{device, signal, wait_for, Kernel};
use dkvm_kernel::client::ClientError;
use dkvm_wire::service::{
    methods, Applied, ConfigApplied, ConfigApply, ConfigConfirm, ConfigDraft, ConfigHistory,
    ConfigNumber, ConfigOrigin, ConfigOutcome, ConfigRollback, ConfigState, ConfigText,
    ConfigVerdict, KernelInfo, Phase, MAX_CONFIG_TEXT,
};
use dkvm_wire::{topics, ErrorCode};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

fn refused(error: &ClientError) -> Option<ErrorCode> {
    match error {
        ClientError::Refused(error) => Some(error.code),
        _ => None,
    }
}

struct Rig {
    kernel: Kernel,
}

impl Rig {
    /// Two devices, `a` and `b`.
    fn start() -> Self {
        let mut kernel = Kernel::start(&(device("a", "puppet", "") + &device("b", "puppet", "")));
        kernel.wait_ready("a", 1);
        kernel.wait_ready("b", 1);
        Self { kernel }
    }

    fn file(&self) -> PathBuf {
        self.kernel.config()
    }

    /// What the next kernel would take: the owner's, else the image's.
    fn on_disk(&self) -> String {
        let owners = self.file().with_file_name("owners.toml");
        let text = fs::read_to_string(owners).or_else(|_| fs::read_to_string(self.file()));
        text.expect("there")
    }

    fn read(&mut self) -> ConfigText {
        self.kernel
            .client()
            .call(methods::CONFIG_READ, &ConfigNumber::default())
            .expect("a text")
    }

    fn state(&mut self) -> ConfigState {
        self.kernel
            .client()
            .ask(methods::CONFIG_STATE)
            .expect("a state")
    }

    fn history(&mut self) -> Vec<(u32, ConfigOutcome)> {
        let history: ConfigHistory = self
            .kernel
            .client()
            .ask(methods::CONFIG_HISTORY)
            .expect("a history");
        let entries = history.entries.iter();
        entries.map(|entry| (entry.number, entry.outcome)).collect()
    }

    fn apply(&mut self, text: &str, confirm_s: u32) -> Result<ConfigApplied, ClientError> {
        let base = Some(self.read().digest);
        let apply = ConfigApply {
            text: text.to_owned(),
            base,
            confirm_s,
            comment: "a test".to_owned(),
        };
        self.kernel.client().call(methods::CONFIG_APPLY, &apply)
    }

    fn confirm(&mut self, number: u32) -> Result<ConfigState, ClientError> {
        let confirm = ConfigConfirm { number };
        self.kernel.client().call(methods::CONFIG_CONFIRM, &confirm)
    }

    fn roll_back(&mut self, number: Option<u32>) -> Result<ConfigApplied, ClientError> {
        let back = ConfigRollback {
            number,
            confirm_s: 0,
            trial: None,
        };
        self.kernel.client().call(methods::CONFIG_ROLLBACK, &back)
    }

    fn take_back(&mut self, number: u32) -> Result<ConfigApplied, ClientError> {
        let back = ConfigRollback {
            trial: Some(number),
            ..ConfigRollback::default()
        };
        self.kernel.client().call(methods::CONFIG_ROLLBACK, &back)
    }

    fn generations(&mut self) -> (u32, u32) {
        let (a, b) = (self.kernel.info("a"), self.kernel.info("b"));
        (a.generation.0, b.generation.0)
    }

    /// Until no change is under way.
    fn wait_ended(&mut self) -> ConfigState {
        wait_for("the end of the change", || {
            Some(self.state()).filter(|state| state.trial.is_none() && state.last.is_some())
        })
    }

    fn outcome(&mut self) -> (Option<u32>, ConfigOutcome, String) {
        let last = self.wait_ended().last.expect("it ended");
        (last.number, last.outcome, last.why.join("; "))
    }

    fn restart(&mut self) {
        self.kernel.kill();
        self.kernel.launch();
        self.kernel.wait_ready("a", 1);
    }
}

/// The same with another key for `b`.
fn changed(text: &str) -> String {
    text.replace("[device.b]\n", "[device.b]\nmemory = \"1M\"\n")
}

/// The same with a `b` that gives up.
fn broken(text: &str, code: u32) -> String {
    let at = text.find("[device.b]").expect("there is b");
    text[..at].to_owned() + &device("b", &format!("habit exit-{code}"), "")
}

#[test]
fn a_good_one_restarts_whom_it_must_and_is_kept() {
    let mut rig = Rig::start();
    let before = rig.read();
    assert_eq!(before.origin, Some(ConfigOrigin::Image));
    let text = changed(&before.text);
    let applied = rig.apply(&text, 0).expect("applied");
    assert_eq!(applied.number, 2);
    assert_eq!(applied.change.restarted.len(), 1);
    assert_eq!(rig.outcome(), (Some(2), ConfigOutcome::Kept, String::new()));
    assert_eq!(rig.generations(), (1, 2));
    assert_eq!(rig.on_disk(), text);
    use ConfigOutcome::{Found, Kept};
    assert_eq!(rig.history(), [(1, Found), (2, Kept)]);
    let now = rig.read();
    assert_eq!((now.number, now.text), (Some(2), text));
    assert_eq!(now.origin, Some(ConfigOrigin::Owner));
    // What was before is one call away, also after the kernel's end.
    rig.restart();
    let back = rig.roll_back(None).expect("applied");
    assert_eq!(back.number, 3);
    assert_eq!(rig.outcome().1, Kept);
    assert_eq!(rig.on_disk(), before.text);
    assert_eq!(rig.history(), [(1, Found), (2, Kept), (3, Kept)]);
}

#[test]
fn a_wrong_one_is_told_whole_and_changes_nothing() {
    let mut rig = Rig::start();
    let before = rig.read();
    let text = format!("{}[device.c]\nafter = [\"d\"]\nnicer = 1\n", before.text);
    let error = rig.apply(&text, 0).expect_err("wrong");
    assert_eq!(refused(&error), Some(ErrorCode::BadRequest));
    let told = error.to_string();
    let line = before.text.lines().count();
    for part in [
        format!("config.apply:{}: device.c.command: is missing", line + 1),
        format!("config.apply:{}: device.c.nicer: is no key", line + 3),
        "there is no device \"d\"".to_owned(),
        "of a newer version".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    let verdict: ConfigVerdict = rig
        .kernel
        .client()
        .call(methods::CONFIG_CHECK, &ConfigDraft { text })
        .expect("a verdict");
    assert_eq!((verdict.mistakes.len(), verdict.change), (3, None));
    assert_eq!(rig.generations(), (1, 1));
    assert_eq!(rig.read(), before);
    assert_eq!(rig.history(), []);
}

#[test]
fn a_text_of_mistakes_alone_is_answered() {
    let mut rig = Rig::start();
    let text = "x\n".repeat(MAX_CONFIG_TEXT / 2);
    let error = rig.apply(&text, 0).expect_err("wrong");
    assert_eq!(refused(&error), Some(ErrorCode::BadRequest));
    let verdict: ConfigVerdict = rig
        .kernel
        .client()
        .call(methods::CONFIG_CHECK, &ConfigDraft { text })
        .expect("a verdict");
    assert_eq!(verdict.mistakes.len(), 101);
}

#[test]
fn one_whose_device_does_not_come_up_takes_itself_back() {
    let mut rig = Rig::start();
    let before = rig.read();
    for (code, words) in [(78, "depht"), (69, "/dev/nothing"), (70, "something broke")] {
        rig.apply(&broken(&before.text, code), 0).expect("begun");
        let (number, outcome, why) = rig.outcome();
        assert_eq!(outcome, ConfigOutcome::TakenBack);
        assert!(
            why.contains("b does not come up") && why.contains(words),
            "{why}"
        );
        rig.kernel.wait_phase("b", Phase::Running);
        assert_eq!(rig.generations().0, 1);
        assert_eq!(
            (rig.on_disk(), rig.read().text),
            (before.text.clone(), before.text.clone())
        );
        assert_eq!(rig.history().last(), number.map(|n| (n, outcome)).as_ref());
        assert_eq!(rig.state().number, Some(1));
        // The next one is waited for.
        rig.kernel.wait_ready("b", 2);
    }
}

#[test]
fn a_new_device_has_to_come_up_and_a_removed_one_comes_back() {
    let mut rig = Rig::start();
    let before = rig.read();
    let at = before.text.find("[device.b]").expect("there is b");
    let text = before.text[..at].to_owned() + &device("c", "habit unready", "ready_ms = 300");
    let applied = rig.apply(&text, 0).expect("begun");
    assert_eq!(
        (applied.change.started.len(), applied.change.stopped.len()),
        (1, 1)
    );
    let (_, outcome, why) = rig.outcome();
    assert_eq!(outcome, ConfigOutcome::TakenBack);
    assert!(why.contains("c does not come up"), "{why}");
    rig.kernel.wait_phase("b", Phase::Running);
    let names: Vec<_> = rig
        .kernel
        .list()
        .iter()
        .map(|d| d.name.to_string())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn one_that_was_down_before_need_not_come_up_and_a_stopped_one_stays_so() {
    let mut rig = Rig::start();
    let before = rig.read();
    // Read again, so that it is in force though it does not come up.
    fs::write(rig.file(), broken(&before.text, 78)).expect("written");
    let reloaded: Applied = rig
        .kernel
        .client()
        .ask(methods::CONFIG_RELOAD)
        .expect("read");
    assert_eq!(reloaded.restarted.len(), 1);
    let (number, outcome, why) = rig.outcome();
    assert_eq!((number, outcome), (None, ConfigOutcome::Kept));
    assert!(
        why.contains("b does not come up") && why.contains("depht"),
        "{why}"
    );
    let stopped = common::named("a");
    rig.kernel
        .client()
        .call::<_, dkvm_wire::service::Nothing>(methods::DEVICES_STOP, &stopped)
        .expect("stopped");
    let text = rig
        .read()
        .text
        .replace("exit-78", "exit-69")
        .replace("[device.a]\n", "[device.a]\nmemory = \"1M\"\n");
    let applied = rig.apply(&text, 0).expect("begun");
    let (number, outcome, _) = rig.outcome();
    assert_eq!(
        (number, outcome),
        (Some(applied.number), ConfigOutcome::Kept)
    );
    assert_eq!(rig.kernel.info("a").phase, Phase::Stopped);
}

#[test]
fn one_that_nobody_confirms_is_taken_back_and_a_confirmed_one_stays() {
    let mut rig = Rig::start();
    let before = rig.read();
    let text = changed(&before.text);
    rig.kernel
        .client()
        .subscribe(&[topics::CONFIG_STATE])
        .expect("listens");
    let first = rig.apply(&text, 1).expect("begun");
    let told = wait_for("news of the trial", || {
        let event = rig.kernel.client().next_event(Duration::from_secs(5));
        let state: ConfigState = event.expect("news")?.read().expect("a state");
        state.trial
    });
    assert_eq!((told.number, told.unconfirmed), (Some(first.number), true));
    let (_, outcome, why) = rig.outcome();
    assert_eq!(outcome, ConfigOutcome::TakenBack);
    assert!(why.contains("nobody confirmed it within 1 s"), "{why}");
    assert_eq!(rig.on_disk(), before.text);
    let error = rig.confirm(first.number).expect_err("too late");
    assert!(error.to_string().contains("taken back already"), "{error}");
    let second = rig.apply(&text, 60).expect("begun");
    let error = rig.apply(&text, 1).expect_err("one at a time");
    assert_eq!(refused(&error), Some(ErrorCode::Conflict));
    // At once, also before its devices are up; and twice does no harm.
    for _ in 0..2 {
        rig.confirm(second.number).expect("confirmed");
    }
    assert_eq!(
        rig.outcome(),
        (Some(second.number), ConfigOutcome::Kept, String::new())
    );
    assert_eq!(rig.on_disk(), text);
    rig.confirm(second.number).expect("it is kept");
    assert_eq!(
        refused(&rig.confirm(77).expect_err("unknown")),
        Some(ErrorCode::NotFound)
    );
}

#[test]
fn one_on_trial_can_be_taken_back_at_once() {
    let mut rig = Rig::start();
    let before = rig.read();
    rig.apply(&changed(&before.text), 60).expect("begun");
    let back = rig.roll_back(None).expect("taken back");
    assert_eq!(back.number, 1);
    let (_, outcome, why) = rig.outcome();
    assert_eq!(outcome, ConfigOutcome::TakenBack);
    assert!(why.contains("took it back"), "{why}");
    rig.kernel.wait_ready("b", 2);
    assert_eq!(rig.read().text, before.text);
}

#[test]
fn to_take_back_a_trial_that_has_ended_changes_nothing() {
    let mut rig = Rig::start();
    let before = rig.read();
    let kept = changed(&before.text);
    let first = rig.apply(&kept, 0).expect("begun").number;
    assert_eq!(rig.outcome().1, ConfigOutcome::Kept);
    let other = kept.replace("memory = \"1M\"", "memory = \"2M\"");
    let second = rig.apply(&other, 60).expect("begun").number;
    // Another one than the one on trial: also then nothing is done.
    let error = rig.take_back(first).expect_err("it is kept");
    assert_eq!(refused(&error), Some(ErrorCode::Conflict));
    assert!(error.to_string().contains("is kept already"), "{error}");
    assert_eq!(rig.take_back(second).expect("on trial").number, first);
    let error = rig.take_back(second).expect_err("a second click");
    assert_eq!(refused(&error), Some(ErrorCode::Conflict));
    assert!(error.to_string().contains("taken back already"), "{error}");
    assert_eq!(rig.read().text, kept);
    let error = rig.take_back(77).expect_err("unknown");
    assert_eq!(refused(&error), Some(ErrorCode::NotFound));
    assert_eq!(rig.on_disk(), kept);
    assert_eq!(rig.history().len(), 3);
}

#[test]
fn directories_that_cannot_be_tried_are_refused() {
    let mut rig = Rig::start();
    let before = rig.read();
    for key in ["run_dir", "shm_dir", "state_dir"] {
        let text = before
            .text
            .replace(&format!("{key} = \""), &format!("{key} = \"/nowhere"));
        let error = rig.apply(&text, 0).expect_err("cannot be tried");
        assert!(error.to_string().contains(key), "{error}");
        let verdict: ConfigVerdict = rig
            .kernel
            .client()
            .call(methods::CONFIG_CHECK, &ConfigDraft { text })
            .expect("a verdict");
        assert!(verdict.notices.iter().any(|notice| notice.contains(key)));
    }
    assert_eq!(rig.history(), []);
    assert_eq!(rig.read(), before);
}

#[test]
fn a_node_whose_owners_directories_cannot_be_used_comes_up_with_the_images() {
    for key in ["run_dir", "shm_dir", "state_dir"] {
        let mut kernel = Kernel::prepare(&device("a", "puppet", ""));
        let images = fs::read_to_string(kernel.config()).expect("there");
        // Nobody makes a directory there, not even root.
        let owners = images.replace(&format!("{key} = \""), &format!("{key} = \"/proc/nowhere"));
        let file = kernel.config().with_file_name("owners.toml");
        fs::write(&file, &owners).expect("written");
        kernel.launch();
        kernel.wait_ready("a", 1);
        let info: KernelInfo = kernel.client().ask(methods::KERNEL_INFO).expect("told");
        let told = info.notices.join("\n");
        assert!(
            told.contains("/proc/nowhere") && told.contains(key),
            "{told}"
        );
        // And can be corrected from afar.
        let mut rig = Rig { kernel };
        rig.apply(&changed(&images), 0).expect("applied");
        assert_eq!(rig.outcome().1, ConfigOutcome::Kept);
    }
}

#[test]
fn somebody_elses_change_is_no_base() {
    let mut rig = Rig::start();
    let base = Some(rig.read().digest);
    let text = changed(&rig.read().text);
    rig.apply(&text, 0).expect("begun");
    rig.wait_ended();
    let late = ConfigApply {
        text: text.replace("1M", "2M"),
        base,
        confirm_s: 0,
        comment: String::new(),
    };
    let error = rig
        .kernel
        .client()
        .call::<_, ConfigApplied>(methods::CONFIG_APPLY, &late)
        .expect_err("somebody was faster");
    assert_eq!(refused(&error), Some(ErrorCode::Conflict));
    assert!(error.to_string().contains("configuration 2"), "{error}");
    assert_eq!(rig.on_disk(), text);
}

#[test]
fn a_kernel_that_is_killed_on_trial_comes_back_with_the_old_one() {
    let mut rig = Rig::start();
    let before = rig.read();
    let applied = rig.apply(&changed(&before.text), 60).expect("begun");
    rig.kernel.wait_ready("b", 2);
    rig.restart();
    assert_eq!(rig.read().text, before.text);
    let state = rig.state();
    assert_eq!(state.trial, None);
    let last = state.last.expect("told");
    assert_eq!(
        (last.number, last.outcome),
        (Some(applied.number), ConfigOutcome::TakenBack)
    );
    let info: dkvm_wire::service::KernelInfo =
        rig.kernel.client().ask(methods::KERNEL_INFO).expect("info");
    assert!(info
        .notices
        .iter()
        .any(|n| n.contains("Configuration 2 is taken back")));
}

#[test]
fn one_that_was_kept_survives_a_kernel_that_is_killed() {
    let mut rig = Rig::start();
    let text = changed(&rig.read().text);
    let applied = rig.apply(&text, 60).expect("begun");
    rig.kernel.wait_ready("b", 2);
    wait_for("it to be kept", || {
        let state = rig.confirm(applied.number).expect("confirmed");
        state
            .last
            .filter(|last| last.outcome == ConfigOutcome::Kept)
    });
    rig.restart();
    assert_eq!(rig.read().text, text);
    assert_eq!(rig.state().last, None);
}

#[test]
fn a_file_is_not_read_again_while_another_one_is_on_trial() {
    let mut rig = Rig::start();
    let before = rig.read();
    rig.apply(&changed(&before.text), 60).expect("begun");
    let error = rig
        .kernel
        .client()
        .ask::<Applied>(methods::CONFIG_RELOAD)
        .expect_err("on trial");
    assert_eq!(refused(&error), Some(ErrorCode::Conflict));
    signal(rig.kernel.pid(), "HUP");
    wait_for("the line", || {
        rig.kernel
            .log_of("kernel")
            .into_iter()
            .find(|line| line.text.contains("was not read again"))
    });
    assert!(rig.state().trial.is_some());
}
