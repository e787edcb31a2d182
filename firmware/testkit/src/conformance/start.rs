//! The beginning of a life.

use super::{Check, Subject};
use crate::{Failure, FakeKernel};
use dkvm_wire::{encode_body, ErrorCode, ExitCode, Welcome, WireError, WIRE_VERSION};
use serde::Serialize;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "hello",
        demand: "sends the preamble and a hello of wire version 1 in time",
        run: hello,
    },
    Check {
        name: "ready",
        demand: "says `ready`, given the configuration of this run",
        run: ready,
    },
    Check {
        name: "newer-kernel",
        demand: "ignores fields of `welcome` that it does not know",
        run: newer_kernel,
    },
    Check {
        name: "bad-config",
        demand:
            "ends with code 78 on an unknown key of its configuration, and names the key on stderr",
        run: bad_config,
    },
    Check {
        name: "refused",
        demand: "ends by itself, not with code 0, when its hello is refused",
        run: refused,
    },
    Check {
        name: "no-welcome",
        demand: "ends when the kernel goes away before its welcome",
        run: no_welcome,
    },
];

/// A key that no device has.
const UNKNOWN_KEY: &str = "no_device_has_this_key";

fn hello(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = FakeKernel::start_silent(subject.launch())?;
    kernel.greet()?;
    match kernel.hello() {
        Some(hello) if hello.wire.major != WIRE_VERSION.major => {
            Err(kernel.failure(format!("it speaks wire version {}", hello.wire.major)))
        }
        Some(hello) if hello.device.is_empty() => {
            Err(kernel.failure("its hello names no kind of device"))
        }
        _ => Ok(()),
    }
}

fn ready(subject: &Subject) -> Result<(), Failure> {
    subject.ready().map(drop)
}

#[derive(Serialize)]
struct NewerWelcome {
    #[serde(flatten)]
    welcome: Welcome,
    moon: &'static str,
    tides: Vec<u8>,
}

fn newer_kernel(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = FakeKernel::start_silent(subject.launch())?;
    let hello = kernel.greet()?;
    let mut welcome = kernel.welcome_of(&subject.setup())?;
    welcome.wire.minor = u16::MAX;
    let newer = NewerWelcome {
        welcome,
        moon: "full",
        tides: vec![1, 2],
    };
    kernel.respond(hello, Ok(&encode_body(&newer)))?;
    kernel.ready()?;
    kernel.ping()
}

fn bad_config(subject: &Subject) -> Result<(), Failure> {
    let mut config = subject.config.clone();
    config[UNKNOWN_KEY] = 1.into();
    let mut kernel = FakeKernel::start(subject.launch(), subject.setup().config(config))?;
    kernel.expect_end(ExitCode::BadConfig.code())?;
    kernel.expect_log(UNKNOWN_KEY).map(drop)
}

fn refused(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = FakeKernel::start_silent(subject.launch())?;
    let hello = kernel.greet()?;
    let error = WireError::new(
        ErrorCode::Forbidden,
        "this kernel takes no devices: it is a test",
    );
    kernel.respond(hello, Err(error))?;
    match kernel.end()? {
        crate::End::Exit(code) if code != 0 => Ok(()),
        end => Err(kernel.failure(format!("it ended with {end}"))),
    }
}

fn no_welcome(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = FakeKernel::start_silent(subject.launch())?;
    kernel.greet()?;
    kernel.hang_up();
    kernel.end()?;
    kernel.expect_no_leftovers()
}
