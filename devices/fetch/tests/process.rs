//! The device as a process, with a server that nobody finds.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::fetch::{methods, FetchState},
};
use std::{fs, path::Path};

/// Names under `.invalid` lead nowhere (RFC 6761).
const JOB: &str = r#"{"url":"https://nobody.invalid/x.iso","image":"x.iso","sha256":null}"#;

fn start(state: &Path) -> Result<FakeKernel, Failure> {
    let launch =
        Launch::program(env!("CARGO_BIN_EXE_dkvm-fetch")).env("DKVM_STATE_DIR", state.as_os_str());
    let mut kernel = FakeKernel::start(launch, Setup::new("fetch"))?;
    kernel.ready()?;
    Ok(kernel)
}

#[test]
fn what_is_cancelled_does_not_come_back() -> Result<(), Failure> {
    let folder = tempfile::tempdir().expect("a directory");
    let job = folder.path().join("job.json");
    fs::write(&job, JOB).expect("written");
    let mut kernel = start(folder.path())?;
    let state: FetchState = kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.fetching.expect("goes on").image, "x.iso");
    assert!(job.exists());
    let Nothing {} = kernel.call(methods::CANCEL, &Nothing {})?;
    // At once, not when its end is reached: it may die before.
    assert!(!job.exists());
    kernel.kill()?;
    let mut kernel = start(folder.path())?;
    let state: FetchState = kernel.expect(topics::FETCH_STATE)?;
    assert_eq!(state.fetching, None);
    kernel.goodbye()
}
