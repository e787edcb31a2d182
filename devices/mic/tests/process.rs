//! The real process under a fake kernel that plays nodes which hear.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    topics::{AUDIO_MICROPHONE, INPUT_STATE},
    vocab::{
        audio::{Microphone, CHUNK_FRAMES},
        desk::DeskState,
    },
    ExitCode,
};
use serde_json::{json, Value};
use std::time::Duration;

/// Long enough that what must not come would have come.
const QUIET: Duration = Duration::from_millis(300);

fn start(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-mic"));
    let mut kernel = FakeKernel::start(launch, Setup::new("mic").config(config))?;
    kernel.ready()?;
    Ok(kernel)
}

fn work(kernel: &mut FakeKernel, node: Option<&str>) -> Result<(), Failure> {
    let state = DeskState {
        node: node.map(str::to_owned),
        ..DeskState::default()
    };
    kernel.emit("input", INPUT_STATE, &state)
}

/// Pieces that were on their way: fewer than a microphone that stays open gives.
const ON_THEIR_WAY: usize = 100;

/// They end.
fn drain(kernel: &mut FakeKernel) -> Result<(), Failure> {
    for _ in 0..ON_THEIR_WAY {
        if kernel.within(QUIET, AUDIO_MICROPHONE)?.is_none() {
            return Ok(());
        }
    }
    Err(Failure::new("the microphone stays open".to_owned()))
}

#[test]
fn it_is_open_only_while_a_target_is_worked() -> Result<(), Failure> {
    let mut kernel = start(json!({ "backend": "dummy" }))?;
    assert!(kernel.within(QUIET, AUDIO_MICROPHONE)?.is_none());
    work(&mut kernel, Some("office"))?;
    let event = kernel.expect_event(AUDIO_MICROPHONE)?;
    assert_eq!(event.to, ["office/audio"]);
    let sound: Microphone = event.decode()?;
    assert_eq!(sound.data.len(), CHUNK_FRAMES * 2);
    assert!(sound.data.iter().any(|byte| *byte != 0), "a tone");
    work(&mut kernel, None)?;
    kernel.ping()?;
    drain(&mut kernel)?;
    assert!(kernel.within(QUIET, AUDIO_MICROPHONE)?.is_none());
    work(&mut kernel, Some("lab"))?;
    let event = kernel.expect_event(AUDIO_MICROPHONE)?;
    assert_eq!(event.to, ["lab/audio"]);
    assert_eq!(event.decode::<Microphone>()?.who, sound.who);
    kernel.source_gone("input", 1)?;
    kernel.ping()?;
    drain(&mut kernel)?;
    kernel.goodbye()
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-mic"));
    let setup = Setup::new("mic").config(json!({ "target": "office" }));
    let mut kernel = FakeKernel::start(launch, setup)?;
    kernel.expect_end(ExitCode::BadConfig.code())?;
    kernel.expect_log("target = \"office\"")?;
    Ok(())
}
