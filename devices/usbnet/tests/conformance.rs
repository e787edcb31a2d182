//! What every device has to get right.
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure,
};

#[test]
fn the_device_conforms() -> Result<(), Failure> {
    let subject = Subject::new(env!("CARGO_BIN_EXE_dkvm-usbnet"));
    let config = serde_json::json!({ "backend": "dummy", "dnsmasq": "true", "nft": "true" });
    expect_all(&subject.config(config))
}
