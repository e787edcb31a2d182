//! `dkvm config` against a real kernel with real devices.

#![allow(clippy::unwrap_used)]

mod common;

use common::node::{device, Node};
use common::said;
use common::way::{Lost, Way};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

fn start() -> Node {
    let node = Node::start(&(device("alpha", "") + &device("beta", "")));
    node.wait_phase("alpha", "running");
    node.wait_phase("beta", "running");
    node
}

fn in_force(node: &Node) -> String {
    let got = node.dkvm(&["config", "get"]);
    assert_eq!(got.code, 0, "{}", got.err);
    got.out
}

/// A file with another `beta`.
fn changed(node: &Node, more: &str) -> PathBuf {
    let path = node.path("new.toml");
    let text = in_force(node).replace("[device.beta]\n", &format!("[device.beta]\n{more}\n"));
    fs::write(&path, text).unwrap();
    path
}

fn apply(node: &Node, file: &Path, more: &[&str]) -> common::Said {
    let file = file.to_str().unwrap();
    node.dkvm(&[&["config", "apply", file], more].concat())
}

fn number(node: &Node) -> serde_json::Value {
    node.json(&["config"])["number"].clone()
}

#[test]
fn a_change_is_shown_applied_and_kept() {
    let node = start();
    let before = in_force(&node);
    let file = changed(&node, "memory = \"1M\"");
    let said = apply(&node, &file, &["--comment", "less"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "+memory = \"1M\"",
        "restarts: beta",
        "configuration 2 is kept",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(in_force(&node), fs::read_to_string(&file).unwrap());
    assert_eq!(node.device("alpha")["generation"], 1);
    let again = apply(&node, &file, &[]);
    assert!(again.out.contains("in force already"), "{}", again.out);
    let history = node.dkvm(&["config", "history"]).out;
    assert!(
        history.contains("kept") && history.contains("less"),
        "{history}"
    );
    let back = node.dkvm(&["config", "rollback"]);
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(in_force(&node), before);
    assert_eq!(node.dkvm(&["config", "get", "2"]).code, 0);
    assert!(node
        .dkvm(&["config", "get", "9"])
        .err
        .contains("no configuration 9"));
}

#[test]
fn what_is_wrong_is_told_with_file_and_line_and_changes_nothing() {
    let node = start();
    let before = in_force(&node);
    let file = changed(&node, "memorry = 1\nafter = [\"alhpa\"]");
    for command in ["check", "apply"] {
        let said = node.dkvm(&["config", command, file.to_str().unwrap()]);
        assert_eq!(said.code, 1);
        for part in [
            "new.toml:10: device.beta.memorry: is no key of this table; did you mean \"memory\"?",
            "there is no device \"alhpa\"",
            "of a newer version",
            "2 mistakes found: nothing was changed",
        ] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
    }
    assert_eq!(in_force(&node), before);
    assert_eq!(
        node.json(&["config", "history"])["entries"],
        serde_json::json!([])
    );
}

#[test]
fn one_that_does_not_come_up_is_taken_back_and_told() {
    let node = start();
    let before = in_force(&node);
    let text = before.replace(
        "[device.beta]\ncommand = ",
        "[device.beta]\ncommand = [\"/bin/false\"]\n#",
    );
    let mut child = node.command(&["config", "apply", "-"]);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("configuration 2 was taken back: beta does not come up: "),
        "{}",
        said.err
    );
    assert_eq!(in_force(&node), before);
    node.wait_phase("beta", "running");
    let status = node.dkvm(&["config"]).out;
    assert!(
        status.contains("configuration 1") && status.contains("taken back"),
        "{status}"
    );
}

#[test]
fn a_script_confirms_by_a_call_of_its_own() {
    let node = start();
    let before = in_force(&node);
    let file = changed(&node, "memory = \"1M\"");
    let said = apply(&node, &file, &["--confirm", "60"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("`dkvm config confirm 2` within"),
        "{}",
        said.out
    );
    assert_eq!(node.json(&["config"])["trial"]["unconfirmed"], true);
    assert!(apply(&node, &changed(&node, "nice = 1"), &[])
        .err
        .contains("is on trial"));
    assert_eq!(node.dkvm(&["config", "rollback"]).code, 0);
    assert_eq!(in_force(&node), before);
    assert_eq!(
        apply(
            &node,
            &changed(&node, "memory = \"1M\""),
            &["--confirm", "60"]
        )
        .code,
        0
    );
    let said = node.dkvm(&["config", "confirm"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "configuration 3 is kept\n")
    );
    assert_eq!(number(&node), 3);
    assert!(node
        .dkvm(&["config", "confirm"])
        .err
        .contains("no configuration is on trial"));
    let late = apply(&node, &changed(&node, ""), &["--confirm", "1", "--json"]);
    assert!(late.out.contains("\"outcome\":\"trial\""), "{}", late.out);
    node.wait("it to be taken back", |node| number(node) == 3);
}

/// A person at a terminal.
struct Person {
    hand: File,
    child: Child,
    seen: String,
}

impl Person {
    fn at(node: &Node, editor: &str, args: &[&str]) -> Self {
        let hand = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&hand).unwrap();
        unlockpt(&hand).unwrap();
        let name = ptsname(&hand, Vec::new()).unwrap().into_string().unwrap();
        let screen = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let script = node.path("editor");
        fs::write(&script, format!("#!/bin/sh\n{editor}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let child = node
            .command(args)
            .env("EDITOR", &script)
            .env_remove("VISUAL")
            .env("TMPDIR", node.dir.path())
            .stdin(screen.try_clone().unwrap())
            .stdout(screen.try_clone().unwrap())
            .stderr(screen)
            .spawn();
        Self {
            hand: hand.into(),
            child: child.unwrap(),
            seen: String::new(),
        }
    }

    fn read_until(&mut self, text: &str) {
        let patience = Timespec {
            tv_sec: 30,
            tv_nsec: 0,
        };
        let mut chunk = [0; 4096];
        while !self.seen.contains(text) {
            let mut fds = [PollFd::new(&self.hand, PollFlags::IN)];
            let ready = poll(&mut fds, Some(&patience)).unwrap();
            assert_eq!(ready, 1, "waited in vain for {text:?}: {}", self.seen);
            let count = self.hand.read(&mut chunk).unwrap_or_default();
            assert!(count > 0, "it ended before {text:?}: {}", self.seen);
            self.seen
                .push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
    }

    fn answer(&mut self, text: &str) {
        self.hand.write_all(text.as_bytes()).unwrap();
    }

    fn end(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}

/// Wrong at first, right when it is called again.
const TWICE: &str = "if grep -q nicer \"$1\"; then sed -i 's/nicer/nice/' \"$1\"; else sed -i '/^\\[device.beta\\]/a nicer = 3' \"$1\"; fi; stat -c %a \"$1\" > \"$(dirname \"$1\")/mode\"";

#[test]
fn a_person_edits_corrects_and_keeps_it() {
    let node = start();
    let mut person = Person::at(&node, TWICE, &["config", "edit"]);
    person.read_until("device.beta.nicer: is no key");
    person.read_until("Go on editing?");
    person.answer("\n");
    person.read_until("+nice = 3");
    person.read_until("Keep this configuration?");
    person.answer("y\n");
    person.read_until("configuration 2 is kept");
    assert_eq!(person.end(), 0);
    assert!(in_force(&node).contains("nice = 3"));
    assert_eq!(fs::read_to_string(node.path("mode")).unwrap(), "600\n");
    let drafts = fs::read_dir(node.dir.path()).unwrap().flatten();
    let left = drafts.filter(|f| f.file_name().to_string_lossy().starts_with("dkvm-config"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_person_who_says_no_has_the_one_before_at_once() {
    let node = start();
    let before = in_force(&node);
    let editor = "sed -i '/^\\[device.beta\\]/a nice = 3' \"$1\"";
    let mut person = Person::at(&node, editor, &["config", "edit"]);
    person.read_until("Keep this configuration?");
    person.answer("\n");
    person.read_until("configuration 2 was taken back");
    person.read_until("Your text is kept in");
    assert_eq!(person.end(), 1);
    assert_eq!(in_force(&node), before);
}

#[test]
fn a_text_that_somebody_elses_change_overtook_is_kept() {
    let node = start();
    let other = changed(&node, "memory = \"1M\"");
    // While the person edits.
    let editor = format!(
        "sed -i '/^\\[device.beta\\]/a nice = 3' \"$1\"; {} --socket {} config apply {} --confirm none",
        common::PROGRAM,
        node.path("run/kernel.sock").display(),
        other.display()
    );
    let mut person = Person::at(&node, &editor, &["config", "edit"]);
    person.read_until("was changed since this one was made from it");
    person.read_until("Your text is kept in");
    assert_eq!(person.end(), 1);
    assert_eq!(in_force(&node), fs::read_to_string(&other).unwrap());
}

/// `there` is the node `office` for a node that has nothing else; the way to it breaks once.
fn away(method: &'static str, lost: Lost) -> (Node, Node, std::sync::Arc<Way>) {
    let (here, there) = (Node::start(""), start());
    let way = Way::open(&here, &there, method, lost);
    (here, there, way)
}

#[test]
fn a_yes_that_the_broken_way_lost_is_said_again() {
    let (here, there, way) = away("config.confirm", Lost::Request);
    let file = changed(&there, "memory = \"1M\"");
    let file = file.to_str().unwrap();
    let said = here.dkvm(&["--node", "office", "config", "apply", file]);
    assert!(way.has_broken(), "{said:?}");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("configuration 2 is kept"), "{said:?}");
    assert_eq!(number(&there), 2);
}

#[test]
fn a_no_that_the_broken_way_lost_is_said_again() {
    let (here, there, way) = away("config.rollback", Lost::Answer);
    let before = in_force(&there);
    let file = changed(&there, "memory = \"1M\"");
    let args = ["config", "apply", file.to_str().unwrap()];
    let mut person = Person::at(&here, "", &[&["--node", "office"], &args[..]].concat());
    person.read_until("Keep this configuration?");
    person.answer("n\n");
    person.read_until("configuration 2 was taken back");
    assert_eq!(person.end(), 1);
    assert!(way.has_broken());
    assert_eq!(in_force(&there), before);
}

#[test]
fn an_apply_whose_answer_is_lost_is_seen_through() {
    let (here, there, way) = away("config.apply", Lost::Answer);
    let file = changed(&there, "memory = \"1M\"");
    let file = file.to_str().unwrap();
    let said = here.dkvm(&["--node", "office", "config", "apply", file]);
    assert!(way.has_broken(), "{said:?}");
    assert_eq!(said.code, 0, "{}", said.err);
    for part in ["restarts: beta", "configuration 2 is kept"] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
    assert!(said.err.contains("the link to the node office broke"));
    assert_eq!(number(&there), 2);
}

#[test]
fn an_apply_that_never_came_there_is_none() {
    let (here, there, way) = away("config.apply", Lost::Request);
    let file = changed(&there, "memory = \"1M\"");
    let file = file.to_str().unwrap();
    // One of the same text that was there before is another.
    let older = there.dkvm(&["config", "apply", file, "--confirm", "60"]);
    assert_eq!(older.code, 0, "{}", older.err);
    assert_eq!(there.dkvm(&["config", "rollback"]).code, 0);
    let said = here.dkvm(&["--node", "office", "config", "apply", file]);
    assert!(way.has_broken(), "{said:?}");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("over config.apply"), "{}", said.err);
    assert_eq!(number(&there), 1);
}

#[test]
fn a_no_after_the_trial_has_ended_goes_no_further_back() {
    let node = start();
    let first = changed(&node, "memory = \"1M\"");
    assert_eq!(apply(&node, &first, &[]).code, 0);
    let second = changed(&node, "nice = 3");
    let args = ["config", "apply", second.to_str().unwrap()];
    let mut person = Person::at(&node, "", &args);
    person.read_until("Keep this configuration?");
    // Somebody else was faster.
    assert_eq!(node.dkvm(&["config", "rollback"]).code, 0);
    person.answer("n\n");
    person.read_until("configuration 3 was taken back");
    assert_eq!(person.end(), 1);
    assert_eq!(number(&node), 2);
    assert_eq!(
        node.json(&["config", "history"])["entries"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn one_that_the_node_knows_nothing_of_any_more_is_not_said_to_be_kept() {
    let mut node = start();
    let file = node.path("new.toml");
    let late = in_force(&node) + "\n[device.beta.config]\nlate_ms = 10000\n";
    fs::write(&file, late).unwrap();
    let args = ["config", "apply", file.to_str().unwrap()];
    let mut command = node.command(&args);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    node.wait("a trial", |node| {
        node.json(&["config"])["trial"]["number"] == 2
    });
    node.kill();
    fs::remove_dir_all(node.path("dkvm.toml.history")).unwrap();
    fs::remove_file(node.path("dkvm.toml.trial")).unwrap();
    node.launch();
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err
            .contains("does not know configuration 2: it is not in force"),
        "{}",
        said.err
    );
}
