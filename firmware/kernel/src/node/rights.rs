//! Who may ask for what. Nothing of it is kept: each request is judged by the configuration that is in force then.

use crate::config::{DeviceConfig, GrantConfig};
use dkvm_wire::service::{self, methods};
use dkvm_wire::vocab::peer::Grant;
use dkvm_wire::{DeviceName, ErrorCode, WireError};

/// In `calls`: the kernel's own methods that change something. With a configuration of its own whoever may that is root here.
const CONTROL: &str = "control";
/// Of these the ones that start and stop what is configured, and no more.
const DEVICES: &str = "devices";
/// The same, for the restart of the machine.
const SYSTEM: &str = "system";
/// What the kernel tells of itself. Devices and people at this node may always read it, sessions for others may not.
const KERNEL: &str = "kernel";

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// One of the kernel's own methods.
    Kernel(&'a str),
    /// A method of a device.
    Device(&'a str, &'a str),
}

/// By whose rights a connection asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// At the control socket: root, the kernel's own user, or one of the group dkvm.
    Trusted,
    /// At the control socket: any other user.
    Reader,
    /// At the control socket: a device that opens sessions for others.
    Gateway(DeviceName),
    /// A device, over its own connection.
    Device(DeviceName),
}

/// By whose rights a connection asks, and to what it is held besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) standing: Standing,
    /// `Some`: to these alone.
    pub(super) grants: Option<Vec<Grant>>,
}

/// What of the configuration decides.
#[derive(Clone, Copy)]
pub(super) struct Law<'a> {
    pub(super) devices: &'a [DeviceConfig],
    pub(super) grants: &'a [GrantConfig],
}

impl Rights {
    /// The error is a sentence for whoever asked.
    pub(super) fn judge(&self, asked: Asked<'_>, law: Law<'_>) -> Result<(), WireError> {
        if let Some(grants) = &self.grants {
            judge_grants(grants, asked, law)?;
        }
        match &self.standing {
            Standing::Trusted => Ok(()),
            Standing::Reader if asked.is_reading() => Ok(()),
            Standing::Reader => Err(asked.refuse(
                "you may not control this kernel: be root, or join the group dkvm".to_owned(),
            )),
            Standing::Gateway(name) => judge_gateway(name, asked, law),
            Standing::Device(name) => judge_device(name, asked, law),
        }
    }
}

impl Asked<'_> {
    /// By what entry of `calls` one of the kernel's own methods goes. What is not known to only tell something needs the most.
    fn entry(self) -> &'static str {
        match self {
            Self::Kernel(
                methods::KERNEL_INFO
                | methods::DEVICES_LIST
                | methods::DEVICES_GET
                | methods::DEVICES_DEATHS
                | methods::EVENTS_SUBSCRIBE
                | methods::CONFIG_STATE
                | methods::LOG_TAIL,
            ) => KERNEL,
            // Its ledger knows who holds what; clients hold nothing.
            Self::Kernel(method) if method.starts_with("memory.") => KERNEL,
            Self::Kernel(methods::SYSTEM_RESTART) => SYSTEM,
            Self::Kernel(
                methods::DEVICES_START
                | methods::DEVICES_STOP
                | methods::DEVICES_RESTART
                | methods::CONFIG_RELOAD,
            ) => DEVICES,
            _ => CONTROL,
        }
    }

    fn is_reading(self) -> bool {
        matches!(self, Self::Kernel(_)) && self.entry() == KERNEL
    }

    /// Whether an entry of `calls` allows it: a device, a device and how its methods begin, or one of the kernel's own.
    fn is_in(self, entry: &str) -> bool {
        match (self, entry.split_once('/')) {
            (Self::Kernel(_), _) => {
                entry == self.entry() || (entry == CONTROL && self.entry() == DEVICES)
            }
            (Self::Device(device, _), None) => entry == device,
            (Self::Device(device, method), Some((whom, prefix))) => {
                whom == device && method.starts_with(prefix)
            }
        }
    }

    fn is_in_any(self, entries: &[String]) -> bool {
        entries.iter().any(|entry| self.is_in(entry))
    }

    fn shown(self) -> String {
        match self {
            Self::Kernel(method) => method.to_owned(),
            Self::Device(device, method) => format!("{device}/{method}"),
        }
    }

    fn about(self) -> String {
        match self {
            Self::Kernel(method) => method.to_owned(),
            Self::Device(device, _) => device.to_owned(),
        }
    }

    fn refuse(self, sentence: String) -> WireError {
        WireError::new(ErrorCode::Forbidden, sentence).about(self.about())
    }
}

/// One of the grants must allow it; where none does, the sentence names one that would.
fn judge_grants(given: &[Grant], asked: Asked<'_>, law: Law<'_>) -> Result<(), WireError> {
    let mut allowing: Vec<Grant> = law
        .grants
        .iter()
        .filter(|one| asked.is_in_any(&one.calls))
        .map(|one| one.grant)
        .collect();
    if allowing.iter().any(|grant| given.contains(grant)) {
        return Ok(());
    }
    allowing.sort_unstable();
    let shown = asked.shown();
    let sentence = match allowing.first() {
        Some(grant) => format!(
            "this node does not give you '{}': {shown} needs it. Its owner gives it with `dkvm peers allow`, or on its page",
            grant.name()
        ),
        None => format!("this node gives {shown} to no other: no list of [grants] in its configuration names it"),
    };
    Err(asked.refuse(sentence))
}

fn judge_gateway(name: &DeviceName, asked: Asked<'_>, law: Law<'_>) -> Result<(), WireError> {
    let gateway = device(name, law).filter(|device| device.gateway);
    let sentence = match gateway {
        Some(device) if asked.is_in_any(&device.calls) => return Ok(()),
        Some(_) => format!(
            "this node lets no other do that: `calls` of its device {name} does not name {}",
            asked.shown()
        ),
        None => format!("this node takes no sessions of others any more: the configuration of its device {name} does not say gateway = true"),
    };
    Err(asked.refuse(sentence))
}

fn judge_device(name: &DeviceName, asked: Asked<'_>, law: Law<'_>) -> Result<(), WireError> {
    // One that ends because it is no longer configured may only read.
    let allowed =
        asked.is_reading() || device(name, law).is_some_and(|d| asked.is_in_any(&d.calls));
    if allowed {
        return Ok(());
    }
    let sentence = match asked {
        Asked::Device(..) => service::sentence(ErrorCode::Forbidden).to_owned(),
        Asked::Kernel(_) => format!(
            "the configuration does not let this device do that: add {:?} to its `calls`",
            asked.entry()
        ),
    };
    Err(asked.refuse(sentence))
}

fn device<'a>(name: &DeviceName, law: Law<'a>) -> Option<&'a DeviceConfig> {
    law.devices.iter().find(|device| &device.name == name)
}

#[cfg(test)]
mod tests;
