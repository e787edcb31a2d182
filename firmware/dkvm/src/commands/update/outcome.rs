//! Waiting through a restart for how a trial ends. On the node itself this command ends with it; over a forwarded socket it
//! sees the node come back.

use super::{state, Session};
use crate::connect::Place;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::vocab::update::{Stage, UpdateState};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A restart, a trial of two minutes, and another restart when it fails.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
const LOOK: Duration = Duration::from_secs(1);

/// The state when nothing is on its way any more.
pub fn wait(session: Session) -> Result<UpdateState, CliError> {
    let place = session.place.clone();
    let mut session = Some(session);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        sleep(LOOK);
        let (same, state) = look(session.take(), &place);
        session = same;
        if let Some(state) = state {
            return Ok(state);
        }
    }
    Err(CliError::NotBack {
        minutes: PATIENCE.as_secs() / 60,
    })
}

/// One look; a connection that broke is made anew at the next one.
fn look(session: Option<Session>, place: &Place) -> (Option<Session>, Option<UpdateState>) {
    let session = session.or_else(|| Session::open(place.clone()).ok());
    let Some(mut session) = session else {
        return (None, None);
    };
    match state(&mut session) {
        // With the same kernel it did not restart, and the image waits as before.
        Ok(state) if !is_between(&state) => (None, Some(state)),
        Ok(_) => (Some(session), None),
        Err(_) => (None, None),
    }
}

fn is_between(state: &UpdateState) -> bool {
    matches!(state.stage, Stage::Restarting | Stage::Trial { .. })
}

/// Says how it ended; an image that was not kept is a failure.
pub fn tell(state: &UpdateState, version: &str, form: Form) -> Result<(), CliError> {
    let last = state.last.as_ref().filter(|last| last.version == version);
    let kept = last.is_some_and(|last| last.committed);
    if form == Form::Json {
        output::json(state)?;
    }
    let reason = last.map_or("the machine did not restart", |last| last.reason.as_str());
    let reason = output::harmless(reason);
    match (kept, form) {
        (true, Form::Text) => {
            output::line(&format!("version {version} runs and is kept: {reason}"))
        }
        (true, Form::Json) => Ok(()),
        (false, _) => Err(CliError::NotKept {
            version: version.to_owned(),
            reason,
        }),
    }
}
