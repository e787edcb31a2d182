//! The device as a process, with programs that do what programs do.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use serde_json::{json, Value};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

const BAD_CONFIG: i32 = 78;
const INTERNAL: i32 = 70;

fn start(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-service"));
    FakeKernel::start(launch, Setup::new("nodes").config(config))
}

/// A device that runs a shell script.
fn script(text: &str) -> Value {
    json!({ "program": ["sh", "-c", text] })
}

fn exists(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]);
    state.is_some_and(|state| state != b'Z' && state != b'X')
}

/// The open files of a process, by descriptor.
fn open_files(pid: &str) -> BTreeMap<String, PathBuf> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).expect("its files");
    let file = |entry: fs::DirEntry| {
        let link = fs::read_link(entry.path()).ok()?;
        Some((entry.file_name().into_string().ok()?, link))
    };
    fds.flatten().filter_map(file).collect()
}

fn is_pipe(file: &Path) -> bool {
    file.to_string_lossy().starts_with("pipe:")
}

/// Waits as long as it takes: a test that hangs here is one that fails.
fn until(done: impl Fn() -> bool) {
    while !done() {
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_it_writes_is_the_log_and_it_ends_when_told() -> Result<(), Failure> {
    let mut kernel = start(script("echo out; echo err >&2; exec sleep 600"))?;
    kernel.ready()?;
    kernel.expect_log("out")?;
    kernel.expect_log("err")?;
    kernel.goodbye()?;
    kernel.expect_no_leftovers()
}

#[test]
fn it_gets_nothing_of_the_protocol() -> Result<(), Failure> {
    let mut kernel = start(script("cat; echo pid=$$; exec sleep 600"))?;
    kernel.ready()?;
    // What it reads ends at once: it got past `cat`.
    let line = kernel.expect_log("pid=")?;
    let pid = line.rsplit('=').next().expect("a number").trim().to_owned();
    until(|| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n"));
    let device = kernel.pid().expect("a process").to_string();
    let (its, own) = (open_files(&pid), open_files(&device));
    assert_eq!(its["0"], Path::new("/dev/null"));
    assert_eq!((&its["1"], &its["2"]), (&own["2"], &own["2"]));
    // Whoever started this test may have left something open, which all three have under one number.
    let ours = open_files("self");
    let inherited = |fd: &str| ours.get(fd) == own.get(fd);
    let leaks = own
        .iter()
        .filter(|(fd, file)| is_pipe(file) && **file != own["2"] && !inherited(fd))
        .filter(|(_, file)| its.values().any(|one| one == *file));
    assert_eq!(leaks.count(), 0, "{own:?} {its:?}");
    kernel.goodbye()
}

#[test]
fn an_end_of_its_own_is_told_in_words() -> Result<(), Failure> {
    let mut kernel = start(script("exit 3"))?;
    kernel.expect_log("sh ended with exit code 3")?;
    kernel.expect_end(INTERNAL)?;
    let mut kernel = start(script("kill -9 $$"))?;
    kernel.expect_log("sh was ended by signal 9 (SIGKILL)")?;
    kernel.expect_end(INTERNAL)?;
    let mut kernel = start(script("exit 0"))?;
    kernel.expect_end(0)
}

#[test]
fn what_it_requires_is_waited_for() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let key = directory.path().join("key");
    let mut kernel =
        start(json!({ "program": ["sh", "-c", "echo let-in; exec sleep 600"], "requires": key }))?;
    kernel.ready()?;
    kernel.expect_log("sh is started as soon as")?;
    assert!(!kernel.log().iter().any(|line| line.contains("let-in")));
    fs::write(key, "").expect("written");
    kernel.expect_log("let-in")?;
    kernel.goodbye()
}

#[test]
fn it_leaves_while_it_waits() -> Result<(), Failure> {
    let mut kernel = start(json!({ "program": ["sleep", "600"], "requires": "/nowhere/key" }))?;
    kernel.ready()?;
    kernel.goodbye()
}

#[test]
fn a_program_that_is_not_there_is_a_wrong_configuration() -> Result<(), Failure> {
    let mut kernel = start(json!({ "program": ["no-such-program"] }))?;
    kernel.expect_log("no-such-program")?;
    kernel.expect_end(BAD_CONFIG)?;
    let mut kernel = start(json!({}))?;
    kernel.expect_log("program")?;
    kernel.expect_end(BAD_CONFIG)
}

#[test]
fn a_file_says_when_it_is_ready_but_not_an_old_one() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (pid, go) = (path("pid"), path("go"));
    fs::write(&pid, "old").expect("written");
    let text = format!("echo waits; until [ -e {go} ]; do sleep 0.02; done; rm {pid}; echo $$ > {pid}; exec sleep 600");
    let mut config = script(&text);
    config["ready"] = json!(pid);
    let mut kernel = start(config)?;
    kernel.expect_log("waits")?;
    kernel.ping()?;
    let early = kernel.within(Duration::from_millis(200), "ready")?;
    assert!(early.is_none(), "the old file counted as ready");
    fs::write(&go, "").expect("written");
    kernel.ready()?;
    kernel.goodbye()
}

#[test]
fn the_environment_and_the_signal_are_as_configured() -> Result<(), Failure> {
    // One that whoever started this test does not ignore: in a shell's background INT and QUIT are ignored, by nohup HUP, and what
    // is ignored at its start a shell cannot trap.
    let mut config = script("trap 'echo bye $WHO; exit 0' USR1; echo up; while :; do :; done");
    config["stop_signal"] = json!("USR1");
    config["environment"] = json!({ "WHO": "anna" });
    let mut kernel = start(config)?;
    kernel.expect_log("up")?;
    kernel.goodbye()?;
    kernel.expect_log("bye anna").map(|_| ())
}

#[test]
fn all_that_it_started_is_told_to_end() -> Result<(), Failure> {
    let mut kernel = start(script(
        "(trap 'echo child has ended; exit' TERM; echo child; while :; do :; done) & wait",
    ))?;
    kernel.expect_log("child")?;
    kernel.goodbye()?;
    kernel.expect_log("child has ended").map(|_| ())
}

#[test]
fn one_that_does_not_end_is_killed_with_all_that_it_started() -> Result<(), Failure> {
    let mut kernel = start(script("trap '' TERM; sh -c 'trap \"\" TERM; echo child; while :; do sleep 1; done' & while :; do sleep 1; done"))?;
    kernel.expect_log("child")?;
    kernel.goodbye()?;
    kernel.expect_log("did not end within")?;
    kernel.expect_no_leftovers()
}

#[test]
fn it_does_not_outlive_a_device_that_is_killed() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let pid = directory.path().join("pid");
    let config = script(&format!("echo $$ > {}; exec sleep 600", pid.display()));
    let mut kernel = start(config)?;
    kernel.ready()?;
    let program = wait_for_text(&pid);
    assert!(exists(program.trim()));
    let device = kernel.pid().expect("a process");
    let device = rustix::process::Pid::from_raw(i32::try_from(device).expect("small"));
    rustix::process::kill_process(device.expect("not 0"), rustix::process::Signal::KILL)
        .expect("killed");
    until(|| !exists(program.trim()));
    Ok(())
}

fn wait_for_text(path: &Path) -> String {
    until(|| fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n')));
    fs::read_to_string(path).expect("a file")
}
