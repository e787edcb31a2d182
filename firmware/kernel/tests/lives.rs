//! Devices start, die, hang and come back; nobody else is touched.

#![allow(clippy::expect_used)]

mod common;

use common::{code_of, device, named, signal, wait_for, Kernel};
use dkvm_kernel::client::ClientError;
use dkvm_wire::service::{methods, DeathQuery, Deaths, Nothing, Phase};
use dkvm_wire::ErrorCode;

fn two() -> Kernel {
    let mut kernel =
        Kernel::start(&(device("a", "puppet", "") + &device("b", "puppet", "after = [\"a\"]")));
    kernel.wait_ready("a", 1);
    kernel.wait_ready("b", 1);
    kernel
}

fn deaths(kernel: &mut Kernel, name: &str) -> Vec<dkvm_wire::service::DeathRecord> {
    let query = DeathQuery {
        name: Some(named(name).name),
        limit: None,
    };
    kernel
        .client()
        .call::<_, Deaths>(methods::DEVICES_DEATHS, &query)
        .expect("records")
        .deaths
}

#[test]
fn a_killed_device_comes_back_and_the_other_is_untouched() {
    let mut kernel = two();
    let (first, other) = (kernel.info("a"), kernel.info("b"));
    signal(first.pid.expect("it runs"), "KILL");
    let second = kernel.wait_ready("a", 2);
    assert_ne!(first.pid, second.pid);
    assert_eq!((second.generation.0, second.deaths), (2, 1));
    let still = kernel.info("b");
    assert_eq!((still.pid, still.generation), (other.pid, other.generation));
    let deaths = deaths(&mut kernel, "a");
    assert_eq!(deaths.len(), 1);
    assert_eq!(
        (deaths[0].cause.as_str(), deaths[0].generation.0),
        ("killed by SIGKILL", 1)
    );
    assert!(
        deaths[0]
            .log
            .iter()
            .any(|line| line.contains("puppet hangs on its strings")),
        "{:?}",
        deaths[0].log
    );
}

#[test]
fn a_stopped_device_is_hung_and_replaced() {
    let mut kernel = Kernel::start(&device("a", "puppet", "heartbeat_ms = 300"));
    let pid = kernel.wait_ready("a", 1).pid.expect("it runs");
    signal(pid, "STOP");
    kernel.wait_ready("a", 2);
    assert!(deaths(&mut kernel, "a")[0]
        .cause
        .contains("did not answer for 300 ms"));
}

#[test]
fn a_device_whose_loop_hangs_is_replaced() {
    let mut kernel = Kernel::start(&device("a", "puppet", "heartbeat_ms = 300"));
    kernel.wait_ready("a", 1);
    assert_eq!(
        code_of(kernel.tell("a", "hang")),
        ErrorCode::Unavailable,
        "its pending request fails with it"
    );
    kernel.wait_ready("a", 2);
}

/// It always could run, and did: that is no excuse.
#[test]
fn a_device_that_spins_is_replaced() {
    let mut kernel = Kernel::start(&device("a", "puppet", "heartbeat_ms = 300"));
    kernel.wait_ready("a", 1);
    assert_eq!(code_of(kernel.tell("a", "spin")), ErrorCode::Unavailable);
    kernel.wait_ready("a", 2);
}

#[test]
fn stop_start_and_restart_by_a_person() {
    let mut kernel = two();
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_STOP, &named("a"))
        .expect("stops");
    let stopped = kernel.wait_phase("a", Phase::Stopped);
    assert_eq!((stopped.pid, stopped.deaths), (None, 0));
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_START, &named("a"))
        .expect("starts");
    kernel.wait_ready("a", 2);
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_RESTART, &named("a"))
        .expect("restarts");
    kernel.wait_ready("a", 3);
    assert_eq!(kernel.info("b").generation.0, 1);
    assert_eq!(
        code_of(
            kernel
                .client()
                .call::<_, Nothing>(methods::DEVICES_STOP, &named("nope"))
        ),
        ErrorCode::NotFound
    );
}

/// Whoever asks again after it repeats nothing; after an end in the middle he might.
#[test]
fn a_request_that_no_device_got_is_told_apart() {
    let mut kernel = two();
    let error_of = |result| match result {
        Err(ClientError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    };
    let broken_off = error_of(kernel.tell("b", "abort"));
    assert_eq!(broken_off.code, ErrorCode::Unavailable);
    assert!(!broken_off.unheard, "{broken_off:?}");
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_STOP, &named("a"))
        .expect("stops");
    let never_begun = error_of(kernel.tell("a", "abort"));
    assert_eq!(never_begun.code, ErrorCode::Unavailable);
    assert!(never_begun.unheard, "{never_begun:?}");
}

#[test]
fn exit_codes_decide_what_follows() {
    let text = device("bad", "habit exit-78", "")
        + &device("absent", "habit exit-69", "")
        + &device("crash", "habit exit-70", "");
    let mut kernel = Kernel::start(&text);
    let bad = kernel.wait_phase("bad", Phase::Failed);
    assert!(bad
        .detail
        .is_some_and(|text| text.contains("configuration is wrong")));
    assert_eq!(
        deaths(&mut kernel, "bad")[0].log,
        ["the key `depht` is not known"]
    );
    let absent = kernel.wait_phase("absent", Phase::Backoff);
    assert!(absent.detail.is_some_and(|text| text.contains("hardware")));
    wait_for("several tries", || {
        (kernel.info("crash").generation.0 >= 3).then_some(())
    });
}

#[test]
fn dependants_wait_for_ready_and_not_longer() {
    let text = device("late", "habit unready", "ready_ms = 600000")
        + &device("b", "puppet", "after = [\"late\"]")
        + &device("c", "puppet", "");
    let mut kernel = Kernel::start(&text);
    kernel.wait_ready("c", 1);
    kernel.wait_phase("late", Phase::Preparing);
    assert_eq!(kernel.info("b").phase, Phase::Stopped);
    assert_eq!(kernel.info("b").generation.0, 0);
}

#[test]
fn a_held_device_starts_only_when_a_person_says_so() {
    let mut kernel = Kernel::start(&device("a", "puppet", "enabled = false"));
    assert_eq!(kernel.info("a").phase, Phase::Stopped);
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_START, &named("a"))
        .expect("starts");
    kernel.wait_ready("a", 1);
}

#[test]
fn deaths_survive_the_kernel() {
    let mut kernel = two();
    let pid = kernel.info("a").pid.expect("it runs");
    signal(pid, "KILL");
    kernel.wait_ready("a", 2);
    assert_eq!(kernel.end(), Some(0));
    kernel.launch();
    assert_eq!(deaths(&mut kernel, "a").len(), 1);
}

#[test]
fn a_program_that_is_not_there_is_a_sentence() {
    let mut kernel =
        Kernel::start("[device.a]\ncommand = [\"no-such-program\"]\nuser = \"root\"\n");
    let info = kernel.wait_phase("a", Phase::Failed);
    assert!(info
        .detail
        .is_some_and(|text| text.contains("no program \"no-such-program\"")));
    assert!(kernel
        .log_of("a")
        .iter()
        .any(|line| line.text.contains("cannot be started")));
}

#[test]
fn a_pause_of_the_kernel_itself_costs_no_device() {
    let mut kernel = Kernel::start(&device("a", "puppet", "heartbeat_ms = 1500"));
    kernel.wait_ready("a", 1);
    signal(kernel.pid(), "STOP");
    std::thread::sleep(std::time::Duration::from_millis(4000));
    signal(kernel.pid(), "CONT");
    let resumed = kernel.info("a").uptime_ms;
    wait_for("two heartbeats", || {
        (kernel.info("a").uptime_ms > resumed + 2000).then_some(())
    });
    assert_eq!(kernel.info("a").generation.0, 1);
}

#[test]
fn first_starts_are_few_at_a_time_and_nobody_is_left_out() {
    let silent = ["s1", "s2", "s3", "s4", "s5"];
    let mut text = String::new();
    for name in silent {
        text += &device(name, "habit silent", "");
    }
    let mut kernel = Kernel::start(&(text + &device("last", "puppet", "")));
    let starting = |kernel: &mut Kernel| {
        let phases = silent.map(|name| kernel.info(name).phase);
        phases
            .iter()
            .filter(|phase| **phase == Phase::Starting)
            .count()
    };
    kernel.wait_phase("s3", Phase::Starting);
    assert_eq!(kernel.info("s4").generation.0, 0);
    assert!(starting(&mut kernel) <= 3);
    // The silent ones are given up one after the other, and each leaves its place.
    kernel.wait_ready("last", 1);
}
