//! The device as a process, with a LED that is a folder of files.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{samples::device_info, Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    encode_body,
    service::{methods, DeviceInfo, DeviceList, KernelInfo, Nothing, Phase},
    topics,
    vocab::input::{HidState, Leds, Link},
};
use serde_json::json;
use std::{
    cell::Cell,
    fs,
    path::Path,
    rc::Rc,
    thread::sleep,
    time::{Duration, Instant},
};

const BOOTING: &str = "255 100 255 0 0 100 0 0";
const READY: &str = "255 100 255 0 0 1900 0 0";
const CONTROLLED: &str = "255 100 255 0 0 150 0 0 255 100 255 0 0 1650 0 0";
/// How long a pattern is waited for, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(90);

fn device(phase: Phase) -> DeviceInfo {
    device_info("hid", phase)
}

fn hid(holder: u64) -> HidState {
    let leds = Leds::default();
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds,
        focus: 1,
        holder,
        extras: Vec::new(),
        jiggle: 0,
        by: String::new(),
        busy: false,
    }
}

fn led(class: &Path, name: &str, files: &[(&str, &str)]) {
    let folder = class.join(name);
    fs::create_dir(&folder).expect("a folder");
    for (file, text) in files {
        fs::write(folder.join(file), text).expect("a file");
    }
}

/// What the kernel says of hid, unasked and asked: it never says two things at once.
type Told = Rc<Cell<Phase>>;

fn told(phase: Phase) -> Told {
    Rc::new(Cell::new(phase))
}

fn tell(kernel: &mut FakeKernel, told: &Told, phase: Phase) -> Result<(), Failure> {
    told.set(phase);
    kernel.tell(topics::DEVICE_STATE, &device(phase))
}

fn start(class: &Path, told: &Told) -> Result<FakeKernel, Failure> {
    let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-led"));
    let setup = Setup::new("led").config(json!({ "class": class }));
    let mut kernel = FakeKernel::start(launch, setup)?;
    kernel.answer(methods::EVENTS_SUBSCRIBE, |_| Ok(encode_body(&Nothing {})));
    let told = told.clone();
    kernel.answer(methods::DEVICES_LIST, move |_| {
        let devices = vec![device(told.get())];
        Ok(encode_body(&DeviceList { devices }))
    });
    kernel.answer(methods::KERNEL_INFO, |_| {
        Ok(encode_body(&KernelInfo::default()))
    });
    kernel.ready()?;
    Ok(kernel)
}

/// A file of a real LED is overwritten whole, this one from its start: so only its beginning is compared.
fn await_text(kernel: &mut FakeKernel, path: &Path, text: &str) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        kernel.ping()?;
        let now = fs::read_to_string(path).expect("a file");
        if now.starts_with(text) {
            return Ok(());
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{path:?} is {now:?}, not {text:?}"
        );
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn linux_blinks_what_the_node_is_at() -> Result<(), Failure> {
    let class = tempfile::tempdir().expect("a directory");
    let files = [
        ("brightness", "0"),
        ("max_brightness", "255\n"),
        ("trigger", "none timer [pattern] mmc0\n"),
        ("pattern", ""),
    ];
    led(class.path(), "ACT", &files);
    let told = told(Phase::Preparing);
    let mut kernel = start(class.path(), &told)?;
    let pattern = class.path().join("ACT/pattern");
    await_text(&mut kernel, &pattern, BOOTING)?;
    tell(&mut kernel, &told, Phase::Running)?;
    await_text(&mut kernel, &pattern, READY)?;
    kernel.emit("hid", topics::HID_STATE, &hid(7))?;
    await_text(&mut kernel, &pattern, CONTROLLED)?;
    kernel.source_gone("hid", 1)?;
    await_text(&mut kernel, &pattern, READY)?;
    tell(&mut kernel, &told, Phase::Failed)?;
    await_text(&mut kernel, &pattern, "255 500 255 0 0 250 0 0 255 500")?;
    // The trigger was right: it was not touched, for that would start it anew.
    assert_eq!(
        fs::read_to_string(class.path().join("ACT/trigger")).expect("a file"),
        files[2].1
    );
    kernel.goodbye()?;
    assert!(fs::read_to_string(pattern)
        .expect("a file")
        .starts_with(BOOTING));
    Ok(())
}

#[test]
fn without_the_trigger_it_blinks_itself() -> Result<(), Failure> {
    let class = tempfile::tempdir().expect("a directory");
    let files = [
        ("brightness", "9"),
        ("max_brightness", "1"),
        ("trigger", "[none]"),
    ];
    led(class.path(), "led0", &files);
    let mut kernel = start(class.path(), &told(Phase::Preparing))?;
    let brightness = class.path().join("led0/brightness");
    for text in ["1", "0", "1"] {
        await_text(&mut kernel, &brightness, text)?;
    }
    kernel.goodbye()
}

#[test]
fn no_led_is_told_and_is_no_fault() -> Result<(), Failure> {
    let class = tempfile::tempdir().expect("a directory");
    let mut kernel = start(class.path(), &told(Phase::Running))?;
    kernel.expect_log("there is no status LED: none of ACT, led0")?;
    kernel.emit("hid", topics::HID_STATE, &hid(7))?;
    kernel.emit("hid", topics::HID_STATE, "rubbish")?;
    kernel.expect_log("hid.state")?;
    kernel.goodbye()
}
