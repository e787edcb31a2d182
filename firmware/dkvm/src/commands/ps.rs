//! `dkvm ps`

use super::Session;
use crate::error::CliError;
use crate::format::{duration, phase};
use crate::output::{self, Form};
use crate::table::{render, Align};
use dkvm_wire::service::DeviceInfo;

pub fn run(session: &mut Session, form: Form) -> Result<(), CliError> {
    let list = session.devices()?;
    match form {
        Form::Json => output::json(&list),
        Form::Text if list.devices.is_empty() => output::line("the configuration has no devices"),
        Form::Text => output::lines(&table(&list.devices)),
    }
}

fn table(devices: &[DeviceInfo]) -> Vec<String> {
    let head = [
        ("NAME", Align::Left),
        ("STATE", Align::Left),
        ("PID", Align::Right),
        ("UP", Align::Right),
        ("GEN", Align::Right),
        ("DEATHS", Align::Right),
        ("DETAIL", Align::Left),
    ];
    render(head, &devices.iter().map(row).collect::<Vec<_>>())
}

fn row(device: &DeviceInfo) -> [String; 7] {
    [
        device.name.to_string(),
        phase(device.phase).to_owned(),
        device
            .pid
            .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
        if device.uptime_ms == 0 {
            "-".to_owned()
        } else {
            duration(device.uptime_ms)
        },
        device.generation.to_string(),
        device.deaths.to_string(),
        device
            .detail
            .as_deref()
            .map(output::harmless)
            .unwrap_or_default(),
    ]
}
