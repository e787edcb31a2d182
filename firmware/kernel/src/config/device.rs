use super::kernel::variable::{self, NoPath};
use super::section::{Found, Report, Section};
use super::suggest;

use dkvm_wire::DeviceName;
use rustix::thread::CapabilitySet;
use std::ops::Range;
use std::path::PathBuf;

/// Pools of a device that says nothing: enough for a few frames of 1080p.
const MEMORY_DEFAULT: u64 = 16 << 20;
const HEARTBEAT_DEFAULT_MS: u32 = 2000;
const READY_DEFAULT_MS: u32 = 15_000;
/// Names that mean something else in logs, paths or `calls`.
const RESERVED: [&str; 6] = ["kernel", "control", "devices", "system", "deaths", "log"];

/// Paths that a device may use beyond those that every device may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Landlock {
    /// To read.
    pub read: Vec<PathBuf>,
    /// To read and write.
    pub write: Vec<PathBuf>,
}

/// `[device.NAME]`, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceConfig {
    /// Its name.
    pub name: DeviceName,
    /// Program and arguments. A program without `/` is sought beside the kernel's own, then in PATH.
    pub command: Vec<String>,
    /// Devices that must have been ready before this one starts.
    pub after: Vec<DeviceName>,
    /// `false`: held.
    pub enabled: bool,
    /// The user that it runs as.
    pub user: String,
    /// More groups.
    pub groups: Vec<String>,
    /// Whose methods it may call: devices, `device/prefix` for those of its methods that begin so, or `control` and `system`
    /// for the kernel's own.
    pub calls: Vec<String>,
    /// Whether it opens sessions on the control socket for others. None may more than its own `calls`, where `kernel` stands for
    /// what the kernel tells of itself.
    pub gateway: bool,
    /// Powers of root beyond those that its user and `network` give.
    pub capabilities: CapabilitySet,
    /// Whether it may use the network.
    pub network: bool,
    /// Whether it runs at real-time priority.
    pub realtime: bool,
    /// Whether it is tried again 5 minutes after it was given up.
    pub rearm: bool,
    /// Whether it runs in safe mode too.
    pub safe: bool,
    /// Bytes of pools that it may hold.
    pub memory: u64,
    /// A ping unanswered for so long means hung.
    pub heartbeat_ms: u32,
    /// `ready` is due so long after `welcome`.
    pub ready_ms: u32,
    /// Nice value.
    pub nice: i32,
    /// Extra paths.
    pub landlock: Landlock,
    /// Variables of the kernel's own environment that it gets too.
    pub inherit: Vec<String>,
    /// Its own table, as a MessagePack map.
    pub config: Vec<u8>,
    /// Where it stands in the file, for later errors.
    pub(super) span: Span,
}

/// A place in the text; equal to any other, for a device that only moved has not changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Span(pub(super) Range<usize>);

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl DeviceConfig {
    pub(super) fn read(
        name: &Found<String>,
        mut section: Section<'_, '_>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let id = device_name(name, section.key("").trim_end_matches('.'), report);
        let command = command(&mut section, report);
        let landlock = Landlock {
            read: paths(&mut section, "read", report),
            write: paths(&mut section, "write", report),
        };
        let config = section
            .table("config", report)
            .map_or_else(|| vec![0x80], |own| own.to_msgpack());
        let device = Self {
            name: id.clone()?,
            command: command.unwrap_or_default(),
            after: names(&mut section, "after", report),
            enabled: section.flag("enabled", report).unwrap_or(true),
            user: section
                .text("user", "a user's name", report)
                .map_or_else(|| "nobody".to_owned(), |f| f.value),
            groups: values(section.list("groups", report)),
            calls: values(section.list("calls", report)),
            gateway: section.flag("gateway", report).unwrap_or_default(),
            capabilities: capabilities(&mut section, report),
            network: section.flag("network", report).unwrap_or_default(),
            realtime: section.flag("realtime", report).unwrap_or_default(),
            rearm: section.flag("rearm", report).unwrap_or_default(),
            safe: section.flag("safe", report).unwrap_or_default(),
            memory: section
                .size("memory", report)
                .map_or(MEMORY_DEFAULT, |found| found.value),
            heartbeat_ms: millis(&mut section, "heartbeat_ms", HEARTBEAT_DEFAULT_MS, report),
            ready_ms: millis(&mut section, "ready_ms", READY_DEFAULT_MS, report),
            nice: section
                .integer("nice", -20..=19, report)
                .and_then(|n| i32::try_from(n).ok())
                .unwrap_or_default(),
            landlock,
            inherit: inherit(&mut section, report),
            config,
            span: Span(section.span()),
        };
        section.finish(report);
        Some(device)
    }
}

fn device_name(name: &Found<String>, key: &str, report: &mut Report<'_>) -> Option<DeviceName> {
    if RESERVED.contains(&name.value.as_str()) || name.value.starts_with("client-") {
        report.add(
            name.span.clone(),
            key,
            format!(
                "the name {:?} is taken by the kernel itself: choose another",
                name.value
            ),
        );
        return None;
    }
    DeviceName::try_from(name.value.as_str())
        .map_err(|e| report.add(name.span.clone(), key, e.to_string()))
        .ok()
}

fn command(section: &mut Section<'_, '_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let before = report.count();
    let words = values(section.list("command", report));
    if !words.is_empty() && !words[0].is_empty() {
        return Some(words);
    }
    if report.count() == before {
        let message = "is missing: write the program and its arguments, like command = [\"dkvm-device\", \"hid\"]";
        report.add(section.span(), section.key("command"), message);
    }
    None
}

fn names(
    section: &mut Section<'_, '_>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Vec<DeviceName> {
    let mut all = Vec::new();
    for found in section.list(key, report) {
        match DeviceName::try_from(found.value.as_str()) {
            Ok(name) => all.push(name),
            Err(error) => report.add(found.span, section.key(key), error.to_string()),
        }
    }
    all
}

fn paths(
    section: &mut Section<'_, '_>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for found in section.list(key, report) {
        match variable::path(&found.value) {
            Ok(path) => all.push(path),
            // What this session does not have needs no door.
            Err(NoPath::Unset(_)) => {}
            Err(NoPath::Relative) => report.add(
                found.span,
                section.key(key),
                format!("must be an absolute path, not {:?}", found.value),
            ),
        }
    }
    all
}

fn inherit(section: &mut Section<'_, '_>, report: &mut Report<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for found in section.list("inherit", report) {
        if variable::may_be_inherited(&found.value) {
            all.push(found.value);
        } else {
            report.add(
                found.span,
                section.key("inherit"),
                format!("must be names of variables like \"DISPLAY\", not {:?}; PATH, LD_… and DKVM_… are not passed on", found.value),
            );
        }
    }
    all
}

/// As capabilities(7) names them, without `CAP_`.
fn capabilities(section: &mut Section<'_, '_>, report: &mut Report<'_>) -> CapabilitySet {
    let mut all = CapabilitySet::empty();
    for found in section.list("capabilities", report) {
        match CapabilitySet::from_name(&found.value) {
            Some(one) => all |= one,
            None => report.add_with(found.span, section.key("capabilities"), || {
                unknown_capability(&found.value)
            }),
        }
    }
    all
}

fn unknown_capability(name: &str) -> String {
    let all = CapabilitySet::all();
    let known: Vec<_> = all.iter_names().map(|(name, _)| name).collect();
    let hint = suggest::did_you_mean(name, &known);
    format!(
        "there is no capability {name:?}{hint}; there are: {}",
        known.join(", ")
    )
}

fn millis(
    section: &mut Section<'_, '_>,
    key: &'static str,
    default: u32,
    report: &mut Report<'_>,
) -> u32 {
    let read = section.integer(key, 100..=600_000, report);
    read.and_then(|number| u32::try_from(number).ok())
        .unwrap_or(default)
}

fn values(list: Vec<Found<String>>) -> Vec<String> {
    list.into_iter().map(|found| found.value).collect()
}
