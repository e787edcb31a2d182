//! The conformance suite passes those who behave and fails those who do not.

use dkvm_testkit::{
    conformance::{checks, expect_all, Subject},
    Failure,
};
use serde_json::json;
use std::time::Duration;

/// Enough to fail one that never answers; where a slow machine needs more, more is given.
const PATIENCES: [Duration; 3] = [
    Duration::from_millis(400),
    Duration::from_secs(3),
    Duration::from_secs(20),
];

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
fn sentence(subject: &Subject, name: &str, patience: Duration) -> String {
    let verdicts = checks()
        .filter(|check| check.name == name)
        .map(|check| check.run(&subject.clone().patience(patience)));
    verdicts
        .filter_map(Result::err)
        .map(|failure| failure.to_string())
        .collect()
}

/// The check fails with this in its sentence, within some patience.
fn expect_sentence(subject: &Subject, name: &str, expected: &str) {
    let mut told = Vec::new();
    for patience in PATIENCES {
        told.push(sentence(subject, name, patience));
        if told.iter().any(|told| told.contains(expected)) {
            return;
        }
    }
    panic!("{subject:?} in {name}: {told:?}, not {expected:?}");
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
        expect_sentence(&misbehave(habit), check, expected);
    }
}

#[test]
fn children_that_are_left_are_found() {
    let forks = misbehave("fork").arg("--code").arg("0");
    expect_sentence(&forks, "kernel-gone", "child of the device");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let subject = Subject::new("/no/such/device");
    expect_sentence(&subject, "hello", "/no/such/device cannot be started");
}
