//! What is asked over a way that may break, and is there again: a new configuration restarts the very device that carries it.

use super::{history, state, ConfigProblem, Session};
use crate::error::CliError;
use dkvm_wire::service::{
    methods, Applied, ConfigApplied, ConfigApply, ConfigConfirm, ConfigRollback, ConfigState,
    ConfigTrial,
};
use sha2::{Digest, Sha256};
use std::thread::sleep;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// So long after its last word a node is given up: its devices and its link had their time.
const UNHEARD: Duration = Duration::from_secs(90);

/// Asks again until there is an answer: only for what may be asked twice. `number` is for the error.
pub fn until_answered<T>(
    session: &mut Session,
    number: u32,
    ask: impl Fn(&mut Session) -> Result<T, CliError>,
) -> Result<T, CliError> {
    session.insist(UNHEARD, ask).map_err(|error| {
        if !error.is_lost_way() {
            return error;
        }
        let node = session.place.words();
        ConfigProblem::Unheard { node, number }.into()
    })
}

/// Until what is on trial has come to its end, or so far as `until` says.
pub fn wait(
    session: &mut Session,
    number: u32,
    until: impl Fn(&ConfigTrial) -> bool,
) -> Result<ConfigState, CliError> {
    loop {
        let state = until_answered(session, number, state)?;
        let trial = state.trial.as_ref();
        let trial = trial.filter(|trial| trial.number == Some(number));
        if trial.is_none_or(&until) {
            return Ok(state);
        }
        sleep(LOOK);
    }
}

/// May be said twice: one that is kept may be confirmed.
pub fn keep(session: &mut Session, number: u32) -> Result<ConfigState, CliError> {
    let confirm = ConfigConfirm { number };
    until_answered(session, number, |session| {
        session.call(methods::CONFIG_CONFIRM, &confirm)
    })
}

/// That one and no other; a conflict where its trial is over. May be said twice.
pub fn take_back(session: &mut Session, trial: u32) -> Result<ConfigApplied, CliError> {
    let back = ConfigRollback {
        trial: Some(trial),
        ..ConfigRollback::default()
    };
    until_answered(session, trial, |session| {
        session.call(methods::CONFIG_ROLLBACK, &back)
    })
}

/// May not be sent twice: where the way broke over it, the history says whether it came there. `change` is what it was to touch.
pub fn apply(
    session: &mut Session,
    apply: &ConfigApply,
    change: Applied,
) -> Result<ConfigApplied, CliError> {
    let known = newest(session)?;
    let error = match session.call(methods::CONFIG_APPLY, apply) {
        Err(error) if error.is_lost_way() => error,
        result => return result,
    };
    session.tell_lost(&error, "whether it is applied is seen");
    let digest = digest(&apply.text);
    let next = known.saturating_add(1);
    let Ok(entries) = until_answered(session, next, history::entries) else {
        return Err(error);
    };
    let mut entries = entries.iter();
    let found = entries.find(|entry| entry.number > known && entry.digest == digest);
    let applied = found.map(|entry| ConfigApplied {
        number: entry.number,
        change,
        notices: Vec::new(),
    });
    applied.ok_or(error)
}

/// Of the history; 0 where it is empty.
fn newest(session: &mut Session) -> Result<u32, CliError> {
    let entries = history::entries(session)?;
    Ok(entries.last().map_or(0, |entry| entry.number))
}

/// As the kernel tells it.
fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_hexadecimal() {
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(""), known);
    }
}
