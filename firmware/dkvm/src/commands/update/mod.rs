//! `dkvm update` and `dkvm factory-reset`

mod outcome;
pub(super) mod progress;
mod send;
mod show;

use super::power::{confirm, Consent};
use super::Session;
use crate::args::Update;
use crate::connect::Place;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::update::{methods, FactoryReset, Stage, UpdateState};
use send::Bundle;
use serde::{de::DeserializeOwned, Serialize};

/// The device, by its name in the configuration.
const DEVICE: &str = "update";

pub fn run(place: Place, options: &Update, form: Form) -> Result<(), CliError> {
    // A wrong file is told before anybody is asked.
    let bundle = options.file.as_deref().map(Bundle::open).transpose()?;
    let mut session = Session::open(place)?;
    session.check_name(DEVICE, &[])?;
    if let Some(bundle) = bundle {
        let version = send::send(&mut session, &bundle, options.downgrade.into())?;
        if options.stage_only {
            return staged(&mut session, &version, form);
        }
        return trial(session, methods::TRY, form);
    }
    if options.try_staged {
        return trial(session, methods::TRY, form);
    }
    if options.rollback {
        return trial(session, methods::ROLLBACK, form);
    }
    if options.abort {
        ask::<_, Nothing>(&mut session, methods::ABORT, &Nothing {})?;
    }
    show::show(&state(&mut session)?, form)
}

fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

fn state(session: &mut Session) -> Result<UpdateState, CliError> {
    ask(session, methods::GET, &Nothing {})
}

fn staged(session: &mut Session, version: &str, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(&state(session)?),
        Form::Text => output::line(&format!(
            "version {version} is in the other slot and waits: `dkvm update --try` starts it"
        )),
    }
}

/// Starts the other slot and waits for how it ends.
fn trial(mut session: Session, method: &str, form: Form) -> Result<(), CliError> {
    let before = state(&mut session)?;
    let version = other_version(&before);
    match ask::<_, Nothing>(&mut session, method, &Nothing {}) {
        // The machine may be faster than its answer.
        Ok(_) | Err(CliError::Gone { .. } | CliError::LinkBroke { .. }) => {}
        Err(error) => return Err(error),
    }
    if form == Form::Text {
        output::line(&format!(
            "{} restarts into version {version}, on trial; `dkvm update` shows afterwards how it ended",
            session.place.words()
        ))?;
    }
    let after = outcome::wait(session)?;
    outcome::tell(&after, &version, form)
}

/// What the slot that does not run holds.
fn other_version(state: &UpdateState) -> String {
    let other = |slot: &&dkvm_wire::vocab::update::SlotState| Some(slot.slot) != state.running;
    let slot = state.slots.iter().find(other);
    let version = slot.and_then(|slot| slot.version.as_deref());
    output::harmless(version.unwrap_or("unknown"))
}

pub fn factory_reset(session: &mut Session, consent: Consent, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    if state(session)?.stage != Stage::None && consent == Consent::Wanted {
        let place = session.place.words();
        confirm(&format!("It is {place} that forgets its password, certificate, configuration and all else that it keeps, and restarts as new."))?;
    }
    ask::<_, Nothing>(
        session,
        methods::FACTORY_RESET,
        &FactoryReset { confirmed: true },
    )?;
    match form {
        Form::Json => output::json(&Nothing {}),
        Form::Text => {
            output::line("the node restarts and is then as new: open its page to set a password")
        }
    }
}
