use super::{body, Sample};
use dkvm_wire::{
    service::Slot,
    vocab::{network, power, update},
};

pub fn all() -> Vec<Sample> {
    let mut samples = updates();
    samples.extend(stages());
    samples.extend([
        body(
            "power-press",
            power::Press {
                button: power::Button::Power,
                hold_ms: Some(5000),
            },
        ),
        body(
            "power-wake",
            power::Wake {
                target: "server".into(),
            },
        ),
        body(
            "power-state",
            power::PowerState {
                buttons: vec![power::Button::Power, power::Button::Reset],
                pressed: None,
                power_led: Some(true),
                disk_led: None,
                wake: vec![power::WakeTarget {
                    name: "server".into(),
                    mac: "02:00:00:00:00:01".into(),
                }],
            },
        ),
        body(
            "network-state",
            network::NetworkState {
                mdns: "dkvm.local".into(),
                interfaces: vec![
                    interface(network::LinkKind::Wired),
                    interface(network::LinkKind::Wireless),
                    interface(network::LinkKind::Gadget),
                ],
                time_synced: true,
            },
        ),
    ]);
    samples
}

fn interface(kind: network::LinkKind) -> network::Interface {
    network::Interface {
        name: "eth0".into(),
        kind,
        carrier: true,
        addresses: vec!["192.0.2.7/24".into()],
        ssid: None,
        detail: None,
    }
}

fn updates() -> Vec<Sample> {
    vec![
        body(
            "update-begin",
            update::Begin {
                size: 30_000_000,
                head: vec![1, 2],
                downgrade: false,
            },
        ),
        body(
            "update-upload",
            update::Upload {
                id: "9f".into(),
                offset: 32_768,
            },
        ),
        body(
            "update-chunk",
            update::Chunk {
                id: "9f".into(),
                offset: 0,
                data: vec![7],
            },
        ),
        body("update-ref", update::UploadRef { id: "9f".into() }),
        body(
            "update-factory-reset",
            update::FactoryReset { confirmed: true },
        ),
        body(
            "update-restart",
            vec![
                update::Restart {
                    power: update::Power::Restart,
                },
                update::Restart {
                    power: update::Power::Off,
                },
            ],
        ),
    ]
}

fn stages() -> Vec<Sample> {
    let version = || "0.2.0".to_owned();
    let state = |stage| update::UpdateState {
        stage,
        slots: vec![update::SlotState {
            slot: Slot::A,
            version: Some(version()),
            healthy: true,
        }],
        running: Some(Slot::A),
        committed: Some(Slot::B),
        last: Some(update::Outcome {
            version: version(),
            committed: false,
            reason: "hid did not answer".into(),
        }),
    };
    vec![
        body("update-state-none", state(update::Stage::None)),
        body("update-state-idle", state(update::Stage::Idle)),
        body(
            "update-state-receiving",
            state(update::Stage::Receiving {
                version: version(),
                bytes: 1,
                size: 2,
            }),
        ),
        body(
            "update-state-verifying",
            state(update::Stage::Verifying { version: version() }),
        ),
        body(
            "update-state-staged",
            state(update::Stage::Staged { version: version() }),
        ),
        body("update-state-restarting", state(update::Stage::Restarting)),
        body(
            "update-state-trial",
            state(update::Stage::Trial {
                checks: vec![update::Check {
                    name: "hid".into(),
                    ok: true,
                    detail: "answers".into(),
                }],
                left_ms: 90_000,
            }),
        ),
    ]
}
