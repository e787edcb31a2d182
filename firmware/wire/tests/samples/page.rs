use super::Sample;
use dkvm_wire::{
    service::{KernelInfo, MemoryStats},
    vocab::{
        gadget, input,
        page::{
            Action, FarTarget, Password, PasswordChange, PeersDo, SessionInfo, SessionState,
            ToPage, ToWeb,
        },
        peer, power, serial, storage, typist, update, video,
    },
    DeviceName, ErrorCode, WireError,
};
use serde::{de::DeserializeOwned, Serialize};

pub fn all() -> Vec<Sample> {
    let mut samples = to_web();
    samples.extend(to_page());
    samples.extend([
        json(
            "page-session",
            SessionInfo {
                state: SessionState::Setup,
                csrf: "c".into(),
                node: "pi".into(),
            },
        ),
        json(
            "page-session-states",
            vec![SessionState::Login, SessionState::Open],
        ),
        json(
            "page-password",
            Password {
                password: "secret words".into(),
            },
        ),
        json(
            "page-password-change",
            PasswordChange {
                old: "secret words".into(),
                new: "other words".into(),
            },
        ),
    ]);
    samples
}

fn to_web() -> Vec<Sample> {
    let hid = DeviceName::try_from("hid").unwrap_or_else(|error| unreachable!("{error}"));
    let mode = video::VideoMode {
        width: 640,
        height: 480,
        millihertz: 60_000,
    };
    let action = |action| ToWeb::Do { id: 3, action };
    vec![
        json(
            "page-input",
            ToWeb::Input(input::InputState {
                holder: 77,
                focus: 1,
                seq: 1,
                first: 0,
                steps: vec![input::Step::Key {
                    usage: 4,
                    down: true,
                }],
                keys: vec![4],
                buttons: 0,
                at: None,
                motion: input::Motion::default(),
                extra: Default::default(),
            }),
        ),
        json("page-set-mode", action(Action::SetMode(mode))),
        json(
            "page-peers-answer",
            action(Action::Peers(PeersDo::Answer(peer::Answer {
                id: 7,
                verdict: peer::Verdict::Same {
                    grants: Some(vec![peer::Grant::View, peer::Grant::Type]),
                },
            }))),
        ),
        json(
            "page-peers-forget",
            action(Action::Peers(PeersDo::Forget(peer::Node {
                node: "office".into(),
            }))),
        ),
        json(
            "page-set-encode",
            action(Action::SetEncode(video::EncodeSettings {
                quality: 60,
                max_rate: 15,
            })),
        ),
        json(
            "page-set-h264",
            action(Action::SetH264(video::H264Settings {
                max_rate: 15,
                max_kbit: 0,
            })),
        ),
        json("page-replug", action(Action::Replug)),
        json(
            "page-serial-write",
            action(Action::SerialWrite(serial::SerialText {
                text: "ls\r".into(),
            })),
        ),
        json(
            "page-macro-put",
            action(Action::MacroPut {
                which: "log in".into(),
                text: "Enter".into(),
            }),
        ),
        json(
            "page-macro-run",
            action(Action::MacroRun {
                which: "log in".into(),
                layout: Some("de".into()),
            }),
        ),
        json(
            "page-plug",
            action(Action::Plug(gadget::Plug { plugged: false })),
        ),
        json(
            "page-profile",
            action(Action::Profile {
                profile: "install".into(),
            }),
        ),
        json(
            "page-restart",
            action(Action::Restart {
                device: hid.clone(),
            }),
        ),
        json(
            "page-power-press",
            action(Action::PowerPress(power::Press {
                button: power::Button::Reset,
                hold_ms: None,
            })),
        ),
        json(
            "page-wake",
            action(Action::Wake(power::Wake {
                target: "server".into(),
            })),
        ),
        json("page-type-text", action(Action::TypeText(typed()))),
        json("page-type-check", action(Action::TypeCheck(typed()))),
        json("page-type-cancel", action(Action::TypeCancel)),
        json(
            "page-storage-attach",
            action(Action::StorageAttach(super::storage::attach())),
        ),
        json(
            "page-storage-eject",
            action(Action::StorageEject(storage::Eject {
                lun: 1,
                force: false,
            })),
        ),
        json(
            "page-storage-rename",
            action(Action::StorageRename(storage::Rename {
                image: "a.iso".into(),
                to: "b.iso".into(),
            })),
        ),
        json(
            "page-storage-delete",
            action(Action::StorageDelete(storage::ImageRef {
                image: "a.iso".into(),
            })),
        ),
        json(
            "page-storage-drive",
            action(Action::StorageDrive(storage::Drive {
                image: "files.img".into(),
                size: 64 << 20,
            })),
        ),
        json(
            "page-storage-file-remove",
            action(Action::StorageFileRemove(super::storage::file_ref())),
        ),
        json(
            "page-storage-abort",
            action(Action::StorageAbort(storage::PutRef { id: "4c".into() })),
        ),
        json("page-update-try", action(Action::UpdateTry)),
        json("page-update-abort", action(Action::UpdateAbort)),
        json("page-update-rollback", action(Action::UpdateRollback)),
        json("page-factory-reset", action(Action::FactoryReset)),
        json(
            "page-node-power",
            action(Action::NodePower {
                power: update::Power::Off,
            }),
        ),
        json("page-deaths", action(Action::Deaths { device: hid })),
        json("page-ping", ToWeb::Ping { nonce: 1 }),
    ]
}

fn typed() -> typist::Text {
    typist::Text {
        text: "Grüße\n".into(),
        layout: Some("de".into()),
        pace_ms: None,
    }
}

fn to_page() -> Vec<Sample> {
    let hid = DeviceName::try_from("hid").unwrap_or_else(|error| unreachable!("{error}"));
    let kernel = KernelInfo {
        version: "0.1.0".into(),
        node: "pi".into(),
        uptime_ms: 1,
        boot: "1f".into(),
        image: None,
        notices: Vec::new(),
        safe_mode: false,
    };
    let error = WireError::new(ErrorCode::Timeout, "no answer in time");
    vec![
        json("page-hello", ToPage::Hello { kernel, viewers: 1 }),
        json("page-device-gone", ToPage::DeviceGone { name: hid }),
        json("page-no-hid", ToPage::Hid { state: None }),
        json("page-no-video", ToPage::Video { state: None }),
        json("page-no-update", ToPage::Update { state: None }),
        json("page-no-power", ToPage::Power { state: None }),
        json("page-no-network", ToPage::Network { state: None }),
        json(
            "page-storage",
            ToPage::Storage {
                state: Some(super::storage::state()),
            },
        ),
        json("page-no-encode", ToPage::Encode { state: None }),
        json("page-no-peers", ToPage::Peers { state: None }),
        json("page-no-h264", ToPage::H264 { state: None }),
        json(
            "page-memory",
            ToPage::Memory(MemoryStats {
                bytes: 0,
                budget: 1,
                pools: 0,
                leases: 0,
                granted: 0,
            }),
        ),
        json(
            "page-ack",
            ToPage::Ack(input::InputAck {
                holder: 77,
                seq: 1,
                steps: 1,
                focus: 1,
                lost: 0,
            }),
        ),
        json(
            "page-done",
            ToPage::Done {
                id: 3,
                error: Some(error),
                deaths: None,
                config: None,
            },
        ),
        json(
            "page-input-to",
            ToWeb::InputTo {
                node: "office".into(),
                state: input::InputState::default(),
            },
        ),
        json(
            "page-target",
            ToPage::Target(Box::new(FarTarget {
                node: "office".into(),
                layout: Some("de".into()),
                ..FarTarget::default()
            })),
        ),
        json(
            "page-target-gone",
            ToPage::TargetGone {
                node: "office".into(),
            },
        ),
        json(
            "page-ack-from",
            ToPage::AckFrom {
                node: "office".into(),
                ack: input::InputAck {
                    holder: 5,
                    seq: 4,
                    steps: 3,
                    focus: 2,
                    lost: 1,
                },
            },
        ),
        json("page-pong", ToPage::Pong { nonce: 1 }),
        json("page-viewers", ToPage::Viewers { count: 2 }),
    ]
}

/// The page speaks JSON.
fn json<T>(name: &'static str, value: T) -> Sample
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    let bytes = serde_json::to_vec(&value).unwrap_or_default();
    Sample {
        name,
        bytes,
        reads_back: Box::new(move |bytes| {
            serde_json::from_slice::<T>(bytes).is_ok_and(|read| read == value)
        }),
    }
}
