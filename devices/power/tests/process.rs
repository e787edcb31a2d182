//! The device as a process, with a pretended target.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::power::{methods, Button, PowerState, Press, Wake},
    ErrorCode,
};
use serde_json::{json, Value};
use std::{fs, path::Path};

fn start(config: Value) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-power"));
    FakeKernel::start(launch, Setup::new("power").config(config))
}

fn dummy(record: &Path) -> Value {
    json!({
        "backend": "dummy",
        "record": record,
        "press_ms": 20,
        "power_button": { "line": 23 },
        "power_led": { "line": 24 },
        "wake": [{ "name": "server", "mac": "02-00-00-00-00-01" }],
    })
}

fn press(button: Button, hold_ms: Option<u32>) -> Press {
    Press { button, hold_ms }
}

#[test]
fn a_press_is_answered_when_it_is_released() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let record = directory.path().join("record");
    let mut kernel = start(dummy(&record))?;
    assert_eq!(kernel.ready()?.degraded, None);
    kernel.call::<_, Nothing>(methods::PRESS, &press(Button::Power, None))?;
    let recorded = fs::read_to_string(&record).expect("a record");
    assert_eq!(recorded, "all released\npower pressed\npower released\n");
    let state: PowerState = kernel.expect_that(topics::POWER_STATE, |s: &PowerState| {
        s.power_led == Some(true)
    })?;
    assert_eq!((state.buttons, state.pressed), (vec![Button::Power], None));
    assert_eq!(state.wake[0].mac, "02:00:00:00:00:01");
    kernel.goodbye()
}

#[test]
fn what_is_pressed_is_told_and_nothing_else_is_pressed_meanwhile() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let record = directory.path().join("record");
    let mut kernel = start(dummy(&record))?;
    kernel.ready()?;
    let asked = kernel.begin(methods::PRESS, &press(Button::Power, Some(15_000)))?;
    kernel.expect_that(topics::POWER_STATE, |s: &PowerState| {
        s.pressed == Some(Button::Power)
    })?;
    let refused = kernel.refused(methods::PRESS, &press(Button::Power, None))?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    let state: PowerState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.pressed, Some(Button::Power));
    // A goodbye lets go at once.
    kernel.goodbye()?;
    let early = kernel
        .response(methods::PRESS, asked)?
        .expect_err("it was cut short");
    assert_eq!(early.code, ErrorCode::Unavailable);
    let recorded = fs::read_to_string(&record).expect("a record");
    assert_eq!(recorded, "all released\npower pressed\npower released\n");
    Ok(())
}

#[test]
fn requests_that_make_no_sense_are_refused_in_sentences() -> Result<(), Failure> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut kernel = start(dummy(&directory.path().join("record")))?;
    kernel.ready()?;
    let cases = [
        (
            press(Button::Reset, None),
            ErrorCode::NotFound,
            "reset_button",
        ),
        (
            press(Button::Power, Some(60_000)),
            ErrorCode::BadRequest,
            "20 to 15000 ms",
        ),
        (
            press(Button::Power, Some(0)),
            ErrorCode::BadRequest,
            "20 to 15000 ms",
        ),
    ];
    for (press, code, says) in cases {
        let error = kernel.refused(methods::PRESS, &press)?;
        assert_eq!(error.code, code);
        assert!(error.message.contains(says), "{error}");
    }
    let wake = Wake {
        target: "sever".to_owned(),
    };
    let error = kernel.refused(methods::WAKE, &wake)?;
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.message.contains("server"), "{error}");
    let error = kernel.refused(methods::PRESS, "rubbish")?;
    assert_eq!(error.code, ErrorCode::BadRequest);
    kernel.ping()
}

#[test]
fn nothing_wired_is_ready_and_says_so_by_its_state() -> Result<(), Failure> {
    let mut kernel = start(json!({}))?;
    assert_eq!(kernel.ready()?.degraded, None);
    let state: PowerState = kernel.expect(topics::POWER_STATE)?;
    assert!(state.buttons.is_empty() && state.power_led.is_none() && state.disk_led.is_none());
    kernel.goodbye()
}

#[test]
fn a_chip_that_is_not_there_degrades() -> Result<(), Failure> {
    let wires = json!({ "chip": "no-such-chip", "power_button": { "line": 1 }, "disk_led": { "line": "X" } });
    for backend in ["auto", "chardev"] {
        let mut config = wires.clone();
        config["backend"] = json!(backend);
        let mut kernel = start(config)?;
        let degraded = kernel.ready()?.degraded.expect("a sentence");
        assert!(
            degraded.contains(
                "the power button (line 1) cannot be used: there is no GPIO chip \"no-such-chip\""
            ),
            "{degraded}"
        );
        let state: PowerState = kernel.expect(topics::POWER_STATE)?;
        assert!(state.buttons.is_empty());
        kernel.goodbye()?;
    }
    Ok(())
}

#[test]
fn a_wrong_configuration_ends_it_with_the_key() -> Result<(), Failure> {
    let cases = [
        (json!({ "power_button": { "pin": 1 } }), "pin"),
        (
            json!({ "wake": [{ "name": "a", "mac": "02:00" }] }),
            "six pairs",
        ),
        (json!({ "press_ms": 1 }), "press_ms"),
        (
            json!({ "disk_led": { "line": 2 }, "power_led": { "line": 2 } }),
            "disk_led",
        ),
    ];
    for (config, says) in cases {
        let mut kernel = start(config)?;
        kernel.expect_log(says)?;
        kernel.expect_end(78)?;
    }
    Ok(())
}
