//! The example in docs/examples/python-device, under the fake kernel.

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure, FakeKernel, Launch, Setup,
};
use dkvm_wire::ErrorCode;
use serde::Deserialize;
use serde_json::json;
use std::process::Command;

const DEVICE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/examples/python-device/device.py"
);

/// A Python that has msgpack; a Python of the user's own in front of the system's often has not.
fn python() -> Result<&'static str, Failure> {
    let has_msgpack = |python: &&str| {
        Command::new(python)
            .args(["-c", "import msgpack"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(has_msgpack);
    found.ok_or_else(|| Failure::new("no Python with msgpack: install the package python3-msgpack"))
}

#[derive(Debug, PartialEq, Deserialize)]
struct Heard {
    topic: String,
    from: String,
    count: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Greeting {
    text: String,
}

#[test]
fn it_conforms() -> Result<(), Failure> {
    expect_all(&Subject::new(python()?).arg(DEVICE))
}

#[test]
fn it_hears_speaks_and_answers() -> Result<(), Failure> {
    let setup = Setup::new("python").config(json!({ "greeting": "Good morning" }));
    let mut kernel = FakeKernel::start(Launch::program(python()?).arg(DEVICE), setup)?;
    kernel.ready()?;
    kernel.emit("capture", "video.state", &json!({ "signal": "ok" }))?;
    let heard: Heard = kernel.expect("python.heard")?;
    assert_eq!(
        heard,
        Heard {
            topic: "video.state".into(),
            from: "capture".into(),
            count: 1
        }
    );
    let greeting: Greeting = kernel.call("python.greet", &json!({ "name": "Ada" }))?;
    assert_eq!(greeting.text, "Good morning, Ada!");
    assert_eq!(
        kernel.refused("python.greet", &json!({}))?.code,
        ErrorCode::BadRequest
    );
    kernel.ping()?;
    kernel.goodbye()
}
