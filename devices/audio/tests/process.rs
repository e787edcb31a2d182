//! The device as a process, with a pretended kernel, gadget and web, and cards that play a tone.
#![allow(missing_docs)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::{Nothing, Want},
    topics,
    vocab::{
        audio::{
            methods, AudioState, ChooseSource, Microphone, MicrophoneRef, Speaker, CHUNK_FRAMES,
        },
        gadget::{FunctionInfo, GadgetState, UsbState},
    },
    ErrorCode,
};
use serde_json::{json, Value};

type Outcome = Result<(), Failure>;

fn start_with(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-audio"));
    let mut kernel = FakeKernel::start(launch, Setup::new("audio").config(config))?;
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(kernel)
}

fn start() -> Result<FakeKernel, Failure> {
    start_with(json!({ "backend": "dummy" }))
}

fn gadget(functions: &[&str]) -> GadgetState {
    let info = |name: &&str| FunctionInfo {
        name: (*name).to_owned(),
        device: "hw:0".to_owned(),
        traits: Default::default(),
    };
    GadgetState {
        state: UsbState::Configured,
        udc: "udc".into(),
        speed: "high-speed".into(),
        binding: 1,
        functions: functions.iter().map(info).collect(),
        profile: "x".into(),
        profiles: Vec::new(),
    }
}

fn who(holder: u64) -> MicrophoneRef {
    MicrophoneRef {
        holder,
        name: format!("page {holder}"),
    }
}

/// The first state that fits.
fn state(
    kernel: &mut FakeKernel,
    fits: impl Fn(&AudioState) -> bool,
) -> Result<AudioState, Failure> {
    kernel.expect_that(topics::AUDIO_STATE, fits)
}

#[test]
fn a_profile_without_sound_is_told_and_one_with_it_is_used() -> Outcome {
    let mut kernel = start()?;
    kernel.emit("gadget", topics::GADGET_STATE, &gadget(&["keyboard"]))?;
    let without = state(&mut kernel, |state| state.message.is_some())?;
    assert!(
        without
            .message
            .is_some_and(|message| message.contains("profile"))
            && !without.usb
    );
    kernel.emit("gadget", topics::GADGET_STATE, &gadget(&["audio"]))?;
    let with = state(&mut kernel, |state| state.playing == 48_000)?;
    assert!(with.usb && with.message.is_none() && !with.heard);
    Ok(())
}

#[test]
fn sound_comes_only_while_it_is_wanted_and_is_counted_without_a_gap() -> Outcome {
    let mut kernel = start()?;
    kernel.emit("gadget", topics::GADGET_STATE, &gadget(&["audio"]))?;
    state(&mut kernel, |state| state.playing > 0)?;
    kernel.demand(topics::AUDIO_SPEAKER, 1)?;
    let first: Speaker = kernel.expect(topics::AUDIO_SPEAKER)?;
    for n in 1..10 {
        let next: Speaker = kernel.expect(topics::AUDIO_SPEAKER)?;
        let due = first.position + n * CHUNK_FRAMES as u64;
        assert_eq!(
            (next.stream, next.position, next.data.len()),
            (first.stream, due, CHUNK_FRAMES * 4)
        );
        assert!(next.captured_ns > first.captured_ns && next.data.iter().any(|byte| *byte != 0));
    }
    kernel.demand(topics::AUDIO_SPEAKER, 0)?;
    state(&mut kernel, |state| !state.heard)?;
    Ok(())
}

#[test]
fn one_microphone_at_a_time_and_none_of_somebody_who_is_gone() -> Outcome {
    let mut kernel = start()?;
    let want: Want = kernel.expect(topics::WANT)?;
    assert_eq!(
        (want.topic.as_str(), want.want),
        (topics::AUDIO_MICROPHONE, true)
    );
    kernel.call::<_, Nothing>(methods::MICROPHONE_OPEN, &who(1))?;
    let refused = kernel.refused(methods::MICROPHONE_OPEN, &who(2))?;
    assert!(
        refused.code == ErrorCode::Conflict && refused.message.contains("page 1"),
        "{refused:?}"
    );
    kernel.call::<_, Nothing>(methods::MICROPHONE_CLOSE, &who(1))?;
    state(&mut kernel, |state| state.microphone.is_none())?;
    // As after a death of this device: the page goes on.
    let sound = Microphone {
        position: None,
        who: who(2),
        data: vec![0; 1920],
    };
    kernel.emit("web", topics::AUDIO_MICROPHONE, &sound)?;
    state(&mut kernel, |state| state.microphone == Some(who(2)))?;
    kernel.source_gone("web", u32::MAX)?;
    state(&mut kernel, |state| state.microphone.is_none()).map(drop)
}

#[test]
fn a_card_that_is_not_there_is_refused_and_one_that_is_there_is_heard() -> Outcome {
    let mut kernel = start()?;
    let to = |source: &str| ChooseSource {
        source: source.to_owned(),
    };
    let refused = kernel.refused(methods::SOURCE, &to("toaster"))?;
    assert!(
        refused.code == ErrorCode::NotFound && refused.message.contains("gadget, dummy"),
        "{refused:?}"
    );
    kernel.call::<_, Nothing>(methods::SOURCE, &to("dummy"))?;
    kernel.demand(topics::AUDIO_SPEAKER, 1)?;
    kernel.expect::<Speaker>(topics::AUDIO_SPEAKER)?;
    let state: AudioState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.source, "dummy");
    Ok(())
}

#[test]
fn a_choice_outlives_the_device_and_an_empty_file_is_none() -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| Failure::new(error.to_string()))?;
    let start = || {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-audio"));
        let launch = launch.env("DKVM_STATE_DIR", folder.path());
        let config = json!({ "backend": "dummy" });
        let mut kernel = FakeKernel::start(launch, Setup::new("audio").config(config))?;
        kernel.ready()?;
        Ok::<_, Failure>(kernel)
    };
    let source = |kernel: &mut FakeKernel| {
        let state: AudioState = kernel.call(methods::GET, &Nothing {})?;
        Ok::<_, Failure>(state.source)
    };
    let mut kernel = start()?;
    let to = ChooseSource {
        source: "dummy".to_owned(),
    };
    kernel.call::<_, Nothing>(methods::SOURCE, &to)?;
    kernel.kill()?;
    assert_eq!(source(&mut start()?)?, "dummy");
    let emptied = std::fs::write(folder.path().join("source"), "");
    emptied.map_err(|error| Failure::new(error.to_string()))?;
    assert_eq!(source(&mut start()?)?, "gadget");
    Ok(())
}

#[test]
fn a_card_of_the_configuration_that_is_missing_is_a_sentence() -> Outcome {
    let mut kernel = start_with(json!({ "backend": "dummy", "source": "Dongle" }))?;
    let told = state(&mut kernel, |state| state.message.is_some())?;
    assert!(told
        .message
        .is_some_and(|message| message.contains("no sound card Dongle")));
    Ok(())
}

#[test]
fn what_comes_from_outside_and_is_broken_hurts_nobody() -> Outcome {
    let mut kernel = start()?;
    for data in [vec![], vec![1], vec![0; 1 << 18]] {
        kernel.emit(
            "web",
            topics::AUDIO_MICROPHONE,
            &Microphone {
                who: who(3),
                position: None,
                data,
            },
        )?;
    }
    kernel.emit("web", topics::AUDIO_MICROPHONE, &json!({ "who": 7 }))?;
    kernel.emit("gadget", topics::GADGET_STATE, &json!([]))?;
    kernel.ping()
}
