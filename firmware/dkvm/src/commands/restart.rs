//! `dkvm reboot` and `dkvm poweroff`

use super::Session;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, Nothing, Restart, RestartHow};

pub fn run(session: &mut Session, how: RestartHow, form: Form) -> Result<(), CliError> {
    let reason = format!("`dkvm {}`", word(how));
    let _: Nothing = session.call(methods::SYSTEM_RESTART, &Restart { how, reason })?;
    match form {
        Form::Json => output::json(&Nothing {}),
        Form::Text => output::line(sentence(how)),
    }
}

fn word(how: RestartHow) -> &'static str {
    match how {
        RestartHow::Restart => "reboot",
        RestartHow::Trial => "reboot --trial",
        RestartHow::PowerOff => "poweroff",
    }
}

fn sentence(how: RestartHow) -> &'static str {
    match how {
        RestartHow::Restart => "all devices end, then this machine restarts",
        RestartHow::Trial => "all devices end, then this machine tries the other slot, once",
        RestartHow::PowerOff => "all devices end, then this machine goes off; its power has to be pulled and given to start it again",
    }
}
