//! The device as a process, with the dummy backend.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::gadget::{methods, Choose, GadgetState, Plug, UsbState},
    ErrorCode,
};
use std::path::Path;

fn launch(directory: &Path, config: serde_json::Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-gadget"))
        .env("DKVM_RUN_DIR", directory)
        .env("DKVM_STATE_DIR", directory);
    FakeKernel::start(launch, Setup::new("gadget").config(config))
}

fn start(directory: &Path) -> Result<FakeKernel, Failure> {
    let mut kernel = launch(directory, serde_json::json!({ "backend": "dummy" }))?;
    kernel.ready()?;
    Ok(kernel)
}

fn choose(name: &str) -> Choose {
    Choose {
        name: name.to_owned(),
    }
}

/// What is bound: the profile, its functions, how often.
fn bound(kernel: &mut FakeKernel) -> Result<(String, Vec<String>, u32), Failure> {
    let state: GadgetState = kernel.call(methods::GET, &Nothing {})?;
    let names = state.functions.into_iter().map(|one| one.name).collect();
    Ok((state.profile, names, state.binding))
}

#[test]
fn a_profile_is_bound_on_request_and_stays_chosen() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    let hid = ["keyboard", "absolute", "relative"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(bound(&mut kernel)?, ("bios".into(), hid.clone(), 1));
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    let (profile, functions, binding) = bound(&mut kernel)?;
    assert_eq!((profile.as_str(), binding), ("install", 2));
    assert_eq!(functions.last().map(String::as_str), Some("storage"));
    // Once more is not another binding.
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    assert_eq!(bound(&mut kernel)?.2, 2);
    kernel.kill()?;
    let mut kernel = start(directory.path())?;
    assert_eq!(bound(&mut kernel)?.0, "install");
    Ok(())
}

#[test]
fn everybody_is_told_that_it_goes_before_it_goes() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 1));
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    let first: GadgetState = kernel.expect(topics::GADGET_STATE)?;
    assert_eq!(
        (first.state, first.profile.as_str()),
        (UsbState::Unplugged, "bios")
    );
    let second: GadgetState = kernel.expect(topics::GADGET_STATE)?;
    assert_eq!(
        (second.state, second.profile.as_str()),
        (UsbState::Unplugged, "install")
    );
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 2));
    Ok(())
}

#[test]
fn a_profile_that_is_chosen_while_unplugged_is_bound_when_it_is_plugged() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: false })?;
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    let state: GadgetState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(
        (state.state, state.profile.as_str(), state.binding),
        (UsbState::Unplugged, "install", 1)
    );
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: true })?;
    assert_eq!(bound(&mut kernel)?.2, 2);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_with_what_to_leave_out() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let config = serde_json::json!({
        "backend": "dummy",
        "endpoints": { "in": 4, "out": 0 },
        "profiles": { "mine": { "functions": ["storage", "keyboard"] }, "plain": { "functions": ["keyboard"] } },
    });
    let mut kernel = launch(directory.path(), config)?;
    kernel.ready()?;
    let refused = kernel.refused(methods::PROFILE, &choose("mine"))?;
    assert_eq!(refused.code, ErrorCode::Exhausted);
    assert!(
        refused
            .message
            .contains("1 endpoint from the target (storage 1)"),
        "{}",
        refused.message
    );
    assert!(
        refused.message.ends_with("leave out storage"),
        "{}",
        refused.message
    );
    let refused = kernel.refused(methods::PROFILE, &choose("office"))?;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert!(
        refused
            .message
            .contains("bios, install, desk, console, mine, plain"),
        "{}",
        refused.message
    );
    assert_eq!(bound(&mut kernel)?.2, 1);
    let state: GadgetState = kernel.call(methods::GET, &Nothing {})?;
    let fits: Vec<_> = state
        .profiles
        .iter()
        .filter(|one| one.unfit.is_none())
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(fits, ["bios", "plain"]);
    Ok(())
}

#[test]
fn a_choice_that_fits_no_longer_is_told_and_the_usual_is_bound() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    let _: Nothing = kernel.call(methods::PROFILE, &choose("install"))?;
    kernel.kill()?;
    let config = serde_json::json!({ "backend": "dummy", "endpoints": { "in": 3, "out": 3 } });
    let mut kernel = launch(directory.path(), config)?;
    let degraded = kernel.ready()?.degraded.expect("a sentence");
    assert!(
        degraded.contains("install needs 4 endpoints")
            && degraded.ends_with("bios is bound instead"),
        "{degraded}"
    );
    assert_eq!(bound(&mut kernel)?.0, "bios");
    // Who chooses what is there has nothing to complain of.
    let _: Nothing = kernel.call(methods::PROFILE, &choose("bios"))?;
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(())
}

fn state(kernel: &mut FakeKernel) -> Result<(UsbState, u32), Failure> {
    let state: GadgetState = kernel.expect(topics::GADGET_STATE)?;
    Ok((state.state, state.binding))
}

#[test]
fn it_is_unplugged_and_plugged_on_request() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 1));
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: false })?;
    assert_eq!(state(&mut kernel)?, (UsbState::Unplugged, 1));
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: true })?;
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 2));
    let _: Nothing = kernel.call(methods::REPLUG, &Nothing {})?;
    assert_eq!(state(&mut kernel)?, (UsbState::Unplugged, 2));
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 3));
    kernel.goodbye()?;
    Ok(())
}

#[test]
fn what_was_unplugged_stays_unplugged_over_a_death() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(directory.path())?;
    let _: Nothing = kernel.call(methods::PLUG, &Plug { plugged: false })?;
    kernel.kill()?;
    let mut kernel = start(directory.path())?;
    assert_eq!(state(&mut kernel)?, (UsbState::Unplugged, 1));
    Ok(())
}

#[test]
fn binds_are_counted_over_a_death() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    start(directory.path())?.kill()?;
    let mut kernel = start(directory.path())?;
    assert_eq!(state(&mut kernel)?, (UsbState::Configured, 2));
    Ok(())
}

#[test]
fn a_wrong_value_is_named() -> Result<(), Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-gadget"));
    let setup =
        Setup::new("gadget").config(serde_json::json!({ "backend": "dummy", "product": "" }));
    let mut kernel = FakeKernel::start(launch, setup)?;
    kernel.expect_end(78)?;
    assert!(
        kernel.log().iter().any(|line| line.contains("product")),
        "{:?}",
        kernel.log()
    );
    Ok(())
}
