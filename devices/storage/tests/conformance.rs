//! What every device has to get right.
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure,
};

#[test]
fn the_device_conforms() -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::new(error.to_string()))?;
    let subject = Subject::new(env!("CARGO_BIN_EXE_dkvm-storage"));
    expect_all(&subject.env("DKVM_STATE_DIR", folder.path()))
}
