//! What every device has to get right.
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure,
};

#[test]
fn the_device_conforms() -> Result<(), Failure> {
    let subject = Subject::new(env!("CARGO_BIN_EXE_dkvm-audio"));
    expect_all(&subject.config(serde_json::json!({ "backend": "dummy" })))
}

#[test]
fn it_conforms_as_it_is_shipped() -> Result<(), Failure> {
    expect_all(&Subject::new(env!("CARGO_BIN_EXE_dkvm-audio")))
}
