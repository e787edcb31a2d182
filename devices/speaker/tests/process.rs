//! The real process under a fake kernel that plays nodes with sound.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    topics::{AUDIO_SPEAKER, INPUT_STATE, READY},
    vocab::{
        audio::{Speaker, CHUNK_FRAMES},
        desk::DeskState,
    },
    ExitCode, Ready,
};
use serde_json::{json, Value};

fn start(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-speaker"));
    let mut kernel = FakeKernel::start(launch, Setup::new("speaker").config(config))?;
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

fn expect_want(kernel: &mut FakeKernel, source: &str, want: bool) -> Result<(), Failure> {
    kernel.expect_want_from(AUDIO_SPEAKER, source, want)
}

fn piece(position: u64) -> Speaker {
    Speaker {
        stream: 1,
        position,
        captured_ns: 0,
        data: vec![0; CHUNK_FRAMES * 4],
    }
}

#[test]
fn only_the_target_that_is_worked_is_streamed() -> Result<(), Failure> {
    let mut kernel = start(json!({ "backend": "dummy" }))?;
    work(&mut kernel, Some("office"))?;
    expect_want(&mut kernel, "office/audio", true)?;
    for at in 0..10 {
        kernel.emit("office/audio", AUDIO_SPEAKER, &piece(at * 960))?;
    }
    work(&mut kernel, Some("lab"))?;
    expect_want(&mut kernel, "office/audio", false)?;
    expect_want(&mut kernel, "lab/audio", true)?;
    work(&mut kernel, None)?;
    kernel.ping()?;
    kernel.goodbye()?;
    let log = kernel.log();
    // That nothing was there in time is said where it took long, and is no complaint.
    let harmless = |line: &String| line.starts_with("<info>");
    assert!(log.iter().all(harmless), "{log:?}");
    Ok(())
}

#[test]
fn a_card_that_is_not_there_is_told_when_there_is_something_to_hear() -> Result<(), Failure> {
    let mut kernel = start(json!({ "device": "hw:CARD=none", "source": "office/audio" }))?;
    expect_want(&mut kernel, "office/audio", true)?;
    let mut at = 0;
    loop {
        at += 960;
        kernel.emit("office/audio", AUDIO_SPEAKER, &piece(at))?;
        let moment = std::time::Duration::from_millis(20);
        let Some(event) = kernel.within(moment, READY)? else {
            continue;
        };
        if let Some(why) = event.decode::<Ready>()?.degraded {
            assert!(why.contains("hw:CARD=none cannot be opened"), "{why}");
            return kernel.goodbye();
        }
    }
}

#[test]
fn wrong_configuration_ends_with_a_sentence() -> Result<(), Failure> {
    for (config, said) in [
        (json!({ "buffer_ms": 3 }), "use 40 to 1000"),
        (json!({ "source": "office" }), "write \"follow\""),
    ] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-speaker"));
        let mut kernel = FakeKernel::start(launch, Setup::new("speaker").config(config))?;
        kernel.expect_end(ExitCode::BadConfig.code())?;
        kernel.expect_log(said)?;
    }
    Ok(())
}
