//! The device as a process, with the dummy backend that records what it writes.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::input::{methods, HidState, InputAck, InputState, Jiggle, Link, Motion, Step},
};
use rustix::fs::{mknodat, FileType, Mode, CWD};
use std::{fs, path::Path};

const A: u8 = 4;
const CAPS_LOCK: u8 = 0x39;

fn start(directory: &Path) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-hid"))
        .env("DKVM_RUN_DIR", directory)
        .env("DKVM_STATE_DIR", directory);
    let config = serde_json::json!({ "backend": "dummy", "record": directory.join("record") });
    let mut kernel = FakeKernel::start(launch, Setup::new("hid").config(config))?;
    kernel.ready()?;
    Ok(kernel)
}

/// The keyboard's reports so far, without those that change nothing.
fn keyboard(directory: &Path) -> Vec<String> {
    let record = fs::read_to_string(directory.join("record")).expect("a record");
    let mut reports: Vec<_> = record
        .lines()
        .filter_map(|line| line.strip_prefix("keyboard "))
        .map(str::to_owned)
        .collect();
    reports.dedup();
    reports
}

fn state(seq: u32, first: u32, steps: &[(u8, bool)], keys: &[u8]) -> InputState {
    let steps = steps
        .iter()
        .map(|(usage, down)| Step::Key {
            usage: *usage,
            down: *down,
        })
        .collect();
    let (keys, motion) = (keys.to_vec(), Motion::default());
    InputState {
        holder: 5,
        focus: 1,
        seq,
        first,
        steps,
        keys,
        buttons: 0,
        at: None,
        motion,
        extra: Default::default(),
    }
}

fn settled(kernel: &mut FakeKernel, steps: u32) -> Result<(), Failure> {
    while kernel.expect::<InputAck>(topics::INPUT_ACK)?.steps != steps {}
    Ok(())
}

const NOTHING: &str = "0000000000000000";
const A_DOWN: &str = "0000040000000000";

#[test]
fn a_tap_is_written_and_acknowledged() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    kernel.emit(
        "web",
        topics::INPUT,
        &state(1, 0, &[(A, true), (A, false)], &[]),
    )?;
    settled(&mut kernel, 2)?;
    assert_eq!(keyboard(directory.path()), [NOTHING, A_DOWN, NOTHING]);
    kernel.goodbye()?;
    Ok(())
}

#[test]
fn lock_keys_light_the_leds_and_a_death_leaves_them_lit() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    let tap = state(1, 0, &[(CAPS_LOCK, true), (CAPS_LOCK, false)], &[]);
    kernel.emit("web", topics::INPUT, &tap)?;
    let lit: HidState =
        kernel.expect_that(topics::HID_STATE, |state: &HidState| state.leds.caps)?;
    assert_eq!((lit.keyboard, lit.holder, lit.focus), (Link::Ok, 5, 1));
    kernel.kill()?;
    let mut kernel = start(directory.path())?;
    assert!(kernel.expect::<HidState>(topics::HID_STATE)?.leds.caps);
    Ok(())
}

#[test]
fn a_killed_device_types_nothing_twice() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    kernel.emit("web", topics::INPUT, &state(1, 0, &[(A, true)], &[A]))?;
    settled(&mut kernel, 1)?;
    kernel.kill()?;
    // The page never heard that its step was taken.
    let mut kernel = start(directory.path())?;
    kernel.emit(
        "web",
        topics::INPUT,
        &state(2, 0, &[(A, true), (A, false)], &[]),
    )?;
    settled(&mut kernel, 2)?;
    let reports = keyboard(directory.path());
    let presses = reports.iter().filter(|report| *report == A_DOWN).count();
    assert_eq!(presses, 1, "{reports:?}");
    assert_eq!(reports.last().map(String::as_str), Some(NOTHING));
    Ok(())
}

#[test]
fn what_a_dead_source_held_is_released() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    kernel.emit("web", topics::INPUT, &state(1, 0, &[(A, true)], &[A]))?;
    settled(&mut kernel, 1)?;
    kernel.source_gone("web", 1)?;
    // Whatever is answered after it was done after it.
    kernel.emit("web", topics::INPUT, &state(2, 1, &[], &[]))?;
    settled(&mut kernel, 1)?;
    assert_eq!(keyboard(directory.path()), [NOTHING, A_DOWN, NOTHING]);
    Ok(())
}

#[test]
fn a_goodbye_releases_everything() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    kernel.emit("web", topics::INPUT, &state(1, 0, &[(A, true)], &[A]))?;
    settled(&mut kernel, 1)?;
    kernel.goodbye()?;
    assert_eq!(
        keyboard(directory.path()).last().map(String::as_str),
        Some(NOTHING)
    );
    Ok(())
}

#[test]
fn a_card_that_hangs_holds_no_key_up() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    // A pipe that nobody reads is never opened for writing.
    let card = directory.path().join("jiggle.new");
    mknodat(CWD, &card, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    let mut kernel = start(directory.path())?;
    kernel.call::<_, Nothing>(methods::JIGGLE, &Jiggle { every_s: 60 })?;
    kernel.emit(
        "web",
        topics::INPUT,
        &state(1, 0, &[(A, true), (A, false)], &[]),
    )?;
    settled(&mut kernel, 2)?;
    kernel.goodbye()?;
    Ok(())
}

#[test]
fn rubbish_is_told_and_survived() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("applied"), [0xff; 4096]).expect("a file");
    let mut kernel = start(directory.path())?;
    kernel.emit("web", topics::INPUT, "rubbish")?;
    kernel.emit("gadget", topics::GADGET_STATE, &[1, 2, 3])?;
    kernel.emit(
        "web",
        topics::INPUT,
        &state(1, 0, &[(A, true), (A, false)], &[]),
    )?;
    settled(&mut kernel, 2)?;
    // The log comes by another pipe than the acknowledgement, and may be later.
    kernel.expect_log("input.hid")?;
    Ok(())
}
