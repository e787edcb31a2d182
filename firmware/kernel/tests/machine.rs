//! When the kernel itself fails, and the restart of the machine.

#![allow(clippy::expect_used)]

mod common;

use common::{code_of, device, signal, wait_for, Kernel};
use dkvm_wire::service::{
    methods, Applied, BootInfo, Desired, ImageInfo, KernelInfo, Nothing, Phase, Restart,
    RestartHow, Slot,
};
use dkvm_wire::ErrorCode;
use std::fs;

/// One that runs in safe mode too, and one that does not.
fn two() -> String {
    device("web", "puppet", "safe = true") + &device("video", "puppet", "")
}

fn image(slot: Slot) -> BootInfo {
    BootInfo {
        image: Some(ImageInfo {
            board: "lab".to_owned(),
            version: "1.2.3".to_owned(),
            slot,
            committed: Slot::A,
            persistent: true,
        }),
        notices: vec!["line 3 of dkvm.txt was ignored".to_owned()],
        unhealthy_boots: 1,
        card: None,
    }
}

fn boot(kernel: &Kernel, info: &BootInfo) {
    let dir = kernel.dir.path().join("run/boot");
    fs::create_dir_all(&dir).expect("made");
    let text = serde_json::to_string(info).expect("JSON");
    fs::write(dir.join("info.json"), text).expect("written");
}

fn info(kernel: &mut Kernel) -> KernelInfo {
    kernel.client().ask(methods::KERNEL_INFO).expect("info")
}

fn file(kernel: &Kernel, name: &str) -> Option<String> {
    fs::read_to_string(kernel.dir.path().join(name)).ok()
}

fn put(kernel: &Kernel, name: &str, text: &str) {
    let path = kernel.dir.path().join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

fn kill_thrice(kernel: &mut Kernel) {
    for n in 0..3 {
        if n > 0 {
            kernel.launch();
        }
        assert!(!info(kernel).safe_mode);
        kernel.kill();
    }
}

/// In this slot the kernel ends uncleanly three times, with an image in the other one that was healthy before; then it
/// starts once more, and restarts the machine in place of a device.
fn ended_thrice(slot: Slot) -> Kernel {
    let mut kernel = Kernel::prepare(&two());
    boot(&kernel, &image(slot));
    put(&kernel, "state/update/fallback", "");
    kernel.launch();
    kill_thrice(&mut kernel);
    kernel.spawn();
    assert_eq!(kernel.wait_end(), Some(0));
    assert!(
        !kernel.stderr().contains("is ready"),
        "no device was started"
    );
    kernel
}

/// What was asked of the machine, a line each.
fn asked_of_machine(kernel: &Kernel) -> Option<String> {
    file(kernel, "machine")
}

fn restart(how: RestartHow) -> Restart {
    let reason = "a test".to_owned();
    Restart { how, reason }
}

#[test]
fn what_the_start_found_is_told() {
    let mut kernel = Kernel::prepare(&two());
    boot(&kernel, &image(Slot::A));
    kernel.launch();
    let told = info(&mut kernel);
    assert_eq!(told.image, image(Slot::A).image);
    assert_eq!(told.notices, ["line 3 of dkvm.txt was ignored"]);
    assert!(!told.safe_mode);
    assert!(kernel.stderr().contains("line 3 of dkvm.txt"));
}

#[test]
fn what_an_owners_configuration_lacks_is_a_line_of_the_log() {
    let mut kernel = Kernel::prepare(&two());
    let owners = file(&kernel, "dkvm.toml").expect("a file");
    put(&kernel, "owners.toml", &owners);
    kernel.configure(&(two() + &device("newer", "puppet", "")));
    kernel.launch();
    kernel.wait_ready("web", 1);
    let told = kernel.stderr();
    assert!(
        told.contains("has what the owner's has not: the device newer."),
        "{told}"
    );
    assert_eq!(info(&mut kernel).notices, Vec::<String>::new());
}

#[test]
fn three_unasked_ends_lead_to_safe_mode() {
    let mut kernel = Kernel::start(&two());
    kill_thrice(&mut kernel);
    kernel.launch();
    kernel.wait_ready("web", 1);
    let video = kernel.info("video");
    assert_eq!(
        (video.desired, video.phase),
        (Desired::Held, Phase::Stopped)
    );
    let told = info(&mut kernel);
    assert!(told.safe_mode);
    assert!(
        told.notices[0].contains("ended 3 times"),
        "{:?}",
        told.notices
    );
    let applied: Applied = kernel
        .client()
        .ask(methods::CONFIG_RELOAD)
        .expect("reloads");
    assert_eq!(applied.started, []);
    kernel
        .client()
        .call::<_, Nothing>(methods::DEVICES_START, &common::named("video"))
        .expect("a person may");
    kernel.wait_ready("video", 1);
}

#[test]
fn ends_that_were_asked_for_do_not_count() {
    let mut kernel = Kernel::start(&two());
    for _ in 0..4 {
        assert_eq!(kernel.end(), Some(0));
        kernel.launch();
    }
    assert!(!info(&mut kernel).safe_mode);
}

#[test]
fn the_limit_can_be_set() {
    let mut kernel = Kernel::prepare(&two());
    let text = file(&kernel, "dkvm.toml").expect("a file");
    put(
        &kernel,
        "dkvm.toml",
        &text.replace("[kernel]", "[kernel]\ncrash_limit = 4"),
    );
    kernel.launch();
    kill_thrice(&mut kernel);
    kernel.launch();
    assert!(!info(&mut kernel).safe_mode);
}

#[test]
fn three_bad_boots_lead_to_safe_mode_too() {
    let mut kernel = Kernel::prepare(&two());
    let bad = BootInfo {
        unhealthy_boots: 4,
        ..image(Slot::A)
    };
    boot(&kernel, &bad);
    kernel.launch();
    assert!(info(&mut kernel).safe_mode);
}

#[test]
fn a_good_other_slot_is_tried_once() {
    let mut kernel = ended_thrice(Slot::A);
    assert_eq!(
        asked_of_machine(&kernel).as_deref(),
        Some("insist Trial\nrestart Trial\n")
    );
    // The other slot was no better, and the machine is back.
    kernel.launch();
    assert!(info(&mut kernel).safe_mode);
}

#[test]
fn a_trial_that_fails_goes_back() {
    let kernel = ended_thrice(Slot::B);
    assert_eq!(
        asked_of_machine(&kernel).as_deref(),
        Some("insist Restart\nrestart Restart\n")
    );
}

#[test]
fn the_machine_restarts_after_all_devices_have_ended() {
    let mut kernel = Kernel::prepare(&two());
    boot(&kernel, &image(Slot::A));
    put(&kernel, "state/boot/unhealthy-boots", "2\n");
    kernel.launch();
    kernel.wait_ready("web", 1);
    kernel
        .client()
        .call::<_, Nothing>(methods::SYSTEM_RESTART, &restart(RestartHow::PowerOff))
        .expect("allowed");
    assert_eq!(kernel.wait_end(), Some(0));
    assert!(kernel.stderr().contains("web[1] has ended"));
    assert_eq!(
        asked_of_machine(&kernel).as_deref(),
        Some("insist PowerOff\nrestart PowerOff\n")
    );
    let boots = file(&kernel, "state/boot/unhealthy-boots");
    assert_eq!(boots.as_deref().map(str::trim), Some("0"));
}

#[test]
fn only_who_may_restarts_the_machine_and_only_where_it_can() {
    let devices = two() + &device("update", "puppet", "calls = [\"system\"]");
    let mut kernel = Kernel::start(&devices);
    kernel.wait_ready("web", 1);
    kernel.wait_ready("update", 1);
    let asked = kernel.ask(
        "web",
        methods::SYSTEM_RESTART,
        &restart(RestartHow::Restart),
    );
    assert_eq!(code_of(asked), ErrorCode::Forbidden);
    // There is no card, so no other slot.
    let asked = kernel.ask(
        "update",
        methods::SYSTEM_RESTART,
        &restart(RestartHow::Trial),
    );
    assert_eq!(code_of(asked), ErrorCode::Conflict);
    assert_eq!(asked_of_machine(&kernel), None);
    // The answer may come, or the asker's end before it.
    let _ = kernel.ask(
        "update",
        methods::SYSTEM_RESTART,
        &restart(RestartHow::Restart),
    );
    assert_eq!(kernel.wait_end(), Some(0));
    assert!(asked_of_machine(&kernel).is_some_and(|text| text.ends_with("restart Restart\n")));
}

#[test]
fn a_wrong_configuration_of_the_owner_gives_way_to_the_images() {
    let mut kernel = Kernel::prepare(&two());
    let images = file(&kernel, "dkvm.toml").expect("a file");
    put(
        &kernel,
        "owners.toml",
        &images.replace("safe = true", "saf = true"),
    );
    kernel.launch();
    kernel.wait_ready("web", 1);
    let told = info(&mut kernel).notices;
    let line = told.first().expect("a notice");
    assert!(
        line.contains("owners.toml:") && line.contains("device.web.saf"),
        "{line}"
    );
    let refused = kernel.client().ask::<Applied>(methods::CONFIG_RELOAD);
    assert_eq!(code_of(refused), ErrorCode::BadRequest);
    put(
        &kernel,
        "owners.toml",
        &(images + &device("more", "puppet", "")),
    );
    let applied: Applied = kernel
        .client()
        .ask(methods::CONFIG_RELOAD)
        .expect("reloads");
    assert_eq!(applied.started.len(), 1);
    assert_eq!(info(&mut kernel).notices, Vec::<String>::new());
    signal(kernel.pid(), "HUP");
    wait_for("the device of the owner's configuration", || {
        kernel
            .list()
            .iter()
            .any(|d| d.name.as_str() == "more")
            .then_some(())
    });
}

/// With a file for a watchdog: what was written to it.
fn watched(kernel: &mut Kernel) -> Vec<u8> {
    fs::read(kernel.dir.path().join("watchdog")).expect("a file")
}

fn with_watchdog() -> Kernel {
    let mut kernel = Kernel::prepare(&two());
    let text = file(&kernel, "dkvm.toml").expect("a file");
    let path = kernel.dir.path().join("watchdog");
    let watchdog = format!("[kernel]\nwatchdog = {:?}", path.display().to_string());
    put(&kernel, "dkvm.toml", &text.replace("[kernel]", &watchdog));
    put(&kernel, "watchdog", "");
    kernel.launch();
    wait_for("the watchdog to be petted twice", || {
        (watched(&mut kernel).len() >= 2).then_some(())
    });
    kernel
}

#[test]
fn a_killed_kernel_leaves_the_watchdog_running_and_the_next_takes_it_over() {
    let mut kernel = with_watchdog();
    kernel.kill();
    assert!(watched(&mut kernel).iter().all(|byte| *byte == 0));
    put(&kernel, "watchdog", "");
    kernel.launch();
    wait_for("the next kernel to pet it", || {
        (!watched(&mut kernel).is_empty()).then_some(())
    });
    assert_eq!(kernel.end(), Some(0));
    assert_eq!(watched(&mut kernel).last(), Some(&b'V'));
}

#[test]
fn a_restart_of_the_machine_keeps_the_watchdog_and_power_off_does_not() {
    for (how, last) in [(RestartHow::Restart, 0), (RestartHow::PowerOff, b'V')] {
        let mut kernel = with_watchdog();
        kernel
            .client()
            .call::<_, Nothing>(methods::SYSTEM_RESTART, &restart(how))
            .expect("allowed");
        assert_eq!(kernel.wait_end(), Some(0));
        assert_eq!(watched(&mut kernel).last(), Some(&last), "{how:?}");
    }
}

#[test]
fn a_watchdog_that_is_not_there_is_told_and_no_more() {
    let mut kernel = Kernel::prepare(&two());
    let text = file(&kernel, "dkvm.toml").expect("a file");
    put(
        &kernel,
        "dkvm.toml",
        &text.replace("[kernel]", "[kernel]\nwatchdog = \"/nowhere/watchdog\""),
    );
    kernel.launch();
    kernel.wait_ready("web", 1);
    assert!(kernel
        .stderr()
        .contains("there is no /nowhere/watchdog yet"));
}
