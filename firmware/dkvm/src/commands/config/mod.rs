//! `dkvm config`: the configuration, changed so that it takes itself back.

mod apply;
mod edit;
mod error;
mod heard;
mod history;
mod show;
mod trial;

pub use error::ConfigProblem;

use super::Session;
use crate::args::ConfigDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, ConfigNumber, ConfigState, ConfigText};
use std::process::ExitCode;

pub fn run(
    session: &mut Session,
    what: Option<ConfigDo>,
    form: Form,
) -> Result<ExitCode, CliError> {
    match what {
        None => status(session, form)?,
        Some(ConfigDo::Get { number }) => get(session, number, form)?,
        Some(ConfigDo::Edit(how)) => return edit::run(session, &how, form),
        Some(ConfigDo::Apply { file, how }) => return apply::run(session, &file, &how, form),
        Some(ConfigDo::Check { file }) => return apply::check(session, &file, form),
        Some(ConfigDo::History) => history::run(session, form)?,
        Some(ConfigDo::Rollback { number, how }) => {
            return trial::roll_back(session, number, &how, form);
        }
        Some(ConfigDo::Confirm { number }) => return trial::confirm(session, number, form),
    }
    Ok(ExitCode::SUCCESS)
}

fn state(session: &mut Session) -> Result<ConfigState, CliError> {
    session.ask(methods::CONFIG_STATE)
}

fn read(session: &mut Session, number: Option<u32>) -> Result<ConfigText, CliError> {
    session.call(methods::CONFIG_READ, &ConfigNumber { number })
}

fn status(session: &mut Session, form: Form) -> Result<(), CliError> {
    let state = state(session)?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&show::state(&state)),
    }
}

/// Byte for byte, so that it can be changed and applied again.
fn get(session: &mut Session, number: Option<u32>, form: Form) -> Result<(), CliError> {
    let text = read(session, number)?;
    match form {
        Form::Json => output::json(&text),
        Form::Text => output::plain(&text.text),
    }
}
