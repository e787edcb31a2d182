//! The conformance suite passes those who behave and fails those who do not.

use dkvm_testkit::{
    conformance::{checks, expect_all, Subject},
    Failure,
};
use serde_json::json;
use std::time::Duration;

/// Enough to fail one that never answers; one that fails for being slow would fail only what must fail.
const SHORT: Duration = Duration::from_millis(400);

fn misbehave(habit: &str) -> Subject {
    Subject::new(env!("CARGO_BIN_EXE_dkvm-misbehave")).arg(habit)
}

#[test]
fn a_device_of_the_sdk_conforms() -> Result<(), Failure> {
    expect_all(&Subject::new(env!("CARGO_BIN_EXE_dkvm-echo")).config(json!({ "prefix": "> " })))
}

#[test]
fn a_device_by_hand_conforms() -> Result<(), Failure> {
    expect_all(&misbehave("well"))
}

/// Runs one check on a device that must fail it; gives what it says, or nothing if it passes.
fn sentence(subject: &Subject, name: &str) -> String {
    let verdicts = checks()
        .filter(|check| check.name == name)
        .map(|check| check.run(&subject.clone().patience(SHORT)));
    verdicts
        .filter_map(Result::err)
        .map(|failure| failure.to_string())
        .collect()
}

#[test]
fn each_bad_habit_fails_its_check() {
    let expected = [
        ("silent", "hello", "nothing in time"),
        ("garbage", "hello", "not a dKVM device"),
        ("exit-at-once", "hello", "end of its output"),
        ("never-ready", "ready", "no event ready"),
        ("hung", "ping", "no answer to ping"),
        ("deaf", "goodbye", "does not end"),
        ("ignore-goodbye", "goodbye", "does not end"),
        ("ignore-goodbye", "kernel-gone", "does not end"),
        ("garbage-later", "ping", "broke the protocol"),
        ("oversize", "ping", "over the limit"),
        ("print", "ping", "over the limit"),
        ("hold", "leases", "was not released"),
        ("thief", "ping", "which it does not hold"),
    ];
    for (habit, check, expected) in expected {
        let told = sentence(&misbehave(habit), check);
        assert!(told.contains(expected), "{habit} in {check}: {told:?}");
    }
}

#[test]
fn children_that_are_left_are_found() {
    let told = sentence(&misbehave("fork").arg("--code").arg("0"), "kernel-gone");
    assert!(told.contains("child of the device"), "{told:?}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let told = sentence(&Subject::new("/no/such/device"), "hello");
    assert!(
        told.contains("/no/such/device cannot be started"),
        "{told:?}"
    );
}
