//! A configuration on trial, as whoever applied it sees it through.

use super::{heard, show, state, ConfigProblem, Session};
use crate::args::{ApplyHow, ConfirmTime};
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, ConfigApplied, ConfigOutcome, ConfigRollback, ConfigState};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use serde::Serialize;
use std::io::{stdin, BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Time to confirm, where nothing else is said.
const USUAL_S: u32 = 60;

/// Who says that it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Nobody has to.
    Nobody,
    /// The person here, within so many seconds.
    Person(u32),
    /// This command, as soon as the node is heard of again: what is proved is the way to it.
    Command(u32),
    /// Somebody else, by `dkvm config confirm`.
    Others(u32),
}

impl Terms {
    pub fn seconds(self) -> u32 {
        match self {
            Self::Nobody => 0,
            Self::Person(seconds) | Self::Command(seconds) | Self::Others(seconds) => seconds,
        }
    }
}

/// What holds for this command.
pub fn terms(session: &Session, how: &ApplyHow) -> Terms {
    let person = stdin().is_terminal() && std::io::stderr().is_terminal();
    match how.confirm {
        Some(ConfirmTime::None) => Terms::Nobody,
        Some(ConfirmTime::Seconds(seconds)) if person => Terms::Person(seconds),
        Some(ConfirmTime::Seconds(seconds)) => Terms::Others(seconds),
        None if person => Terms::Person(USUAL_S),
        None if session.place.node.is_some() => Terms::Command(USUAL_S),
        None => Terms::Nobody,
    }
}

/// One that was begun.
pub struct Begun {
    pub applied: ConfigApplied,
    pub terms: Terms,
}

/// The end, as JSON.
#[derive(Serialize)]
struct End<'a> {
    #[serde(flatten)]
    applied: &'a ConfigApplied,
    outcome: ConfigOutcome,
    why: Vec<String>,
}

pub fn see_through(session: &mut Session, begun: Begun, form: Form) -> Result<ExitCode, CliError> {
    let Begun { applied, terms } = begun;
    if form == Form::Text {
        output::lines(&show::change(&applied.change))?;
        output::lines(&applied.notices)?;
    }
    let number = applied.number;
    let mut state = heard::wait(session, number, |trial| trial.left_ms.is_some())?;
    if let Some(left) = state.trial.as_ref().and_then(|trial| trial.left_ms) {
        match terms {
            Terms::Others(_) => return left_to_others(&applied, left, form),
            Terms::Person(_) if !ask(left)? => settled(heard::take_back(session, number))?,
            Terms::Person(_) | Terms::Command(_) | Terms::Nobody => {
                settled(heard::keep(session, number))?;
            }
        }
        state = heard::wait(session, number, |_| false)?;
    }
    ended(session, &applied, &state, form)
}

/// A person, who may take too long.
fn ask(left_ms: u64) -> Result<bool, CliError> {
    eprint!(
        "Its devices are up. Keep this configuration? It is taken back in {} s [y/N] ",
        left_ms / 1000
    );
    std::io::stderr().flush()?;
    let stdin = stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec {
        tv_sec: i64::try_from(left_ms / 1000).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    if poll(&mut fds, Some(&timeout)).map_err(CliError::Terminal)? == 0 {
        eprintln!();
        return Ok(false);
    }
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Where its trial is over, or nobody knows of it any more, what became of it is seen afterwards.
fn settled<T>(said: Result<T, CliError>) -> Result<(), CliError> {
    match said {
        Err(error) if !is_over(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_over(error: &CliError) -> bool {
    use dkvm_kernel::client::ClientError::Refused;
    use dkvm_wire::ErrorCode::{Conflict, NotFound};
    matches!(error, CliError::Client(Refused(e)) if matches!(e.code, Conflict | NotFound))
}

fn left_to_others(applied: &ConfigApplied, left_ms: u64, form: Form) -> Result<ExitCode, CliError> {
    let number = applied.number;
    match form {
        Form::Json => output::json(&End {
            applied,
            outcome: ConfigOutcome::Trial,
            why: Vec::new(),
        })?,
        Form::Text => output::line(&format!(
            "configuration {number} is on trial: `dkvm config confirm {number}` within {} s keeps it",
            left_ms / 1000
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn ended(
    session: &mut Session,
    applied: &ConfigApplied,
    state: &ConfigState,
    form: Form,
) -> Result<ExitCode, CliError> {
    let number = applied.number;
    let (outcome, why) = outcome(session, number, state)?;
    let taken_back = outcome == ConfigOutcome::TakenBack;
    match form {
        Form::Json => output::json(&End {
            applied,
            outcome,
            why,
        })?,
        Form::Text if taken_back => {
            let why = output::harmless(&why.join("; "));
            return Err(ConfigProblem::TakenBack { number, why }.into());
        }
        Form::Text => {
            output::line(&format!("configuration {number} is kept"))?;
            output::lines(&why)?;
        }
    }
    Ok(if taken_back {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What became of it.
fn outcome(
    session: &mut Session,
    number: u32,
    state: &ConfigState,
) -> Result<(ConfigOutcome, Vec<String>), CliError> {
    if let Some(last) = &state.last {
        if last.number == Some(number) {
            return Ok((last.outcome, last.why.clone()));
        }
    }
    // Somebody was fast, or the kernel has restarted.
    let history = heard::until_answered(session, number, super::history::entries)?;
    let found = history.into_iter().find(|entry| entry.number == number);
    let Some(entry) = found else {
        let node = session.place.words();
        return Err(ConfigProblem::Forgotten { node, number }.into());
    };
    Ok((entry.outcome, entry.why.into_iter().collect()))
}

/// `dkvm config rollback`
pub fn roll_back(
    session: &mut Session,
    number: Option<u32>,
    how: &ApplyHow,
    form: Form,
) -> Result<ExitCode, CliError> {
    let on_trial = state(session)?.trial.and_then(|trial| trial.number);
    if let (Some(trial), None) = (on_trial, number) {
        return end_trial(session, trial, form);
    }
    let terms = terms(session, how);
    let back = ConfigRollback {
        number,
        confirm_s: terms.seconds(),
        trial: None,
    };
    let applied = session.call(methods::CONFIG_ROLLBACK, &back)?;
    see_through(session, Begun { applied, terms }, form)
}

fn end_trial(session: &mut Session, trial: u32, form: Form) -> Result<ExitCode, CliError> {
    let applied = match heard::take_back(session, trial) {
        Err(error) if is_over(&error) => taken_back_already(session, trial, error)?,
        result => result?,
    };
    match form {
        Form::Json => output::json(&applied)?,
        Form::Text => output::line(&format!(
            "configuration {trial} is taken back, {} is in force",
            applied.number
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// It is what was wanted, unless it ended as `error` says.
fn taken_back_already(
    session: &mut Session,
    trial: u32,
    error: CliError,
) -> Result<ConfigApplied, CliError> {
    let state = heard::wait(session, trial, |_| false)?;
    let (outcome, _) = outcome(session, trial, &state)?;
    if outcome != ConfigOutcome::TakenBack {
        return Err(error);
    }
    Ok(ConfigApplied {
        number: state.number.unwrap_or_default(),
        change: dkvm_wire::service::Applied::default(),
        notices: Vec::new(),
    })
}

/// `dkvm config confirm`
pub fn confirm(
    session: &mut Session,
    number: Option<u32>,
    form: Form,
) -> Result<ExitCode, CliError> {
    let on_trial = state(session)?.trial.and_then(|trial| trial.number);
    let number = number.or(on_trial).ok_or(ConfigProblem::NoTrial)?;
    heard::keep(session, number)?;
    let applied = ConfigApplied {
        number,
        change: dkvm_wire::service::Applied::default(),
        notices: Vec::new(),
    };
    let state = heard::wait(session, number, |_| false)?;
    ended(session, &applied, &state, form)
}
