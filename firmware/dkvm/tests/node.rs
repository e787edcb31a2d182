//! The commands against a real kernel with real devices.

#![allow(clippy::unwrap_used)]

mod common;

use common::node::{device, lives, signal, Node};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn pid(device: &serde_json::Value) -> u32 {
    u32::try_from(device["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn ps_and_info_show_what_runs() {
    let node = Node::start(&(device("alpha", "") + &device("beta", "enabled = false")));
    let alpha = node.wait_phase("alpha", "running");
    assert!(lives(pid(&alpha)));
    assert_eq!(
        (&alpha["generation"], &alpha["deaths"]),
        (&1.into(), &0.into())
    );
    assert_eq!(node.device("beta")["desired"], "held");
    let text = node.dkvm(&["ps"]).out;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("NAME") && lines[1].starts_with("alpha  running"),
        "{text}"
    );
    let info = node.json(&["info"]);
    assert_eq!(info["kernel"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(info["memory"]["budget"].as_u64().unwrap() > 0);
    assert!(node.dkvm(&["info"]).out.contains("memory   - of "));
}

#[test]
fn start_stop_and_restart_do_so() {
    let node = Node::start(&device("alpha", ""));
    let first = node.wait_phase("alpha", "running");
    let said = node.dkvm(&["stop", "alpha"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("alpha is stop"), "{}", said.out);
    node.wait_phase("alpha", "stopped");
    assert!(!lives(pid(&first)));
    assert_eq!(node.json(&["start", "alpha"])["desired"], "up");
    let second = node.wait_phase("alpha", "running");
    assert_eq!(second["generation"], 2);
    assert_eq!(node.dkvm(&["restart", "alpha"]).code, 0);
    node.wait("another life", |node| {
        node.device("alpha")["generation"] == 3
    });
    let third = node.wait_phase("alpha", "running");
    assert_ne!(pid(&second), pid(&third));
    assert_eq!(third["deaths"], 0, "what was asked for is no death");
}

#[test]
fn a_name_that_is_not_there_is_told_with_those_that_are() {
    let node =
        Node::start(&(device("alpha", "enabled = false") + &device("beta", "enabled = false")));
    for command in ["start", "stop", "restart", "deaths", "logs"] {
        let said = node.dkvm(&[command, "alhpa"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        let expected = "dkvm: there is no device \"alhpa\" (did you mean \"alpha\"?); devices are: alpha, beta";
        assert!(said.err.starts_with(expected), "{}", said.err);
    }
}

#[test]
fn a_death_is_kept_with_its_cause_and_last_words() {
    let node = Node::start(&device("alpha", ""));
    assert_eq!(node.dkvm(&["deaths"]).out, "no device has died\n");
    let first = node.wait_phase("alpha", "running");
    node.wait("its first words", |node| {
        node.dkvm(&["logs", "alpha"]).out.contains("this is life 1")
    });
    signal(pid(&first), Signal::KILL);
    node.wait("the next life", |node| {
        node.device("alpha")["generation"] == 2
    });
    node.wait_phase("alpha", "running");
    let deaths = node.json(&["deaths", "alpha", "-n", "1"]);
    let death = &deaths["deaths"][0];
    assert_eq!(
        (&death["name"], &death["generation"]),
        (&"alpha".into(), &1.into())
    );
    assert!(
        death["cause"].as_str().unwrap().contains("SIGKILL"),
        "{death}"
    );
    let text = node.dkvm(&["deaths"]).out;
    assert!(text.starts_with("alpha (generation 1) died "), "{text}");
    assert!(
        text.contains("\n    ") && text.contains("this is life 1 of alpha"),
        "{text}"
    );
    assert_eq!(node.device("alpha")["deaths"], 1);
}

#[test]
fn logs_are_told_per_device_and_followed() {
    let ticking = device("alpha", "[device.alpha.config]\nticks = true");
    let node = Node::start(&(ticking + &device("beta", "")));
    node.wait_phase("beta", "running");
    node.wait("its first words", |node| {
        node.dkvm(&["logs", "beta"])
            .out
            .contains("warn  this is life 1 of beta")
    });
    assert!(!node.dkvm(&["logs", "beta"]).out.contains("tick"));
    let mut follow = node
        .command(&["logs", "-f", "--json", "alpha"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let texts =
        lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let ticks = texts.inspect(|line| assert_eq!(line["device"], "alpha"));
    let counts = ticks.filter_map(|line| {
        line["text"]
            .as_str()?
            .strip_prefix("tick ")?
            .parse::<u64>()
            .ok()
    });
    let seen: Vec<u64> = counts.take(8).collect();
    follow.kill().unwrap();
    follow.wait().unwrap();
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 10),
        "none twice, none missing: {seen:?}"
    );
}

#[test]
fn a_reader_that_has_enough_ends_the_command_quietly() {
    let node = Node::start(&device("alpha", "[device.alpha.config]\nticks = true"));
    let mut follow = node
        .command(&["logs", "-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(follow.stdout.take());
    let output = follow.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn follow_tells_when_the_kernel_ends() {
    let mut node = Node::start(&device("alpha", ""));
    let follow = node
        .command(&["logs", "-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut follow = follow;
    let mut first = String::new();
    BufReader::new(follow.stdout.as_mut().unwrap())
        .read_line(&mut first)
        .unwrap();
    node.end();
    let said = common::said(&follow.wait_with_output().unwrap());
    assert_eq!(said.code, 1);
    assert!(said.err.contains("has ended, or restarts"), "{}", said.err);
}

#[test]
fn top_measures_rates() {
    let ticking = device("alpha", "[device.alpha.config]\nticks = true");
    let routes = "[[route]]\ntopic = \"toy.tick\"\nfrom = \"alpha\"\nto = [\"beta\"]\n";
    let node = Node::start(&(ticking + &device("beta", "") + routes));
    node.wait_phase("alpha", "running");
    node.wait_phase("beta", "running");
    let picture = node.json(&["top", "--once", "--interval", "500"]);
    let (alpha, beta) = (&picture["devices"][0], &picture["devices"][1]);
    assert!(alpha["events_out"].as_f64().unwrap() > 1.0, "{picture}");
    assert!(beta["events_in"].as_f64().unwrap() > 1.0, "{picture}");
    assert!(alpha["rss"].as_u64().unwrap() > 100_000, "{picture}");
    let text = node.dkvm(&["top", "--once", "--interval", "100"]).out;
    assert!(
        text.contains("EV OUT/S") && text.contains("\nalpha  running"),
        "{text}"
    );
}

#[test]
fn reload_touches_what_changed_and_refuses_what_is_wrong() {
    let alpha = device("alpha", "");
    let node = Node::start(&alpha);
    let before = node.wait_phase("alpha", "running");
    assert_eq!(node.dkvm(&["reload"]).out, "no device had to be touched\n");
    node.configure(&(alpha.clone() + &device("beta", "")));
    assert_eq!(node.dkvm(&["reload"]).out, "started: beta\n");
    node.wait_phase("beta", "running");
    node.configure(&(alpha.clone() + "nicee = 3\n"));
    let said = node.dkvm(&["reload"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("device.alpha.nicee") && said.err.contains("did you mean \"nice\"?"),
        "{}",
        said.err
    );
    node.configure(&alpha);
    assert_eq!(node.json(&["reload"])["stopped"][0], "beta");
    assert_eq!(
        pid(&node.device("alpha")),
        pid(&before),
        "alpha was never touched"
    );
}

#[test]
fn a_kernel_with_a_wrong_configuration_does_not_start() {
    let node = Node::start("");
    node.configure("[devise.x]\ncommand = [\"x\"]\n");
    let said = common::said(&node.kernel_command().output().unwrap());
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("devise: is no key of this table"),
        "{}",
        said.err
    );
}

#[test]
fn two_kernels_do_not_share_a_run_directory() {
    let node = Node::start("");
    let said = common::said(&node.kernel_command().output().unwrap());
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(
        said.err.contains("kernel") && said.err.contains("run"),
        "{}",
        said.err
    );
    assert_eq!(node.dkvm(&["info"]).code, 0, "the first one still answers");
}

#[test]
fn the_kernels_end_leaves_nothing() {
    let mut node = Node::start(&device("alpha", ""));
    let alpha = node.wait_phase("alpha", "running");
    assert_eq!(node.end(), Some(0), "{}", node.log());
    assert!(!lives(pid(&alpha)));
    assert_eq!(fs::read_dir(node.path("shm")).unwrap().count(), 0);
    let said = node.dkvm(&["ps"]);
    assert!(
        said.err.starts_with("dkvm: no kernel is running"),
        "{}",
        said.err
    );
}

#[test]
fn what_a_killed_kernel_leaves_is_gone_at_the_next_start() {
    let mut node = Node::start(&device("alpha", ""));
    let first = node.wait_phase("alpha", "running");
    let left = fs::read_dir(node.path("shm"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    node.kill();
    node.wait("the device's end", |_| !lives(pid(&first)));
    assert!(left.exists());
    node.launch();
    node.wait_phase("alpha", "running");
    assert!(!left.exists());
    assert_eq!(fs::read_dir(node.path("shm")).unwrap().count(), 1);
}
