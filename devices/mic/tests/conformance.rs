//! What every device has to get right.
#![allow(missing_docs)]

use dkvm_testkit::{
    conformance::{expect_all, Subject},
    Failure,
};

#[test]
fn it_conforms_as_it_is_shipped() -> Result<(), Failure> {
    expect_all(&Subject::new(env!("CARGO_BIN_EXE_dkvm-mic")))
}
