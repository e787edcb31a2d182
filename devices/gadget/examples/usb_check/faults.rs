//! What is wrong with a machine, and what the gadget device says of it.

use crate::rig::launch;
use dkvm_testkit::{Failure, FakeKernel, Setup};
use dkvm_wire::topics;
use std::{path::Path, process::Command};
use usb_gadget::{default_udc, function::hid::Hid, Class, Config, Gadget, Id, RegGadget, Strings};

/// Exit code of a device whose hardware is not there.
const ABSENT: i32 = 69;

/// No controller, a controller of another name, one that is taken, one that goes away.
pub fn all(folder: &Path) -> Result<String, Failure> {
    module("rmmod")?;
    refused(
        folder,
        serde_json::json!({}),
        "no USB device controller on this machine",
    )?;
    module("modprobe")?;
    refused(folder, serde_json::json!({ "udc": "nope" }), "nope")?;
    let other = take()?;
    refused(folder, serde_json::json!({}), "usb_gadget/other")?;
    other.remove().map_err(told)?;
    rebuilt(folder)?;
    goes_away(folder)?;
    Ok("each said in a sentence".to_owned())
}

fn told(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}

fn module(command: &str) -> Result<(), Failure> {
    let status = Command::new(command)
        .arg("dummy_hcd")
        .status()
        .map_err(told)?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{command} dummy_hcd failed")))
    }
}

fn start(folder: &Path, config: serde_json::Value) -> Result<FakeKernel, Failure> {
    FakeKernel::start(
        launch(folder, "gadget")?,
        Setup::new("gadget").config(config),
    )
}

fn refused(folder: &Path, config: serde_json::Value, sentence: &str) -> Result<(), Failure> {
    let mut kernel = start(folder, config)?;
    kernel.expect_log(sentence)?;
    kernel.expect_end(ABSENT)
}

/// Another gadget takes the controller.
fn take() -> Result<RegGadget, Failure> {
    let mut keyboard = Hid::builder();
    (keyboard.report_desc, keyboard.report_len) =
        (vec![0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0xc0], 1);
    let config = Config::new("other").with_function(keyboard.build().1);
    let strings = Strings::new("somebody", "else", "1");
    let mut gadget = Gadget::new(
        Class::INTERFACE_SPECIFIC,
        Id::LINUX_FOUNDATION_COMPOSITE,
        strings,
    )
    .with_config(config);
    gadget.name = Some("other".to_owned());
    gadget.bind(&default_udc().map_err(told)?).map_err(told)
}

/// What was built with another configuration is not adopted.
fn rebuilt(folder: &Path) -> Result<(), Failure> {
    let mut kernel = start(
        folder,
        serde_json::json!({ "product": "before", "ac_pan": false }),
    )?;
    kernel.ready()?;
    kernel.kill()?;
    let mut kernel = start(folder, serde_json::json!({}))?;
    kernel.expect_log("built the gadget anew")?;
    kernel.ready()?;
    kernel.goodbye()
}

fn goes_away(folder: &Path) -> Result<(), Failure> {
    let mut kernel = start(folder, serde_json::json!({}))?;
    kernel.expect_log("adopted")?;
    kernel.ready()?;
    kernel.expect_event(topics::GADGET_STATE)?;
    module("rmmod")?;
    kernel.expect_log("went away")?;
    kernel.expect_end(ABSENT)?;
    module("modprobe")
}
