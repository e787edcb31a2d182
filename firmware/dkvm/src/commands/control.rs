//! `dkvm start`, `stop`, `restart` and `reload`

use super::Session;
use crate::error::CliError;
use crate::format;
use crate::output::{self, Form};
use crate::patience::{self, Patience, Way};
use dkvm_wire::service::{methods, Applied, DeviceInfo, DeviceList, Named, Nothing, Phase};
use dkvm_wire::DeviceName;
use std::time::Duration;

/// The device may be the very one that carries the link there: so long it has for being back.
const CARRIED: Duration = Duration::from_secs(20);

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
    let info: DeviceInfo = session.insist(CARRIED, |session| {
        session.call(methods::DEVICES_GET, &named)
    })?;
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

/// Answers when what it touched is there again.
pub fn reload(session: &mut Session, form: Form) -> Result<(), CliError> {
    let before = session.devices()?;
    let applied: Applied = session.ask(methods::CONFIG_RELOAD)?;
    let late = settle(session, &applied)?;
    match form {
        Form::Json => output::json(&applied)?,
        Form::Text => output::lines(&changes(&applied))?,
    }
    let (hurt, slow): (Vec<_>, Vec<_>) = late.into_iter().partition(|one| is_hurt(one, &before));
    let tell = |devices: &[DeviceInfo]| {
        let told: Vec<_> = devices.iter().map(sentence).collect();
        told.join("; ")
    };
    if !slow.is_empty() {
        eprintln!("dkvm: not ready yet: {}", tell(&slow));
    }
    if hurt.is_empty() {
        return Ok(());
    }
    Err(CliError::NotReady {
        devices: tell(&hurt),
    })
}

/// Waits for the devices that were started or restarted, and gives those that are not ready.
fn settle(session: &mut Session, applied: &Applied) -> Result<Vec<DeviceInfo>, CliError> {
    let mut late = Vec::new();
    let mut patience = Patience::new();
    for name in applied.started.iter().chain(&applied.restarted) {
        let device = loop {
            let named = Named { name: name.clone() };
            let device: DeviceInfo = session.call(methods::DEVICES_GET, &named)?;
            if waits(&device) != Way::Coming || !patience.goes_on(name.as_str()) {
                break device;
            }
        };
        if patience::way(&device) != Way::There {
            late.push(device);
        }
    }
    Ok(late)
}

/// It does not come up by what is new: it is given up, or was there before and fails now. One that is slow, or waits for its
/// hardware as before, is not.
fn is_hurt(device: &DeviceInfo, before: &DeviceList) -> bool {
    let was_there = || {
        let mut all = before.devices.iter();
        all.any(|one| one.name == device.name && patience::way(one) == Way::There)
    };
    match device.phase {
        Phase::Failed => true,
        Phase::Backoff => was_there(),
        _ => false,
    }
}

/// One that waits for its next start has failed once: that is told at once.
fn waits(device: &DeviceInfo) -> Way {
    match device.phase {
        Phase::Backoff => Way::Not,
        _ => patience::way(device),
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
