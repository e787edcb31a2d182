//! Binds that fail and binds that hang, with the dummy backend.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_sdk::Identity;
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::gadget::{methods, Choose, GadgetState, Plug, UsbState},
    ErrorCode, QueueClass,
};
use serde_json::{json, Value};
use std::path::Path;

/// The exit code of a fault within.
const INTERNAL: i32 = 70;
const PLUG: Plug = Plug { plugged: true };

fn setup(faults: Value) -> Setup {
    Setup::new("gadget").config(json!({ "backend": "dummy", "faults": faults }))
}

fn start(directory: &Path, faults: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-gadget"))
        .env("DKVM_RUN_DIR", directory)
        .env("DKVM_STATE_DIR", directory);
    FakeKernel::start(launch, setup(faults))
}

/// The device in a thread, in virtual time: what waits for nothing but time does not wait.
fn start_out_of_time(setup: Setup) -> Result<FakeKernel, Failure> {
    let identity = Identity {
        produces: &[(topics::GADGET_STATE, QueueClass::State)],
        ..Identity::new("gadget", env!("CARGO_PKG_VERSION"))
    };
    let launch = Launch::in_process(move |input, output| {
        dkvm_sdk::main_over(input, output, identity, |link| async {
            tokio::time::pause();
            dkvm_gadget::device::run(link).await
        })
    });
    FakeKernel::start(launch, setup)
}

fn choose(name: &str) -> Choose {
    Choose {
        name: name.to_owned(),
    }
}

fn state(kernel: &mut FakeKernel) -> Result<(UsbState, String), Failure> {
    let state: GadgetState = kernel.expect(topics::GADGET_STATE)?;
    Ok((state.state, state.profile))
}

#[test]
fn a_gadget_that_cannot_be_plugged_ends_and_the_next_life_takes_what_it_can_get(
) -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = json!({ "install": { "does": "fail" } });
    let mut kernel = start(directory.path(), faults.clone())?;
    kernel.ready()?;
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: false })?;
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    let refused = kernel.refused(methods::PLUG, &PLUG)?;
    assert_eq!(refused.code, ErrorCode::Hardware);
    kernel.expect_end(INTERNAL)?;
    let mut kernel = start(directory.path(), faults)?;
    let degraded = kernel.ready()?.degraded.expect("a sentence");
    assert!(degraded.ends_with("bios is bound instead"), "{degraded}");
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, "bios".into()));
    Ok(())
}

#[test]
fn a_gadget_that_cannot_be_replugged_ends() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = json!({ "bios": { "after": 1, "does": "fail" } });
    let mut kernel = start(directory.path(), faults)?;
    kernel.ready()?;
    let refused = kernel.refused(methods::REPLUG, &Nothing {})?;
    assert_eq!(refused.code, ErrorCode::Hardware);
    kernel.expect_end(INTERNAL)
}

#[test]
fn a_profile_that_cannot_be_bound_leaves_the_one_before() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = json!({ "desk": { "does": "fail" } });
    let mut kernel = start(directory.path(), faults)?;
    kernel.ready()?;
    let refused = kernel.refused(methods::PROFILE, &choose("desk"))?;
    assert!(
        refused.message.contains("desk cannot be had, bios stays"),
        "{}",
        refused.message
    );
    let state: GadgetState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(
        (state.state, state.profile.as_str()),
        (UsbState::Configured, "bios")
    );
    kernel.goodbye()
}

#[test]
fn when_neither_profile_can_be_bound_it_ends() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let faults = json!({ "desk": { "does": "fail" }, "bios": { "after": 1, "does": "fail" } });
    let mut kernel = start(directory.path(), faults)?;
    kernel.ready()?;
    let refused = kernel.refused(methods::PROFILE, &choose("desk"))?;
    assert_eq!(refused.code, ErrorCode::Hardware);
    kernel.expect_end(INTERNAL)
}

#[test]
fn a_step_that_linux_does_not_end_ends_the_device_and_nothing_is_begun_beside_it(
) -> Result<(), Failure> {
    let mut kernel = start_out_of_time(setup(json!({ "desk": { "does": "hang" } })))?;
    kernel.ready()?;
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, "bios".into()));
    let refused = kernel.refused(methods::PROFILE, &choose("desk"))?;
    assert!(refused.message.contains("for 30 s"), "{}", refused.message);
    kernel.expect_end(INTERNAL)
}

#[test]
fn a_plug_that_hangs_ends_the_device() -> Result<(), Failure> {
    let faults = json!({ "bios": { "after": 1, "does": "hang" } });
    let mut kernel = start_out_of_time(setup(faults))?;
    kernel.ready()?;
    let refused = kernel.refused(methods::REPLUG, &Nothing {})?;
    assert!(refused.message.contains("for 30 s"), "{}", refused.message);
    kernel.expect_end(INTERNAL)
}

#[test]
fn a_hang_at_the_start_ends_the_device_before_another_profile_is_tried() -> Result<(), Failure> {
    let mut config = json!({ "backend": "dummy", "profile": "desk" });
    config["faults"] = json!({ "desk": { "does": "hang" } });
    let mut kernel = start_out_of_time(Setup::new("gadget").config(config))?;
    kernel.expect_end(INTERNAL)
}

#[test]
fn what_waits_at_the_goodbye_is_not_begun() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path(), json!({}))?;
    kernel.ready()?;
    let first = kernel.begin(methods::REPLUG, &Nothing {})?;
    let second = kernel.begin(methods::PROFILE, &choose("desk"))?;
    kernel.say_goodbye()?;
    let replugged = kernel.response(methods::REPLUG, first)?;
    replugged.expect("what was begun is ended");
    let refused = kernel.response(methods::PROFILE, second)?;
    let refused = refused.expect_err("it is not begun");
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(refused.message.contains("stopped"), "{}", refused.message);
    assert!(!directory.path().join("profile").exists());
    kernel.expect_end(0)
}

#[test]
fn one_that_is_bound_still_though_it_was_to_be_unplugged_is_unplugged() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("binding"), "3 unplugged\n").expect("written");
    let mut kernel = start(directory.path(), json!({ "bios": { "does": "outlive" } }))?;
    kernel.ready()?;
    let state: GadgetState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!((state.state, state.binding), (UsbState::Unplugged, 3));
    Ok(())
}
