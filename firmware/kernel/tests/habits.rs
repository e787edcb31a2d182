//! Each bad habit costs the device that has it, and is told in a line that a person understands.

#![allow(clippy::expect_used)]

mod common;

use common::{device, wait_for, Kernel};
use dkvm_wire::service::Phase;

/// Runs the habit beside a good device; waits for the line; the good one must not have been touched.
fn costs_itself_alone(habit: &str, rest: &str, told: &str) -> Kernel {
    let text = device("bad", &format!("habit {habit}"), rest) + &device("good", "puppet", "");
    let mut kernel = Kernel::start(&text);
    kernel.wait_ready("good", 1);
    wait_for(&format!("the line {told:?}"), || {
        kernel
            .log_of("bad")
            .into_iter()
            .find(|line| line.text.contains(told))
    });
    let good = kernel.info("good");
    assert_eq!(
        (good.phase, good.generation.0, good.deaths),
        (Phase::Running, 1, 0)
    );
    kernel
}

#[test]
fn silent() {
    costs_itself_alone("silent", "", "said no hello within 3000 ms");
}

#[test]
fn prints_on_stdout() {
    costs_itself_alone("prints", "", "its stdout begins with \"Hello! I am");
}

#[test]
fn garbage() {
    costs_itself_alone("garbage", "", "no message of the protocol");
}

#[test]
fn oversize() {
    costs_itself_alone("oversize", "", "is over the limit of 65536");
}

#[test]
fn never_ready() {
    costs_itself_alone("unready", "ready_ms = 300", "was not ready within 300 ms");
}

#[test]
fn never_reads() {
    costs_itself_alone(
        "never-reads",
        "heartbeat_ms = 300",
        "did not answer for 300 ms",
    );
}

#[test]
fn floods() {
    costs_itself_alone("floods", "", "20000 messages within a second");
}

#[test]
fn chatters() {
    let mut kernel = costs_itself_alone("chatters", "", "chatter 199");
    let lines = kernel
        .log_of("bad")
        .iter()
        .filter(|line| line.text.starts_with("chatter"))
        .count();
    assert!(lines < 500, "{lines}");
}

#[test]
fn ignores_goodbye() {
    let mut kernel = costs_itself_alone("ignores-goodbye", "", "is ready");
    let pid = kernel.info("bad").pid.expect("it runs");
    let named = common::named("bad");
    kernel
        .client()
        .call::<_, dkvm_wire::service::Nothing>("devices.stop", &named)
        .expect("stops");
    kernel.wait_phase("bad", Phase::Stopped);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn forks_and_leaves_children() {
    let kernel = costs_itself_alone("forks", "", "processes behind: killed");
    let us = format!(
        "DKVM_RUN_DIR={}",
        kernel.dir.path().join("run/bad").display()
    );
    drop(kernel);
    assert_eq!(processes_with(&us), Vec::<String>::new());
}

/// Command lines of all processes whose environment holds this.
fn processes_with(word: &str) -> Vec<String> {
    let contains = |bytes: Vec<u8>| {
        bytes
            .split(|byte| *byte == 0)
            .any(|part| part == word.as_bytes())
    };
    let pids = common::entries(std::path::Path::new("/proc"));
    let found = pids
        .into_iter()
        .filter(|pid| std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(contains));
    found
        .map(|pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default())
        .collect()
}
