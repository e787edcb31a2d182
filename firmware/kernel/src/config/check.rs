use super::section::Report;
use super::{suggest, DeviceConfig, GrantConfig};
use dkvm_wire::DeviceName;

/// What `calls` names beside devices: of what the kernel does, and of what it tells.
const DOES: [&str; 3] = ["control", "devices", "system"];
const TELLS: &str = "kernel";
const ALL: [&str; 4] = [DOES[0], DOES[1], DOES[2], TELLS];

/// What can only be said of all devices together.
pub(super) fn devices(devices: &[DeviceConfig], known: &[&str], report: &mut Report<'_>) {
    for device in devices {
        dependencies(device, known, report);
        calls(device, known, report);
        gateway(device, devices, report);
    }
    one_gateway(devices, report);
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
        report.add_with(device.span.0.clone(), key, || {
            unknown_device(name.as_str(), known)
        });
    }
}

fn calls(device: &DeviceConfig, known: &[&str], report: &mut Report<'_>) {
    let key = format!("device.{}.calls", device.name);
    let kernels: &[&str] = if device.gateway { &ALL } else { &DOES };
    for entry in &device.calls {
        if report.is_full() {
            return;
        }
        let wrong = if entry == TELLS && !device.gateway {
            Some("every device may read what the kernel tells: only one with gateway = true names \"kernel\", for its sessions".to_owned())
        } else {
            wrong_call(entry, known, kernels)
        };
        if let Some(wrong) = wrong {
            report.add(device.span.0.clone(), key.clone(), wrong);
        }
    }
}

/// What one brought would go to the other, and so to a third node.
fn one_gateway(devices: &[DeviceConfig], report: &mut Report<'_>) {
    let mut gateways = devices.iter().filter(|device| device.gateway);
    let Some(one) = gateways.next() else {
        return;
    };
    for other in gateways {
        let message = format!(
            "the device {} has gateway = true already, and one device alone bridges to other nodes: say it of one of them",
            one.name
        );
        let key = format!("device.{}.gateway", other.name);
        report.add(other.span.0.clone(), key, message);
    }
}

/// The control socket knows it by its user.
fn gateway(device: &DeviceConfig, devices: &[DeviceConfig], report: &mut Report<'_>) {
    let shares = |other: &&DeviceConfig| other.name != device.name && other.user == device.user;
    if !device.gateway || device.user == "root" {
        return;
    }
    if let Some(other) = devices.iter().find(shares) {
        let key = format!("device.{}.gateway", device.name);
        let message = format!(
            "the device {} has the same user, {:?}, and would get its sessions too: give one of them a user of its own",
            other.name, device.user
        );
        report.add(device.span.0.clone(), key, message);
    }
}

/// What is wrong with the lists of the grants.
pub(super) fn grants(grants: &[GrantConfig], known: &[&str], report: &mut Report<'_>) {
    for grant in grants {
        let key = format!("grants.{}.calls", grant.grant.name());
        let wrong = grant
            .calls
            .iter()
            .filter_map(|entry| wrong_call(entry, known, &ALL));
        for wrong in wrong {
            report.add(grant.span.0.clone(), key.clone(), wrong);
            if report.is_full() {
                return;
            }
        }
    }
}

/// A sentence for an entry of `calls` that is neither a device, nor one and how its methods begin, nor the kernel's own.
fn wrong_call(entry: &str, known: &[&str], kernels: &[&str]) -> Option<String> {
    let mut allowed = known.to_vec();
    let (name, prefix) = match entry.split_once('/') {
        Some((name, prefix)) => (name, Some(prefix)),
        None => (entry, None),
    };
    if prefix.is_none() || kernels.contains(&name) {
        allowed.extend(kernels);
    }
    if !allowed.contains(&name) {
        return Some(unknown_device(name, &allowed));
    }
    let prefix = prefix?;
    if kernels.contains(&name) {
        return Some(format!(
            "{name:?} has no parts: write it without {prefix:?}"
        ));
    }
    prefix.is_empty().then(|| {
        format!("{entry:?} does not say how the methods begin: write {name:?} for all of them")
    })
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
