//! `dkvm start`, `stop`, `restart` and `reload`

use super::Session;
use crate::error::CliError;
use crate::format;
use crate::output::{self, Form};
use dkvm_wire::service::{methods, Applied, DeviceInfo, Named, Nothing};
use dkvm_wire::DeviceName;

pub fn start(session: &mut Session, device: &str, form: Form) -> Result<(), CliError> {
    tell_kernel(session, methods::DEVICES_START, device, form)
}

pub fn stop(session: &mut Session, device: &str, form: Form) -> Result<(), CliError> {
    tell_kernel(session, methods::DEVICES_STOP, device, form)
}

pub fn restart(session: &mut Session, device: &str, form: Form) -> Result<(), CliError> {
    tell_kernel(session, methods::DEVICES_RESTART, device, form)
}

/// The kernel answers when it has begun, not when the device is there: so the answer says where it is.
fn tell_kernel(
    session: &mut Session,
    method: &str,
    device: &str,
    form: Form,
) -> Result<(), CliError> {
    session.check_name(device, &[])?;
    let Ok(name) = DeviceName::try_from(device) else {
        return Ok(());
    };
    let named = Named { name };
    session.call::<_, Nothing>(method, &named)?;
    let info: DeviceInfo = session.call(methods::DEVICES_GET, &named)?;
    match form {
        Form::Json => output::json(&info),
        Form::Text => output::line(&sentence(&info)),
    }
}

fn sentence(info: &DeviceInfo) -> String {
    let detail = info
        .detail
        .as_ref()
        .map_or_else(String::new, |text| format!(": {}", output::harmless(text)));
    format!("{} is {}{detail}", info.name, format::phase(info.phase))
}

pub fn reload(session: &mut Session, form: Form) -> Result<(), CliError> {
    let applied: Applied = session.ask(methods::CONFIG_RELOAD)?;
    match form {
        Form::Json => output::json(&applied),
        Form::Text => output::lines(&changes(&applied)),
    }
}

fn changes(applied: &Applied) -> Vec<String> {
    let parts = [
        ("started", &applied.started),
        ("stopped", &applied.stopped),
        ("restarted", &applied.restarted),
    ];
    let told = parts
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| {
            let names: Vec<&str> = names.iter().map(DeviceName::as_str).collect();
            format!("{what}: {}", names.join(", "))
        });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        vec!["no device had to be touched".to_owned()]
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_tells_whom_it_touched() {
        let name = |text| DeviceName::try_from(text).unwrap();
        let some = Applied {
            started: vec![name("a")],
            stopped: vec![],
            restarted: vec![name("b"), name("c")],
        };
        assert_eq!(changes(&some), ["started: a", "restarted: b, c"]);
        let none = Applied {
            started: vec![],
            stopped: vec![],
            restarted: vec![],
        };
        assert_eq!(changes(&none), ["no device had to be touched"]);
    }
}
