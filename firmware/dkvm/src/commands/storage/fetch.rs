//! `dkvm storage fetch`: an image by its URL, fetched by the node itself.

use crate::args::FetchUrl;
use crate::commands::Session;
use crate::error::CliError;
use crate::format;
use crate::output::{self, Form};
use crate::session::allowed;
use dkvm_wire::service::{Nothing, Phase};
use dkvm_wire::vocab::fetch::{methods, Fetch, FetchState, Fetched, Fetching};
use dkvm_wire::Generation;
use serde::{de::DeserializeOwned, Serialize};
use std::io::{self, IsTerminal, Write};
use std::thread::sleep;
use std::time::Duration;

/// The device, by its name in the configuration.
const DEVICE: &str = "fetch";
/// So often is looked how far it is.
const LOOK: Duration = Duration::from_millis(250);

pub fn fetch(session: &mut Session, what: FetchUrl, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    if what.cancel {
        ask::<_, Nothing>(session, methods::CANCEL, &Nothing {})?;
        return match form {
            Form::Json => output::json(&Nothing {}),
            Form::Text => output::line("it ends"),
        };
    }
    let life = device(session)?.0;
    let number = state(session)?.last.map(|last| last.number);
    let fetch = Fetch {
        url: what.url.unwrap_or_default(),
        image: what.name,
        sha256: what.sha256,
    };
    ask::<_, Nothing>(session, methods::START, &fetch)?;
    outcome(wait(session, &Before { life, number })?, form)
}

fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

fn state(session: &mut Session) -> Result<FetchState, CliError> {
    ask(session, methods::GET, &Nothing {})
}

/// The last one before this: numbers are counted in each life of the device anew.
struct Before {
    life: Generation,
    number: Option<u32>,
}

impl Before {
    fn is(&self, life: Generation, last: &Fetched) -> bool {
        self.life == life && self.number == Some(last.number)
    }
}

/// Waits for the end of what was begun after another one. The device goes on with it when it is restarted.
fn wait(session: &mut Session, before: &Before) -> Result<Fetched, CliError> {
    loop {
        match look(session)? {
            None => show("the fetch device is starting again"),
            Some((life, state)) => match next(life, state, before) {
                Next::Goes(fetching) => show(&far(&fetching)),
                Next::Ended(last) => {
                    show("");
                    return Ok(last);
                }
                Next::Unknown => return Err(CliError::FetchGone),
            },
        }
        sleep(LOOK);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Goes(Fetching),
    Ended(Fetched),
    Unknown,
}

fn next(life: Generation, state: FetchState, before: &Before) -> Next {
    match (state.fetching, state.last) {
        (Some(fetching), _) => Next::Goes(fetching),
        (None, Some(last)) if !before.is(life, &last) => Next::Ended(last),
        (None, _) => Next::Unknown,
    }
}

/// What the device says, and in which life; nothing while it is between two.
fn look(session: &mut Session) -> Result<Option<(Generation, FetchState)>, CliError> {
    let before = device(session)?;
    let said = state(session);
    let after = device(session)?;
    let same = before.0 == after.0;
    match said {
        Ok(state) if same => Ok(Some((after.0, state))),
        Err(error) if same && !starts(before.1) && !starts(after.1) => Err(error),
        _ => Ok(None),
    }
}

/// Whether it comes by itself.
fn starts(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Starting | Phase::Preparing | Phase::Stopping | Phase::Backoff
    )
}

/// Its life and where that is. Who may not see the devices sees one life, which goes on.
fn device(session: &mut Session) -> Result<(Generation, Phase), CliError> {
    let devices = session.devices();
    let Some(list) = allowed(devices)? else {
        return Ok((Generation(0), Phase::Running));
    };
    let mut devices = list.devices.into_iter();
    let found = devices.find(|device| device.name.as_str() == DEVICE);
    let found = found.ok_or(CliError::FetchGone)?;
    Ok((found.generation, found.phase))
}

/// To a terminal only: who reads a file wants the end.
fn show(text: &str) {
    if io::stderr().is_terminal() {
        // Who does not see it misses nothing but the waiting.
        let _ = write!(io::stderr(), "{text}\x1b[K\r");
    }
}

fn far(fetching: &Fetching) -> String {
    let size = fetching.size.map_or_else(|| "?".to_owned(), format::bytes);
    let done = format!("{} of {size}", format::bytes(fetching.offset));
    match &fetching.detail {
        Some(detail) => format!("{done}: {}", output::harmless(detail)),
        None => format!("{done}, {}/s", format::bytes(fetching.rate)),
    }
}

fn outcome(last: Fetched, form: Form) -> Result<(), CliError> {
    if last.sha256.is_none() {
        return Err(CliError::NotFetched {
            message: output::harmless(&last.message),
        });
    }
    match form {
        Form::Json => output::json(&last),
        Form::Text => {
            let hash = last.sha256.unwrap_or_default();
            let lines = [last.message, format!("SHA-256 {hash}")];
            output::lines(&lines.map(|line| output::harmless(&line)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(number: u32) -> FetchState {
        FetchState {
            fetching: None,
            last: Some(Fetched {
                number,
                image: "x".into(),
                sha256: None,
                message: String::new(),
            }),
        }
    }

    #[test]
    fn an_end_is_that_of_this_one_also_in_another_life_of_the_device() {
        let before = Before {
            life: Generation(1),
            number: Some(1),
        };
        let next = |life, state| next(Generation(life), state, &before);
        assert_eq!(next(1, ended(1)), Next::Unknown);
        assert!(matches!(next(1, ended(2)), Next::Ended(_)));
        assert!(matches!(next(2, ended(1)), Next::Ended(_)));
        assert_eq!(next(2, FetchState::default()), Next::Unknown);
    }
}
