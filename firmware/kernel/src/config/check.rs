use super::section::Report;
use super::{suggest, DeviceConfig, MAX_DEVICES};
use dkvm_wire::DeviceName;

/// What can only be said of all devices together.
pub(super) fn devices(devices: &[DeviceConfig], known: &[&str], report: &mut Report<'_>) {
    for device in devices {
        dependencies(device, known, report);
        calls(device, known, report);
    }
    if let Some(cycle) = find_cycle(devices) {
        let first = devices.iter().find(|device| device.name == cycle[0]);
        let span = first
            .map(|device| device.span.0.clone())
            .unwrap_or_default();
        let names: Vec<_> = cycle.iter().map(DeviceName::as_str).collect();
        let message = format!(
            "goes in a circle ({}): none of them could ever start; remove one of these",
            names.join(" after ")
        );
        report.add(span, format!("device.{}.after", cycle[0]), message);
    }
    if devices.len() > MAX_DEVICES {
        report.add(
            0..0,
            "device",
            format!("{} devices are more than {MAX_DEVICES}", devices.len()),
        );
    }
}

/// A sentence for a name that no device has.
pub(super) fn unknown_device(name: &str, known: &[&str]) -> String {
    let hint = suggest::did_you_mean(name, known);
    format!(
        "there is no device {name:?}{hint}; devices are: {}",
        known.join(", ")
    )
}

fn dependencies(device: &DeviceConfig, known: &[&str], report: &mut Report<'_>) {
    for name in device
        .after
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
    {
        let key = format!("device.{}.after", device.name);
        report.add(
            device.span.0.clone(),
            key,
            unknown_device(name.as_str(), known),
        );
    }
}

fn calls(device: &DeviceConfig, known: &[&str], report: &mut Report<'_>) {
    let mut allowed = known.to_vec();
    allowed.extend(["control", "system"]);
    for name in device
        .calls
        .iter()
        .filter(|name| !allowed.contains(&name.as_str()))
    {
        let key = format!("device.{}.calls", device.name);
        report.add(device.span.0.clone(), key, unknown_device(name, &allowed));
    }
}

/// The devices of a circle in `after`, closed: first and last are the same.
fn find_cycle(devices: &[DeviceConfig]) -> Option<Vec<DeviceName>> {
    let mut done = Vec::new();
    devices
        .iter()
        .find_map(|device| walk(devices, &device.name, &mut Vec::new(), &mut done))
}

/// Recursion is bounded by `MAX_DEVICES`-many different names on the path.
fn walk(
    devices: &[DeviceConfig],
    name: &DeviceName,
    path: &mut Vec<DeviceName>,
    done: &mut Vec<DeviceName>,
) -> Option<Vec<DeviceName>> {
    if let Some(start) = path.iter().position(|seen| seen == name) {
        let mut cycle = path[start..].to_vec();
        cycle.push(name.clone());
        return Some(cycle);
    }
    if done.contains(name) {
        return None;
    }
    path.push(name.clone());
    let after = devices
        .iter()
        .find(|device| &device.name == name)
        .map(|device| device.after.as_slice());
    let found = after
        .unwrap_or_default()
        .iter()
        .find_map(|next| walk(devices, next, path, done));
    path.pop();
    done.push(name.clone());
    found
}
