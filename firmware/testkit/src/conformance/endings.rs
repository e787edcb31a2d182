//! How a life ends.

use super::{Check, Subject};
use crate::Failure;
use serde_json::json;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "goodbye",
        demand: "ends with code 0 on `goodbye`, its input still open, and leaves nothing behind",
        run: goodbye,
    },
    Check {
        name: "goodbye-early",
        demand: "ends with code 0 on `goodbye` right after its welcome",
        run: goodbye_early,
    },
    Check {
        name: "goodbye-busy",
        demand: "ends with code 0 on `goodbye` behind hundreds of events",
        run: goodbye_busy,
    },
    Check {
        name: "kernel-gone",
        demand: "ends with code 0 when its input ends, and leaves nothing behind",
        run: kernel_gone,
    },
    Check {
        name: "killed",
        demand: "becomes ready again after it was killed, whatever it left",
        run: killed,
    },
];

const EVENTS: usize = 300;

fn goodbye(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    kernel.say_goodbye()?;
    kernel.expect_end(0)?;
    kernel.expect_no_leftovers()
}

fn goodbye_early(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.start()?;
    kernel.goodbye()
}

fn goodbye_busy(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    for _ in 0..EVENTS {
        kernel.emit("stranger", "no.such.topic", &json!({}))?;
    }
    kernel.goodbye()
}

fn kernel_gone(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    kernel.hang_up();
    kernel.expect_end(0)?;
    kernel.expect_no_leftovers()
}

fn killed(subject: &Subject) -> Result<(), Failure> {
    let mut first = subject.ready()?;
    first.kill()?;
    first.end()?;
    let mut second = crate::FakeKernel::start(subject.launch(), subject.setup().generation(2))?;
    second.ready()?;
    second.ping()
}
