//! `dkvm deaths`

use super::Session;
use crate::error::CliError;
use crate::format;
use crate::output::{self, harmless, Form};
use dkvm_wire::service::{methods, DeathQuery, DeathRecord, Deaths};
use dkvm_wire::DeviceName;

pub fn run(
    session: &mut Session,
    device: Option<&str>,
    count: u32,
    form: Form,
) -> Result<(), CliError> {
    if let Some(name) = device {
        session.check_name(name, &[])?;
    }
    let name = device.and_then(|name| DeviceName::try_from(name).ok());
    let deaths: Deaths = session.call(
        methods::DEVICES_DEATHS,
        &DeathQuery {
            name,
            limit: Some(count),
        },
    )?;
    match form {
        Form::Json => output::json(&deaths),
        Form::Text if deaths.deaths.is_empty() => output::line("no device has died"),
        Form::Text => output::lines(&deaths.deaths.iter().flat_map(tell).collect::<Vec<_>>()),
    }
}

fn tell(death: &DeathRecord) -> Vec<String> {
    let head = format!(
        "{} (generation {}) died {} after the kernel's start, having lived {}: {}",
        death.name,
        death.generation,
        format::duration(death.at_uptime_ms),
        format::duration(death.lived_ms),
        harmless(&death.cause)
    );
    let log = death
        .log
        .iter()
        .map(|line| format!("    {}", harmless(line)));
    std::iter::once(head).chain(log).collect()
}
