//! The device as a process, with an interface that is none, a DHCP server and a packet filter of the test's.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::{FunctionInfo, GadgetState, UsbState},
        usbnet::{methods, UsbnetSet, UsbnetState},
    },
    ErrorCode,
};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// For another process to have done something, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(90);
const LASTS: &str = "echo $$ $* >>$(dirname $0)/served; exec sleep 600";
const TAKES: &str = "cat >>$(dirname $0)/rules";

/// A directory with the two programs, and what they were told.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new(server: &str, filter: &str) -> Self {
        let bench = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        bench.program("dnsmasq", server);
        bench.program("nft", filter);
        for folder in ["run", "state"] {
            fs::create_dir(bench.path(folder)).expect("made");
        }
        bench
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("made executable");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self) -> Result<FakeKernel, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-usbnet"))
            .env("DKVM_RUN_DIR", self.path("run"))
            .env("DKVM_STATE_DIR", self.path("state"));
        let setup = Setup::new("usbnet").config(json!({
            "backend": "dummy", "address": "172.31.7.1/29", "dnsmasq": self.path("dnsmasq"), "nft": self.path("nft"),
        }));
        let mut kernel = FakeKernel::start(launch, setup)?;
        kernel.ready()?;
        kernel.emit("gadget", topics::GADGET_STATE, &gadget("dummy0"))?;
        kernel.expect_that(topics::USBNET_STATE, |state: &UsbnetState| {
            state.interface.is_some()
        })?;
        Ok(kernel)
    }

    /// The lines of a file, once there are so many.
    fn lines(&self, name: &str, count: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let lines: Vec<_> = text(&self.path(name)).lines().map(str::to_owned).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(began.elapsed() < PATIENCE, "{name} holds only {lines:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn gadget(interface: &str) -> GadgetState {
    let function = FunctionInfo {
        name: "network".into(),
        device: interface.into(),
        traits: Vec::new(),
    };
    GadgetState {
        state: UsbState::Configured,
        udc: "dummy".into(),
        speed: "high-speed".into(),
        binding: 1,
        functions: vec![function],
        profile: "desk".into(),
        profiles: Vec::new(),
    }
}

fn pid(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

fn is_gone(pid: &str) -> bool {
    let stat = text(&Path::new("/proc").join(pid).join("stat"));
    stat.is_empty() || stat.contains(") Z ")
}

#[test]
fn the_target_gets_an_address_and_nothing_else() -> Result<(), Failure> {
    let bench = Bench::new(LASTS, TAKES);
    let mut kernel = bench.start()?;
    let served = bench.lines("served", 1);
    assert!(
        served[0].contains("--interface=dummy0") && served[0].contains("--port=0"),
        "{served:?}"
    );
    let rules = text(&bench.path("rules"));
    assert!(
        rules.contains("iifname \"dummy0\" drop") && !rules.contains("masquerade"),
        "{rules}"
    );
    let state: UsbnetState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.address.as_deref(), Some("172.31.7.1/29"));
    assert_eq!(
        (state.nat, state.isolate, state.problem),
        (false, false, None)
    );
    Ok(())
}

#[test]
fn the_server_is_started_again_and_dies_with_the_device() -> Result<(), Failure> {
    let bench = Bench::new(LASTS, TAKES);
    let mut kernel = bench.start()?;
    let first = pid(&bench.lines("served", 1)[0]).to_owned();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &first])
        .status();
    assert!(killed.is_ok_and(|status| status.success()));
    let second = pid(&bench.lines("served", 2)[1]).to_owned();
    // A device that is killed says nothing to its child: Linux does.
    kernel.kill()?;
    let began = Instant::now();
    while !is_gone(&second) {
        assert!(
            began.elapsed() < PATIENCE,
            "the server outlived the device that was killed"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn what_was_switched_is_remembered() -> Result<(), Failure> {
    let bench = Bench::new(LASTS, TAKES);
    let mut kernel = bench.start()?;
    let set = UsbnetSet {
        nat: None,
        isolate: Some(true),
    };
    let state: UsbnetState = kernel.call(methods::SET, &set)?;
    assert!(state.isolate && !state.nat);
    assert!(text(&bench.path("rules")).contains("udp dport 67 accept"));
    drop(kernel);
    let mut kernel = bench.start()?;
    let state: UsbnetState = kernel.call(methods::GET, &Nothing {})?;
    assert!(state.isolate);
    Ok(())
}

#[test]
fn a_filter_that_refuses_opens_nothing_and_changes_nothing() -> Result<(), Failure> {
    let bench = Bench::new(LASTS, "echo no such thing >&2; exit 1");
    let mut kernel = bench.start()?;
    let set = |nat, isolate| UsbnetSet { nat, isolate };
    let error = kernel.refused(methods::SET, &set(Some(true), None))?;
    assert_eq!(error.code, ErrorCode::Hardware);
    assert!(error.message.contains("no such thing"), "{error:?}");
    let error = kernel.refused(methods::SET, &set(None, Some(true)))?;
    assert!(error.message.contains("stays off"), "{error:?}");
    let state: UsbnetState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!((state.nat, state.isolate), (false, false));
    assert!(state.problem.is_some());
    Ok(())
}

#[test]
fn a_server_that_ends_at_once_is_a_sentence_with_its_last_words() -> Result<(), Failure> {
    let bench = Bench::new("echo the port is taken >&2; exit 2", TAKES);
    let mut kernel = bench.start()?;
    let state = kernel.expect_that(topics::USBNET_STATE, |state: &UsbnetState| {
        state.problem.is_some()
    })?;
    let problem = state.problem.unwrap_or_default();
    assert!(
        problem.contains("gets no address") && problem.contains("the port is taken"),
        "{problem}"
    );
    Ok(())
}

#[test]
fn without_a_network_in_the_profile_nothing_runs() -> Result<(), Failure> {
    let bench = Bench::new(LASTS, TAKES);
    let mut kernel = bench.start()?;
    let server = pid(&bench.lines("served", 1)[0]).to_owned();
    let mut none = gadget("");
    none.functions.clear();
    kernel.emit("gadget", topics::GADGET_STATE, &none)?;
    kernel.expect_that(topics::USBNET_STATE, |state: &UsbnetState| {
        state.interface.is_none()
    })?;
    assert!(is_gone(&server), "the server runs on");
    Ok(())
}
