//! What a device may still do: read from Linux, for what the jail says of itself proves nothing.

#![allow(clippy::expect_used)]

mod common;

use common::{wait_for, Kernel, RIG};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A kernel in directories that other users may pass through, with the rig where they can run it.
fn open_kernel(rest: &str) -> Kernel {
    let kernel = Kernel::start("");
    fs::set_permissions(kernel.dir.path(), fs::Permissions::from_mode(0o755)).expect("may");
    let rig = kernel.dir.path().join("dkvm-rig");
    fs::copy(RIG, &rig).expect("copies");
    let text = format!(
        "[device.a]\ncommand = [{:?}, \"puppet\"]\n{rest}\n",
        rig.display().to_string()
    );
    kernel.configure(&text);
    let mut kernel = kernel;
    kernel
        .client()
        .ask::<dkvm_wire::service::Applied>("config.reload")
        .expect("applied");
    kernel.wait_ready("a", 1);
    kernel
}

fn status(pid: u32) -> HashMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(key, value)| {
            (
                key.to_owned(),
                value
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            )
        })
        .collect()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs as root and as a user: the second cannot change users, and says so.
#[test]
fn a_device_has_a_user_without_powers() {
    let mut kernel = open_kernel("user = \"65534\"");
    let pid = kernel.info("a").pid.expect("it runs");
    let status = status(pid);
    assert_eq!(status["NoNewPrivs"], "1");
    if is_root() {
        assert_eq!(
            (status["Uid"].as_str(), status["CapEff"].as_str()),
            ("65534", "0000000000000000")
        );
        assert_eq!(status["CapBnd"], "0000000000000000");
        assert_eq!(status["Seccomp"], "2");
    } else {
        wait_for("the line", || {
            kernel
                .log_of("kernel")
                .into_iter()
                .find(|line| line.text.contains("is not root"))
        });
    }
}

#[test]
fn a_root_device_keeps_few_powers() {
    let mut kernel = open_kernel("user = \"root\"");
    let status = status(kernel.info("a").pid.expect("it runs"));
    if is_root() {
        assert_eq!(
            (status["Uid"].as_str(), status["CapEff"].as_str()),
            ("0", "000000000000000b")
        );
    } else {
        assert_ne!(status["Uid"], "0");
    }
    assert_eq!(status["NoNewPrivs"], "1");
}

#[test]
fn a_device_has_the_powers_that_it_is_given_and_no_more() {
    let given = "capabilities = [\"SYS_TIME\"]";
    for (user, powers) in [("65534", "0000000002000000"), ("root", "000000000200000b")] {
        let mut kernel = open_kernel(&format!("user = {user:?}\n{given}"));
        let status = status(kernel.info("a").pid.expect("it runs"));
        if is_root() {
            assert_eq!(status["CapEff"], powers, "{user}");
            assert_eq!(status["CapBnd"], powers, "{user}");
        }
        assert_eq!(status["NoNewPrivs"], "1");
    }
}

#[test]
fn it_leads_its_group_and_has_its_directories_and_limits() {
    let mut kernel = open_kernel("user = \"65534\"");
    let pid = kernel.info("a").pid.expect("it runs");
    let group = rustix::process::getpgid(rustix::process::Pid::from_raw(
        i32::try_from(pid).expect("a pid"),
    ));
    assert_eq!(
        group
            .expect("it has one")
            .as_raw_nonzero()
            .get()
            .unsigned_abs(),
        pid
    );
    let run = kernel.dir.path().join("run/a");
    assert_eq!(
        fs::metadata(&run).expect("made").permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::read_link(format!("/proc/{pid}/cwd")).expect("readable"),
        run
    );
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("readable");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("listed");
    assert!(core.contains(" 0 "), "{core}");
}

#[test]
fn it_has_three_pipes_and_nothing_of_the_kernels_that_is_not_named() {
    let mut kernel = open_kernel("user = \"65534\"\ninherit = [\"HOME\"]");
    let pid = kernel.info("a").pid.expect("it runs");
    let mut fds = common::entries(Path::new(&format!("/proc/{pid}/fd")));
    fds.sort();
    assert_eq!(fds, ["0", "1", "2"]);
    let environ = fs::read(format!("/proc/{pid}/environ")).expect("readable");
    let names = environ.split(|byte| *byte == 0).filter_map(|part| {
        String::from_utf8_lossy(part)
            .split_once('=')
            .map(|(name, _)| name.to_owned())
    });
    let allowed = [
        "PATH",
        "DKVM_DEVICE",
        "DKVM_RUN_DIR",
        "DKVM_STATE_DIR",
        "RUST_BACKTRACE",
        "TZ",
    ];
    let names: Vec<_> = names.collect();
    assert!(names.iter().any(|name| name == "HOME"));
    assert!(names
        .iter()
        .all(|name| name == "HOME" || allowed.contains(&name.as_str())));
}
