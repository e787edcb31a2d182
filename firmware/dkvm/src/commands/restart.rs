//! `dkvm reboot` and `dkvm poweroff`

use super::Session;
use crate::connect::Place;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, KernelInfo, Nothing, Restart, RestartHow};
use std::time::{Duration, Instant};

/// A link that broke by itself is there again sooner, and no machine restarts so fast.
const AWAY: Duration = Duration::from_secs(5);

pub fn run(session: &mut Session, how: RestartHow, form: Form) -> Result<(), CliError> {
    let (begun, reason) = (Instant::now(), format!("`dkvm {}`", word(how)));
    match session.call::<_, Nothing>(methods::SYSTEM_RESTART, &Restart { how, reason }) {
        Err(error @ CliError::LinkBroke { .. }) if runs_on(session, begun) => return Err(error),
        // The machine, and with it the link, may be faster than its answer.
        Ok(_) | Err(CliError::LinkBroke { .. }) => {}
        Err(error) => return Err(error),
    }
    match form {
        Form::Json => output::json(&Nothing {}),
        Form::Text => output::line(&sentence(how, &session.place)),
    }
}

/// Whether its kernel is there again, and is the one that was asked.
fn runs_on(session: &mut Session, asked: Instant) -> bool {
    let seen = session.insist(AWAY, |session| {
        session.ask::<KernelInfo>(methods::KERNEL_INFO)
    });
    seen.is_ok_and(|info| Duration::from_millis(info.uptime_ms) >= asked.elapsed())
}

fn word(how: RestartHow) -> &'static str {
    match how {
        RestartHow::Restart => "reboot",
        RestartHow::Trial => "reboot --trial",
        RestartHow::PowerOff => "poweroff",
    }
}

fn sentence(how: RestartHow, place: &Place) -> String {
    let machine = match &place.node {
        Some(_) => place.words(),
        None => "this machine".to_owned(),
    };
    match how {
        RestartHow::Restart => format!("all devices end, then {machine} restarts"),
        RestartHow::Trial => format!("all devices end, then {machine} tries the other slot, once"),
        RestartHow::PowerOff => format!("all devices end, then {machine} goes off; its power has to be pulled and given to start it again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_end_it_is_cannot_be_mistaken() {
        let told = |node: Option<&str>| {
            let place = Place::new("/s".into(), node.map(str::to_owned));
            sentence(RestartHow::PowerOff, &place)
        };
        assert!(told(None).contains("this machine goes off"));
        assert!(told(Some("office")).contains("the node office goes off"));
    }
}
