//! What every device has to get right, in whatever language it is written.
//!
//! Each check starts the device anew, so a device is judged by many short lives. In the tests of a device:
//!
//! ```no_run
//! use dkvm_testkit::{conformance, conformance::Subject, Failure};
//!
//! # fn main() -> Result<(), Failure> {
//! let subject = Subject::new(env!("CARGO")).config(serde_json::json!({ "backend": "dummy" }));
//! conformance::expect_all(&subject)
//! # }
//! ```

mod endings;
mod start;
mod talk;

use crate::{launch::Program, Failure, FakeKernel, Launch, Setup};
use serde_json::{json, Value};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

/// A device to judge.
#[derive(Debug, Clone)]
pub struct Subject {
    program: Program,
    config: Value,
    name: String,
    patience: Option<Duration>,
}

impl Subject {
    /// A program that is a device.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path: PathBuf = path.as_ref().to_owned();
        Self {
            program: Program {
                path,
                args: Vec::new(),
                env: Vec::new(),
            },
            config: json!({}),
            name: "subject".to_owned(),
            patience: None,
        }
    }

    /// An argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.program.args.push(arg.into());
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.program.env.push((name.into(), value.into()));
        self
    }

    /// A configuration with which it becomes ready on this machine.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// How long anything that must come is waited for; 15 s unless told.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    fn setup(&self) -> Setup {
        Setup::new(&self.name).config(self.config.clone())
    }

    fn launch(&self) -> Launch {
        let launch = Launch::from(self.program.clone());
        match self.patience {
            Some(patience) => launch.patience(patience),
            None => launch,
        }
    }

    /// Started and welcomed.
    fn start(&self) -> Result<FakeKernel, Failure> {
        FakeKernel::start(self.launch(), self.setup())
    }

    /// Ready.
    fn ready(&self) -> Result<FakeKernel, Failure> {
        let mut kernel = self.start()?;
        kernel.ready()?;
        Ok(kernel)
    }
}

/// One thing to get right.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// For people and for `--only`.
    pub name: &'static str,
    /// What is demanded.
    pub demand: &'static str,
    run: fn(&Subject) -> Result<(), Failure>,
}

impl Check {
    /// Judges a device.
    pub fn run(&self, subject: &Subject) -> Result<(), Failure> {
        (self.run)(subject)
    }
}

/// All checks, in the order of a device's life.
pub fn checks() -> impl Iterator<Item = Check> {
    start::CHECKS
        .iter()
        .chain(talk::CHECKS)
        .chain(endings::CHECKS)
        .copied()
}

/// Runs all checks; the failure names each that failed and why.
pub fn expect_all(subject: &Subject) -> Result<(), Failure> {
    let failures: Vec<String> = checks()
        .filter_map(|check| {
            check
                .run(subject)
                .err()
                .map(|why| format!("{}: {}\n  {why}", check.name, check.demand))
        })
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} checks failed\n{}",
            failures.len(),
            failures.join("\n")
        )))
    }
}
