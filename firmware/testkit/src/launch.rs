use std::{
    ffi::OsString,
    fmt,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long anything that must come is waited for: generous, because a loaded machine is no fault of a device.
const PATIENCE: Duration = Duration::from_secs(90);

/// The body of a device that runs in the test's own process: its ends of the pipes in, its exit code out.
pub(crate) type Body = Box<dyn FnOnce(OwnedFd, OwnedFd) -> i32 + Send>;

/// How to start the device under test.
pub struct Launch {
    pub(crate) how: How,
    pub(crate) patience: Duration,
}

pub(crate) enum How {
    Process(Program),
    Thread(Body),
}

/// A command line.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
}

impl Launch {
    /// A program. In the tests of a package with a binary: `env!("CARGO_BIN_EXE_…")`.
    pub fn program(path: impl AsRef<Path>) -> Self {
        How::Process(Program {
            path: path.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
        })
        .into()
    }

    /// A device in a thread of the test: `|input, output| dkvm_sdk::main_over(input, output, IDENTITY, run)`.
    pub fn in_process<F>(body: F) -> Self
    where
        F: FnOnce(OwnedFd, OwnedFd) -> i32 + Send + 'static,
    {
        How::Thread(Box::new(body)).into()
    }

    /// An argument of the program.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        if let How::Process(program) = &mut self.how {
            program.args.push(arg.into());
        }
        self
    }

    /// How long the fake kernel waits for anything that must come; 15 s unless told.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A variable of the program's environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        if let How::Process(program) = &mut self.how {
            program.env.push((name.into(), value.into()));
        }
        self
    }
}

impl From<How> for Launch {
    fn from(how: How) -> Self {
        Self {
            how,
            patience: PATIENCE,
        }
    }
}

impl From<Program> for Launch {
    fn from(program: Program) -> Self {
        How::Process(program).into()
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.how {
            How::Process(program) => program.fmt(f),
            How::Thread(_) => f.write_str("a device in this process"),
        }
    }
}
