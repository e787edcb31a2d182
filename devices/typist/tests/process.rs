//! The device as a process, with a pretended hid.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        input::{HidState, InputAck, InputState, Leds, Link, Step},
        typist::{
            methods, Checked, Ending, Macro, MacroRun, MacroState, Text, TypistState, MAX_TEXT,
        },
    },
    ErrorCode,
};
use serde_json::{json, Value};

fn start(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-typist"));
    let mut kernel = FakeKernel::start(launch, Setup::new("typist").config(config))?;
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(kernel)
}

fn hid(focus: u32, keyboard: Link) -> HidState {
    HidState {
        keyboard,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds::default(),
        focus,
        holder: 1,
        extras: Vec::new(),
        jiggle: 0,
        by: String::new(),
        busy: false,
    }
}

fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
        layout: None,
        pace_ms: None,
    }
}

fn ack(state: &InputState) -> InputAck {
    let count = u32::try_from(state.steps.len()).expect("few");
    InputAck {
        holder: state.holder,
        seq: state.seq,
        steps: state.first + count,
        focus: state.focus,
        lost: 0,
    }
}

/// Plays hid until the text is through: the presses, in order.
fn presses(kernel: &mut FakeKernel) -> Result<Vec<u8>, Failure> {
    let (mut pressed, mut seen) = (Vec::new(), None);
    loop {
        let state: InputState = kernel.expect(topics::INPUT)?;
        let first = *seen.get_or_insert(state.first);
        let known = usize::try_from(first - state.first).expect("small");
        for step in state.steps.iter().skip(known) {
            match *step {
                Step::Key { usage, down: true } => pressed.push(usage),
                Step::Key { .. } => {}
                _ => return Err(Failure::new("no key")),
            }
        }
        let ack = ack(&state);
        seen = Some(ack.steps);
        kernel.emit("hid", topics::INPUT_ACK, &ack)?;
        let now: TypistState = kernel.call(methods::GET, &Nothing {})?;
        if now.typing.is_none() {
            return Ok(pressed);
        }
    }
}

#[test]
fn a_text_is_typed_in_the_layout_asked_for() -> Result<(), Failure> {
    let mut kernel = start(json!({ "layout": "de" }))?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    let checked: Checked = kernel.call(methods::TYPE, &text("yZé"))?;
    assert_eq!(checked.characters, 3);
    assert_eq!(presses(&mut kernel)?, [0x1d, 0xe1, 0x1c, 0x2e, 0x08]);
    let state: TypistState = kernel.expect_that(topics::TYPIST_STATE, |state: &TypistState| {
        state.last.is_some()
    })?;
    let last = state.last.expect("it ended");
    assert_eq!((last.ending, last.typing.done), (Ending::Done, 3));
    let us = Text {
        layout: Some("us".into()),
        ..text("yZ")
    };
    kernel.call::<_, Checked>(methods::TYPE, &us)?;
    assert_eq!(presses(&mut kernel)?, [0x1c, 0xe1, 0x1d]);
    kernel.goodbye()
}

#[test]
fn what_cannot_be_typed_is_told_before_the_first_key() -> Result<(), Failure> {
    let mut kernel = start(json!({}))?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    for method in [methods::CHECK, methods::TYPE] {
        let cases = [
            (
                text("naïve\nжизнь"),
                "6 characters of the text: U+00EF “ï” (line 1, column 3)",
            ),
            (text(""), "there is no text"),
            (text(&"x".repeat(MAX_TEXT + 1)), "at most 24576"),
            (
                Text {
                    layout: Some("xx".into()),
                    ..text("a")
                },
                "us-dvorak",
            ),
            (
                Text {
                    pace_ms: Some(5000),
                    ..text("a")
                },
                "0 to 2000",
            ),
        ];
        for (wrong, says) in cases {
            let error = kernel.refused(method, &wrong)?;
            assert_eq!(error.code, ErrorCode::BadRequest);
            assert!(error.message.contains(says), "{error}");
        }
    }
    let state: TypistState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!((state.typing, state.last), (None, None));
    assert_eq!(
        kernel.refused(methods::TYPE, "rubbish")?.code,
        ErrorCode::BadRequest
    );
    kernel.goodbye()
}

#[test]
fn who_has_no_target_is_told() -> Result<(), Failure> {
    let mut kernel = start(json!({}))?;
    let error = kernel.refused(methods::TYPE, &text("a"))?;
    assert_eq!(error.code, ErrorCode::Unavailable);
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::NotConfigured))?;
    let error = kernel.refused(methods::TYPE, &text("a"))?;
    assert!(error.message.contains("USB cable"), "{error}");
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    kernel.source_gone("hid", 1)?;
    let error = kernel.refused(methods::TYPE, &text("a"))?;
    assert!(error.message.contains("does not run"), "{error}");
    kernel.goodbye()
}

#[test]
fn one_text_at_a_time_and_a_cancel_makes_room() -> Result<(), Failure> {
    let mut kernel = start(json!({ "pace_ms": 1000 }))?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    kernel.call::<_, Checked>(methods::TYPE, &text("abc"))?;
    let refused = kernel.refused(methods::TYPE, &text("abc"))?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    let typing = |state: &TypistState| state.typing.is_some();
    kernel.expect_that(topics::TYPIST_STATE, typing)?;
    kernel.call::<_, Nothing>(methods::CANCEL, &Nothing {})?;
    let state: InputState = kernel.expect(topics::INPUT)?;
    kernel.emit("hid", topics::INPUT_ACK, &ack(&state))?;
    let ended = |state: &TypistState| state.typing.is_none() && state.last.is_some();
    let state: TypistState = kernel.expect_that(topics::TYPIST_STATE, ended)?;
    assert_eq!(state.last.map(|last| last.ending), Some(Ending::Cancelled));
    kernel.goodbye()
}

#[test]
fn whoever_takes_the_focus_ends_it() -> Result<(), Failure> {
    let mut kernel = start(json!({}))?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    kernel.call::<_, Checked>(methods::TYPE, &text(&"a".repeat(200)))?;
    let state: InputState = kernel.expect(topics::INPUT)?;
    assert_eq!(state.focus, 8);
    kernel.emit("hid", topics::HID_STATE, &hid(9, Link::Ok))?;
    let ended = |state: &TypistState| state.last.is_some();
    let state: TypistState = kernel.expect_that(topics::TYPIST_STATE, ended)?;
    assert_eq!(state.last.map(|last| last.ending), Some(Ending::FocusTaken));
    kernel.goodbye()
}

#[test]
fn a_wrong_configuration_ends_it_with_the_key() -> Result<(), Failure> {
    for (config, says) in [
        (json!({ "layout": "dvorak" }), "us-dvorak"),
        (json!({ "pace_ms": 99_999 }), "pace_ms"),
        (json!({ "speed": 1 }), "speed"),
    ] {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-typist"));
        let mut kernel = FakeKernel::start(launch, Setup::new("typist").config(config))?;
        kernel.expect_log(says)?;
        kernel.expect_end(78)?;
    }
    Ok(())
}

fn steps(text: &str) -> Macro {
    Macro {
        name: "console".into(),
        text: text.into(),
    }
}

fn run_it() -> MacroRun {
    MacroRun {
        name: "console".into(),
        layout: None,
        pace_ms: None,
    }
}

#[test]
fn a_macro_is_kept_over_a_death_and_run_with_the_pace_and_focus_of_a_text() -> Result<(), Failure> {
    let state = tempfile::tempdir().expect("a folder");
    let begin = || -> Result<FakeKernel, Failure> {
        let launch =
            Launch::program(env!("CARGO_BIN_EXE_dkvm-typist")).env("DKVM_STATE_DIR", state.path());
        let mut kernel = FakeKernel::start(launch, Setup::new("typist"))?;
        kernel.ready()?;
        kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
        Ok(kernel)
    };
    let mut kernel = begin()?;
    let text = "Ctrl+Alt+F2\nwait 50ms\nhold Shift\nTab\nrelease Shift\ntext aB\nEnter";
    kernel.call::<_, Nothing>(methods::MACRO_PUT, &steps(text))?;
    drop(kernel); // a SIGKILL
    let mut kernel = begin()?;
    let kept: MacroState = kernel.call(methods::MACRO_LIST, &Nothing {})?;
    assert_eq!(kept.macros, [steps(text)]);
    let checked: Checked = kernel.call(methods::MACRO_RUN, &run_it())?;
    assert_eq!(checked.characters, 8);
    assert_eq!(
        presses(&mut kernel)?,
        [0xe0, 0xe2, 0x3b, 0xe1, 0x2b, 0x04, 0xe1, 0x05, 0x28]
    );
    let done: TypistState = kernel.call(methods::GET, &Nothing {})?;
    let last = done.last.expect("it ended");
    assert_eq!((last.ending, last.typing.done), (Ending::Done, 8));
    kernel.goodbye()
}

#[test]
fn a_macro_that_makes_no_sense_is_refused_with_its_line() -> Result<(), Failure> {
    let mut kernel = start(json!({}))?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    let error = kernel.refused(methods::MACRO_PUT, &steps("Enter\nCtrl+Foo"))?;
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert!(
        error.message.contains("line 2") && error.message.contains("Foo"),
        "{error}"
    );
    let error = kernel.refused(methods::MACRO_RUN, &run_it())?;
    assert_eq!(error.code, ErrorCode::NotFound);
    kernel.call::<_, Nothing>(methods::MACRO_PUT, &steps("text a\nwait 60s\ntext b"))?;
    kernel.call::<_, Checked>(methods::MACRO_RUN, &run_it())?;
    let busy = kernel.refused(methods::TYPE, &text("x"))?;
    assert_eq!(busy.code, ErrorCode::Conflict);
    let first: InputState = kernel.expect(topics::INPUT)?;
    kernel.emit("hid", topics::INPUT_ACK, &ack(&first))?;
    kernel.call::<_, Nothing>(methods::MACRO_CANCEL, &Nothing {})?;
    kernel.expect_that(topics::TYPIST_STATE, |state: &TypistState| {
        state
            .last
            .as_ref()
            .is_some_and(|last| last.ending == Ending::Cancelled)
    })?;
    kernel.call::<_, Nothing>(methods::MACRO_REMOVE, &json!({ "name": "console" }))?;
    kernel.goodbye()
}

#[test]
fn a_card_that_hangs_holds_no_text_up() -> Result<(), Failure> {
    let folder = tempfile::tempdir().expect("a folder");
    // A pipe that nobody reads is never opened for writing.
    let card = folder.path().join("macros.json.new");
    let made = std::process::Command::new("mkfifo").arg(&card).status();
    assert!(made.expect("mkfifo runs").success());
    let launch =
        Launch::program(env!("CARGO_BIN_EXE_dkvm-typist")).env("DKVM_STATE_DIR", folder.path());
    let mut kernel = FakeKernel::start(launch, Setup::new("typist"))?;
    kernel.ready()?;
    kernel.emit("hid", topics::HID_STATE, &hid(7, Link::Ok))?;
    let put = kernel.begin(methods::MACRO_PUT, &steps("Tab"))?;
    let remove = kernel.begin(methods::MACRO_REMOVE, &json!({ "name": "console" }))?;
    kernel.call::<_, Checked>(methods::TYPE, &text("ab"))?;
    assert_eq!(presses(&mut kernel)?, [0x04, 0x05]);
    // A pipe takes it, and does not keep it: it is not kept then, and the change after it finds nothing.
    let written = std::fs::read_to_string(&card).expect("a pipe");
    assert!(written.contains("console"), "{written}");
    let put = kernel.response(methods::MACRO_PUT, put)?;
    assert_eq!(put.map_err(|error| error.code), Err(ErrorCode::Hardware));
    let remove = kernel.response(methods::MACRO_REMOVE, remove)?;
    assert_eq!(remove.map_err(|error| error.code), Err(ErrorCode::NotFound));
    kernel.goodbye()
}
