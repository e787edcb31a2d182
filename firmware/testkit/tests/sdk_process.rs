//! What the SDK's `main` does to its process, seen from outside.

use dkvm_testkit::{End, Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{encode_body, service::Nothing, ExitCode};
use serde_json::json;

fn echo() -> Result<FakeKernel, Failure> {
    let mut kernel = FakeKernel::start(
        Launch::program(env!("CARGO_BIN_EXE_dkvm-echo")),
        Setup::new("echo"),
    )?;
    kernel.ready()?;
    Ok(kernel)
}

/// Asks for something that is not answered.
fn request(kernel: &mut FakeKernel, method: &str) -> Result<(), Failure> {
    let request = dkvm_wire::Message::Request {
        id: dkvm_wire::RequestId(99),
        method,
        body: &encode_body(&Nothing {}),
        source: None,
    };
    kernel.send_frame(&request.encode())
}

#[test]
fn a_print_is_a_log_line_and_no_protocol() -> Result<(), Failure> {
    let mut kernel = echo()?;
    kernel.call::<_, ()>("print", &json!({}))?;
    assert_eq!(kernel.expect_log("stdout")?, "this went to stdout");
    kernel.ping()?;
    kernel.goodbye()
}

#[test]
fn a_panic_is_one_log_line_and_code_70() -> Result<(), Failure> {
    let mut kernel = echo()?;
    request(&mut kernel, "panic")?;
    kernel.expect_end(ExitCode::Internal.code())?;
    kernel.expect_no_leftovers()?;
    let log = kernel.log();
    assert!(
        matches!(&log[..], [line] if line.starts_with("<error> ") && line.contains("asked to")),
        "{log:?}"
    );
    Ok(())
}

#[test]
fn a_device_that_hangs_ends_with_its_kernel() -> Result<(), Failure> {
    let mut kernel = echo()?;
    request(&mut kernel, "hang")?;
    kernel.hang_up();
    kernel.expect_end(0)
}

#[test]
fn standard_input_and_output_are_not_the_protocols() -> Result<(), Failure> {
    let mut kernel = echo()?;
    let pid = kernel.pid().ok_or_else(|| Failure::new("no pid"))?;
    let target = |fd: u32| std::fs::read_link(format!("/proc/{pid}/fd/{fd}"));
    assert_eq!(target(0)?.to_string_lossy(), "/dev/null");
    assert_eq!(target(1)?, target(2)?);
    kernel.goodbye()
}

#[test]
fn a_device_that_is_killed_is_seen_as_killed() -> Result<(), Failure> {
    let mut kernel = echo()?;
    kernel.kill()?;
    assert_eq!(kernel.end()?, End::Signal(9));
    kernel.expect_no_leftovers()
}

#[test]
fn a_start_by_hand_is_told_in_a_sentence() -> Result<(), Failure> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dkvm-echo"))
        .stdin(std::process::Stdio::null())
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{log}");
    assert!(log.contains("started by `dkvm kernel`"), "{log}");
    Ok(())
}
