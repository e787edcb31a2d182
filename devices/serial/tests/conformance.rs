//! What every device has to get right.
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure,
};

#[test]
fn the_device_conforms() -> Result<(), Failure> {
    expect_all(&Subject::new(env!("CARGO_BIN_EXE_dkvm-serial")))
}
