//! The kernel itself: its end, its successor, its configuration, its clients.

#![allow(clippy::expect_used)]

mod common;

use common::{code_of, device, entries, named, route, signal, wait_for, Kernel, RIG};
use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::service::{methods, Applied, DeviceInfo, KernelInfo, LogLine, Nothing, Phase};
use dkvm_wire::{topics, ErrorCode};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn one() -> Kernel {
    let mut kernel = Kernel::start(&device("a", "puppet", ""));
    kernel.wait_ready("a", 1);
    kernel
}

#[test]
fn an_end_leaves_nothing_behind() {
    let mut kernel =
        Kernel::start(&(device("a", "puppet", "") + &device("b", "puppet", "after = [\"a\"]")));
    let pids: Vec<_> = ["a", "b"]
        .map(|name| kernel.wait_ready(name, 1).pid.expect("it runs"))
        .into();
    assert_eq!(entries(&kernel.shm()).len(), 1);
    assert_eq!(kernel.end(), Some(0));
    assert!(pids
        .iter()
        .all(|pid| !Path::new(&format!("/proc/{pid}")).exists()));
    assert_eq!(entries(&kernel.shm()), Vec::<String>::new());
    assert!(!kernel.socket().exists());
    let log = kernel.stderr();
    let (b, a) = (
        log.find("b[1] has ended").expect("told"),
        log.find("a[1] has ended").expect("told"),
    );
    assert!(b < a, "the dependant ends first");
}

#[test]
fn after_a_sigkill_devices_die_and_the_next_kernel_clears_up() {
    let mut kernel = one();
    let pid = kernel.info("a").pid.expect("it runs");
    kernel.kill();
    wait_for("the device to die with its kernel", || {
        (!Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
    assert_eq!(entries(&kernel.shm()).len(), 1, "left by the dead kernel");
    kernel.launch();
    kernel.wait_ready("a", 1);
    assert_eq!(entries(&kernel.shm()).len(), 1, "only the new one's");
}

#[test]
fn a_second_kernel_is_refused_with_the_pid_of_the_first() {
    let kernel = one();
    let second = Command::new(RIG)
        .arg("kernel")
        .arg(kernel.config())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text.contains(&format!("pid {}", kernel.pid())) && text.contains("runs on"),
        "{text}"
    );
}

#[test]
fn two_kernels_on_different_directories_do_not_disturb_each_other() {
    let mut first = one();
    let mut second = one();
    assert_ne!(first.info("a").pid, second.info("a").pid);
    let info: KernelInfo = first.client().ask(methods::KERNEL_INFO).expect("told");
    assert_eq!((info.node.as_str(), info.boot.len()), ("rig", 16));
}

#[test]
fn a_reload_restarts_only_what_changed() {
    let base = device("a", "puppet x:input", "")
        + &device("b", "puppet +x", "")
        + &device("c", "puppet", "");
    let mut kernel = Kernel::start(&base);
    for name in ["a", "b", "c"] {
        kernel.wait_ready(name, 1);
    }
    kernel.configure(&(base.clone() + &route("x", "a", &["b"])));
    let applied: Applied = kernel
        .client()
        .ask(methods::CONFIG_RELOAD)
        .expect("applied");
    assert!(
        applied.restarted.is_empty() && applied.started.is_empty() && applied.stopped.is_empty()
    );
    kernel.emit("a", "x", b"\x05");
    assert_eq!(kernel.wait_seen("b", "x").body, [5]);

    let changed = device("a", "puppet x:input", "")
        + &device("b", "puppet +x +y", "")
        + &device("d", "puppet", "");
    kernel.configure(&changed);
    let applied: Applied = kernel
        .client()
        .ask(methods::CONFIG_RELOAD)
        .expect("applied");
    let names =
        |list: &[dkvm_wire::DeviceName]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (
            names(&applied.restarted),
            names(&applied.started),
            names(&applied.stopped)
        ),
        (vec!["b".into()], vec!["d".into()], vec!["c".into()])
    );
    kernel.wait_ready("b", 2);
    kernel.wait_ready("d", 1);
    assert_eq!(kernel.info("a").generation.0, 1);
    assert_eq!(
        code_of(
            kernel
                .client()
                .call::<_, DeviceInfo>(methods::DEVICES_GET, &named("c"))
        ),
        ErrorCode::NotFound
    );
}

#[test]
fn a_wrong_reload_changes_nothing_and_says_all() {
    let mut kernel = one();
    kernel.configure("[device.a]\ncomand = [\"x\"]\nnice = 99\n");
    let Err(ClientError::Refused(error)) = kernel.client().ask::<Applied>(methods::CONFIG_RELOAD)
    else {
        panic!("taken")
    };
    assert!(
        error.message.contains("did you mean \"command\"") && error.message.contains("nice"),
        "{}",
        error.message
    );
    signal(kernel.pid(), "HUP");
    wait_for("the log's word", || {
        kernel
            .log_of("kernel")
            .into_iter()
            .find(|line| line.text.contains("nothing was changed"))
    });
    assert_eq!(kernel.info("a").generation.0, 1);
}

#[test]
fn a_wrong_configuration_is_refused_at_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("dkvm.toml");
    std::fs::write(&path, "[device.a]\nafter = [\"b\"]\n").expect("writes");
    let output = Command::new(RIG)
        .arg("kernel")
        .arg(&path)
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("device.a.command: is missing") && text.contains("there is no device \"b\""),
        "{text}"
    );
}

#[test]
fn listeners_get_states_deaths_and_lines() {
    let mut kernel = one();
    let mut listener = kernel.connect();
    listener
        .subscribe(&[topics::DEVICE_STATE, topics::DEVICE_DEATH, topics::LOG])
        .expect("subscribes");
    let first = next_of(&mut listener, topics::DEVICE_STATE)
        .read::<DeviceInfo>()
        .expect("reads");
    assert_eq!((first.name.as_str(), first.phase), ("a", Phase::Running));
    let pid = kernel.info("a").pid.expect("it runs");
    signal(pid, "KILL");
    let death = next_of(&mut listener, topics::DEVICE_DEATH);
    assert_eq!(
        death
            .read::<dkvm_wire::service::DeathRecord>()
            .expect("reads")
            .cause,
        "killed by SIGKILL"
    );
    wait_for("ready again", || {
        let info: DeviceInfo = next_of(&mut listener, topics::DEVICE_STATE).read().ok()?;
        (info.phase == Phase::Running && info.generation.0 == 2).then_some(())
    });
    assert!(!next_of(&mut listener, topics::LOG)
        .read::<LogLine>()
        .expect("reads")
        .text
        .is_empty());
    assert_eq!(
        code_of(listener.subscribe(&["keys"])),
        ErrorCode::BadRequest
    );
}

fn next_of(client: &mut Client, topic: &str) -> dkvm_kernel::client::ClientEvent {
    wait_for(topic, || {
        client
            .next_event(Duration::from_secs(1))
            .expect("connected")
            .filter(|event| event.topic == topic)
    })
}

#[test]
fn rude_clients_do_no_harm() {
    let mut kernel = one();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(UnixStream::connect(kernel.socket()).expect("connects"));
        let mut rude = UnixStream::connect(kernel.socket()).expect("connects");
        rude.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("writes");
        let mut other = UnixStream::connect(kernel.socket()).expect("connects");
        other
            .write_all(b"dKVM\x01\x01\0\0\xff\xff\xff\xff")
            .expect("writes");
    }
    assert_eq!(kernel.info("a").phase, Phase::Running);
}

#[test]
fn clients_hold_no_memory() {
    let mut kernel = one();
    let request = dkvm_wire::service::PoolRequest {
        slot_size: 1,
        slots: 2,
        window: 1,
    };
    assert_eq!(
        code_of(
            kernel
                .client()
                .call::<_, Nothing>(methods::MEMORY_POOL, &request)
        ),
        ErrorCode::Forbidden
    );
}
