//! The device as a process; a pseudo terminal plays the port, its other end the target.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::{FunctionInfo, GadgetState, UsbState},
        serial::{methods, HistoryFrom, SerialOutput, SerialState, SerialWrite},
    },
    ErrorCode,
};
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

/// The target's end, and the name of ours.
fn terminal() -> (File, String) {
    let target = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("a pseudo terminal");
    grantpt(&target).expect("it is ours");
    unlockpt(&target).expect("it opens");
    let name = ptsname(&target, Vec::new()).expect("a name");
    (File::from(target), name.to_string_lossy().into_owned())
}

fn start(run: &Path) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-serial")).env("DKVM_RUN_DIR", run);
    let mut kernel = FakeKernel::start(launch, Setup::new("serial"))?;
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(kernel)
}

fn bound(state: UsbState, functions: &[(&str, &str)]) -> GadgetState {
    let function = |(name, device): &(&str, &str)| {
        let value = serde_json::json!({ "name": name, "device": device });
        serde_json::from_value::<FunctionInfo>(value).expect("a function")
    };
    GadgetState {
        state,
        udc: "dummy".into(),
        speed: "high-speed".into(),
        binding: 1,
        functions: functions.iter().map(function).collect(),
        profile: "console".into(),
        profiles: Vec::new(),
    }
}

fn open(kernel: &mut FakeKernel, device: &str) -> Result<(), Failure> {
    let state = bound(UsbState::Configured, &[("serial", device)]);
    kernel.emit("gadget", topics::GADGET_STATE, &state)?;
    kernel.expect_that(topics::SERIAL_STATE, |state: &SerialState| {
        state.problem.is_none()
    })?;
    Ok(())
}

/// Reads all that is kept until there are so many bytes.
fn history(kernel: &mut FakeKernel, length: usize) -> Result<Vec<u8>, Failure> {
    let (mut log, mut bytes) = (0, Vec::new());
    while bytes.len() < length {
        let from = bytes.len() as u64;
        let wanted = HistoryFrom { log, from };
        let piece: SerialOutput = kernel.call(methods::HISTORY, &wanted)?;
        assert_eq!(piece.offset, from);
        log = piece.log;
        bytes.extend(piece.data);
    }
    Ok(bytes)
}

fn write(text: &str) -> SerialWrite {
    SerialWrite {
        data: text.as_bytes().to_vec(),
    }
}

#[test]
fn what_the_target_says_is_told_and_kept_byte_for_byte() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let (mut target, name) = terminal();
    let mut kernel = start(run.path())?;
    open(&mut kernel, &name)?;
    target.write_all(b"login: ").expect("it speaks");
    let told: SerialOutput = kernel.expect(topics::SERIAL_OUTPUT)?;
    assert_eq!((told.offset, told.data.as_slice()), (0, &b"login: "[..]));
    let said: Vec<u8> = (0..100_000u32).map(|n| ((n * 7) >> 2) as u8).collect();
    let copy = said.clone();
    let speaker = std::thread::spawn(move || target.write_all(&copy).map(|()| target));
    let kept = history(&mut kernel, 7 + said.len())?;
    assert!(kept[7..] == said[..], "another text is kept than was said");
    drop(speaker.join());
    kernel.goodbye()
}

#[test]
fn what_is_written_reaches_the_target_and_nothing_comes_back() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let (mut target, name) = terminal();
    let mut kernel = start(run.path())?;
    open(&mut kernel, &name)?;
    kernel.call::<_, Nothing>(methods::WRITE, &write("root\r\x03ä"))?;
    let mut got = [0; 8];
    target.read_exact(&mut got).expect("it hears");
    assert_eq!(&got[..], "root\r\x03ä".as_bytes());
    let state: SerialState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!((state.said, state.waiting), (0, 0));
    kernel.goodbye()
}

#[test]
fn its_death_loses_nothing_that_was_kept() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let (mut target, name) = terminal();
    let mut kernel = start(run.path())?;
    open(&mut kernel, &name)?;
    target.write_all(b"before ").expect("it speaks");
    history(&mut kernel, 7)?;
    drop(kernel); // a SIGKILL
    let mut kernel = start(run.path())?;
    assert_eq!(history(&mut kernel, 7)?, b"before ");
    open(&mut kernel, &name)?;
    target.write_all(b"after").expect("it speaks");
    assert_eq!(history(&mut kernel, 12)?, b"before after");
    kernel.goodbye()
}

#[test]
fn who_has_no_port_is_told_why() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let mut kernel = start(run.path())?;
    for (state, says) in [
        (bound(UsbState::Configured, &[("keyboard", "")]), "console"),
        (
            bound(UsbState::Unplugged, &[("serial", "/dev/ttyGS0")]),
            "unplugged",
        ),
        (
            bound(UsbState::NotAttached, &[("serial", "/nonexistent")]),
            "cable",
        ),
    ] {
        kernel.emit("gadget", topics::GADGET_STATE, &state)?;
        kernel.expect_that(topics::SERIAL_STATE, |state: &SerialState| {
            state.problem.as_ref().is_some_and(|why| why.contains(says))
        })?;
        let error = kernel.refused(methods::WRITE, &write("x"))?;
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.message.contains(says), "{error}");
    }
    let state = bound(UsbState::Configured, &[("serial", "/nonexistent")]);
    kernel.emit("gadget", topics::GADGET_STATE, &state)?;
    kernel.expect_that(topics::SERIAL_STATE, |state: &SerialState| {
        state
            .problem
            .as_ref()
            .is_some_and(|why| why.contains("/nonexistent"))
    })?;
    kernel.goodbye()
}

#[test]
fn a_target_that_does_not_read_is_found_deaf_and_holds_nothing_up() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let (mut target, name) = terminal();
    let mut kernel = start(run.path())?;
    open(&mut kernel, &name)?;
    let page = write(&"x".repeat(4096));
    let refused = loop {
        match kernel.call::<_, Nothing>(methods::WRITE, &page) {
            Ok(_) => {}
            Err(_) => break kernel.refused(methods::WRITE, &page)?,
        }
    };
    assert_eq!(refused.code, ErrorCode::Exhausted);
    kernel.expect_that(topics::SERIAL_STATE, |state: &SerialState| {
        state.waiting == 0
    })?;
    let deaf = kernel.refused(methods::WRITE, &page)?;
    assert!(deaf.message.contains("getty"), "{deaf}");
    target.write_all(b"still heard").expect("it speaks");
    assert_eq!(history(&mut kernel, 11)?, b"still heard");
    kernel.goodbye()
}

#[test]
fn a_port_that_hangs_up_is_let_go_and_opened_again() -> Result<(), Failure> {
    let run = tempfile::tempdir().expect("a folder");
    let (target, name) = terminal();
    let mut kernel = start(run.path())?;
    open(&mut kernel, &name)?;
    drop(target);
    kernel.expect_that(topics::SERIAL_STATE, |state: &SerialState| {
        state.problem.is_some()
    })?;
    let (mut target, name) = terminal();
    let state = bound(UsbState::Configured, &[("serial", &name)]);
    kernel.emit("gadget", topics::GADGET_STATE, &state)?;
    target.write_all(b"again").expect("it speaks");
    assert_eq!(history(&mut kernel, 5)?, b"again");
    kernel.goodbye()
}
