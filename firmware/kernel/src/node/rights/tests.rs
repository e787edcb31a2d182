use super::*;
use crate::config::{parse, Config};
use std::path::Path;

const TEXT: &str = r#"
[device.hid]
command = ["x"]
[device.storage]
command = ["x"]
[device.power]
command = ["x"]
[device.update]
command = ["x"]
[device.web]
command = ["x"]
calls = ["control", "storage/storage.put."]
[device.watcher]
command = ["x"]
calls = ["devices"]
[device.peer]
command = ["x"]
user = "dkvm-peer"
gateway = true
calls = ["kernel", "control", "system", "hid", "storage", "power"]
[grants.view]
calls = ["kernel", "hid/hid.get", "update/update.get"]
[grants.type]
calls = ["hid"]
[grants.power]
calls = ["power"]
[grants.storage]
calls = ["storage"]
[grants.configure]
calls = ["kernel", "control", "system", "update"]
"#;

fn config() -> Config {
    parse(Path::new("t.toml"), TEXT).expect("valid")
}

fn named(name: &str) -> DeviceName {
    DeviceName::try_from(name).expect("a name")
}

fn judge(standing: Standing, grants: Option<&[Grant]>, asked: Asked<'_>) -> Result<(), WireError> {
    let config = config();
    let law = Law {
        devices: &config.devices,
        grants: &config.grants,
    };
    let grants = grants.map(<[Grant]>::to_vec);
    Rights { standing, grants }.judge(asked, law)
}

fn gateway(grants: &[Grant], asked: Asked<'_>) -> Result<(), WireError> {
    judge(Standing::Gateway(named("peer")), Some(grants), asked)
}

const INFO: Asked<'_> = Asked::Kernel(methods::KERNEL_INFO);
const TAIL: Asked<'_> = Asked::Kernel(methods::LOG_TAIL);
const LISTEN: Asked<'_> = Asked::Kernel(methods::EVENTS_SUBSCRIBE);
const RESTART: Asked<'_> = Asked::Kernel(methods::DEVICES_RESTART);
const RELOAD: Asked<'_> = Asked::Kernel(methods::CONFIG_RELOAD);
const APPLY: Asked<'_> = Asked::Kernel(methods::CONFIG_APPLY);
const REBOOT: Asked<'_> = Asked::Kernel(methods::SYSTEM_RESTART);
const UNKNOWN: Asked<'_> = Asked::Kernel("devices.of.next.year");
const KEYS: Asked<'_> = Asked::Device("hid", "hid.get");
const JIGGLE: Asked<'_> = Asked::Device("hid", "hid.jiggle");
const PRESS: Asked<'_> = Asked::Device("power", "power.press");
const PUT: Asked<'_> = Asked::Device("storage", "storage.put.begin");
const DELETE: Asked<'_> = Asked::Device("storage", "storage.delete");
const NOBODY: Asked<'_> = Asked::Device("nobody", "x");
/// A grant has it, the gateway's own `calls` have not.
const UPDATE: Asked<'_> = Asked::Device("update", "update.begin");

const ALL: [Asked<'_>; 15] = [
    INFO, TAIL, LISTEN, RESTART, RELOAD, APPLY, REBOOT, UNKNOWN, KEYS, JIGGLE, PRESS, PUT, DELETE,
    NOBODY, UPDATE,
];

/// Everything is tried; just these are allowed.
fn just(allowed: &[Asked<'_>], may: impl Fn(Asked<'_>) -> Result<(), WireError>) {
    for asked in ALL {
        let got = may(asked);
        assert_eq!(got.is_ok(), allowed.contains(&asked), "{asked:?}: {got:?}");
        if let Err(error) = got {
            assert_eq!(error.code, ErrorCode::Forbidden, "{asked:?}");
        }
    }
}

#[test]
fn each_grant_alone_allows_just_its_own() {
    let by = |grants: &'static [Grant]| move |asked: Asked<'_>| gateway(grants, asked);
    just(&[], by(&[]));
    just(&[INFO, TAIL, LISTEN, KEYS], by(&[Grant::View]));
    just(&[KEYS, JIGGLE], by(&[Grant::Type]));
    just(&[PRESS], by(&[Grant::Power]));
    just(&[PUT, DELETE], by(&[Grant::Storage]));
    let configure = [INFO, TAIL, LISTEN, RESTART, RELOAD, APPLY, REBOOT, UNKNOWN];
    just(&configure, by(&[Grant::Configure]));
    just(&[KEYS, JIGGLE, PRESS], by(&[Grant::Type, Grant::Power]));
}

#[test]
fn whoever_is_at_this_node_may_as_before_and_can_restrict_himself() {
    just(&ALL, |asked| judge(Standing::Trusted, None, asked));
    let view = [INFO, TAIL, LISTEN, KEYS];
    just(&view, |asked| {
        judge(Standing::Trusted, Some(&[Grant::View]), asked)
    });
    just(&[], |asked| judge(Standing::Trusted, Some(&[]), asked));
    let reading = [INFO, TAIL, LISTEN];
    just(&reading, |asked| judge(Standing::Reader, None, asked));
    // What is granted never adds to what the user may.
    just(&reading, |asked| {
        judge(Standing::Reader, Some(&[Grant::View, Grant::Power]), asked)
    });
}

#[test]
fn a_device_may_read_and_what_its_calls_say() {
    let allowed = [INFO, TAIL, LISTEN, RESTART, RELOAD, APPLY, UNKNOWN, PUT];
    just(&allowed, |asked| {
        judge(Standing::Device(named("web")), None, asked)
    });
    // What starts and stops devices is no way to a configuration of one's own.
    let restarting = [INFO, TAIL, LISTEN, RESTART, RELOAD];
    just(&restarting, |asked| {
        judge(Standing::Device(named("watcher")), None, asked)
    });
    let reading = [INFO, TAIL, LISTEN];
    just(&reading, |asked| {
        judge(Standing::Device(named("hid")), None, asked)
    });
    let memory = Asked::Kernel(methods::MEMORY_POOL);
    assert_eq!(judge(Standing::Device(named("hid")), None, memory), Ok(()));
}

#[test]
fn one_that_is_no_gateway_any_more_has_no_sessions() {
    for name in ["hid", "gone"] {
        just(&[], |asked| {
            judge(Standing::Gateway(named(name)), Some(&Grant::ALL), asked)
        });
    }
}

#[test]
fn a_refusal_names_the_grant_that_is_missing() {
    let told = |grants: &[Grant], asked| gateway(grants, asked).expect_err("refused").message;
    for (asked, name) in [
        (INFO, "'view'"),
        (KEYS, "'view'"),
        (JIGGLE, "'type'"),
        (PRESS, "'power'"),
        (PUT, "'storage'"),
        (RESTART, "'configure'"),
        (REBOOT, "'configure'"),
    ] {
        let text = told(&[], asked);
        assert!(
            text.starts_with(&format!("this node does not give you {name}: ")),
            "{text}"
        );
    }
    assert!(told(&Grant::ALL, NOBODY).contains("nobody/x to no other"));
    let text = told(&Grant::ALL, UPDATE);
    assert!(
        text.contains("device peer") && text.contains("update/update.begin"),
        "{text}"
    );
}

#[test]
fn an_entry_is_a_whole_device_or_some_of_its_methods() {
    assert!(PUT.is_in("storage") && DELETE.is_in("storage"));
    assert!(PUT.is_in("storage/storage.put."));
    for entry in [
        "storage/storage.put.",
        "stor",
        "storag/",
        "web/storage.",
        "kernel",
        "control",
    ] {
        assert!(!DELETE.is_in(entry), "{entry}");
    }
    // A device's name is no way to the kernel's own.
    assert!(!INFO.is_in("kernel.info") && !REBOOT.is_in("control") && !RESTART.is_in("system"));
}
