//! The device as a process, with the dummy backend.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::gadget::{methods, GadgetState, Plug, UsbState},
};
use std::path::Path;

fn start(directory: &Path) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-gadget")).env("DKVM_RUN_DIR", directory);
    let setup = Setup::new("gadget").config(serde_json::json!({ "backend": "dummy" }));
    let mut kernel = FakeKernel::start(launch, setup)?;
    kernel.ready()?;
    Ok(kernel)
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
