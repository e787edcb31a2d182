use dkvm_wire::ExitCode;
use std::fmt;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

const SIGKILL: i32 = 9;

impl Exit {
    /// Killed from outside: by a person, or by Linux when memory ran out.
    pub fn is_kill(self) -> bool {
        self == Self::Signal(SIGKILL)
    }

    /// Its meaning, when it is one of the wire protocol's.
    pub fn meaning(self) -> Option<ExitCode> {
        match self {
            Self::Code(code) => ExitCode::from_code(code),
            Self::Signal(_) => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.meaning()) {
            (Self::Signal(number), _) => match signal_name(*number) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {number}"),
            },
            (Self::Code(code), Some(meaning)) => write!(f, "exit code {code} ({})", words(meaning)),
            (Self::Code(code), None) => write!(f, "exit code {code}"),
        }
    }
}

fn words(code: ExitCode) -> &'static str {
    match code {
        ExitCode::Done => "done",
        ExitCode::HardwareAbsent => "its hardware is not there",
        ExitCode::Internal => "a fault of its own",
        ExitCode::TryAgain => "it asks to be tried again",
        ExitCode::Protocol => "it could not follow the wire protocol",
        ExitCode::BadConfig => "its configuration is wrong",
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: [(i32, &str); 12] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (15, "SIGTERM"),
        (31, "SIGSYS"),
    ];
    NAMES
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}
