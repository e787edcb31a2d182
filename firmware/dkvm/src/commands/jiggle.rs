//! `dkvm jiggle`: the mouse moves by itself while nobody moves it.

use super::Session;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::input::{methods, HidState, Jiggle};

/// The device, by its name in the configuration.
const DEVICE: &str = "hid";

pub fn run(session: &mut Session, every: Option<u32>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    if let Some(every_s) = every {
        let method = format!("{DEVICE}/{}", methods::JIGGLE);
        session.call::<_, Nothing>(&method, &Jiggle { every_s })?;
    }
    let state: HidState = session.ask(&format!("{DEVICE}/{}", methods::GET))?;
    let every_s = state.jiggle;
    match form {
        Form::Json => output::json(&Jiggle { every_s }),
        Form::Text => output::line(&tell(every_s)),
    }
}

fn tell(every: u32) -> String {
    match every {
        0 => "the mouse moves only when somebody moves it".to_owned(),
        every => format!("the mouse moves to and fro after {every} s without input"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_no_number() {
        assert!(tell(0).contains("only when somebody"));
        assert!(tell(60).contains("60 s"));
    }
}
