use super::{body, Sample};
use dkvm_wire::{service::*, vocab::*, *};

fn name(text: &str) -> DeviceName {
    DeviceName::try_from(text).unwrap_or_else(|error| unreachable!("{error}"))
}

pub fn handshake() -> Vec<Sample> {
    let limits = Limits {
        frame: 1_048_576,
        memory: 67_108_864,
        heartbeat_ms: 2000,
        ready_ms: 15_000,
    };
    vec![
        body(
            "hello",
            Hello {
                wire: WIRE_VERSION,
                device: "echo".into(),
                version: "1.0".into(),
                features: vec![],
                consumes: vec!["echo.say".into()],
                produces: vec![Produce {
                    topic: "echo.said".into(),
                    class: QueueClass::Stream,
                }],
                grants: None,
            },
        ),
        body(
            "welcome",
            Welcome {
                wire: WIRE_VERSION,
                device_id: name("echo"),
                generation: Generation(1),
                limits,
                pools: "/dev/shm/dkvm-1f".into(),
                config: encode_body(
                    &[("prefix", "> ")]
                        .into_iter()
                        .collect::<std::collections::BTreeMap<_, _>>(),
                ),
            },
        ),
        body("ready", Ready::default()),
        body(
            "ready-degraded",
            Ready {
                degraded: Some("no cable: plug it in".into()),
            },
        ),
        body(
            "goodbye",
            Goodbye {
                reason: "stopped by a person".into(),
                deadline_ms: 1500,
            },
        ),
        body(
            "error",
            WireError::new(ErrorCode::NotFound, "no device \"x\"").about("x"),
        ),
        body(
            "error-codes",
            vec![
                ErrorCode::BadRequest,
                ErrorCode::UnknownMethod,
                ErrorCode::NotFound,
                ErrorCode::Forbidden,
                ErrorCode::Unavailable,
                ErrorCode::Timeout,
                ErrorCode::Exhausted,
                ErrorCode::Conflict,
                ErrorCode::Hardware,
                ErrorCode::Internal,
            ],
        ),
        body(
            "queue-classes",
            vec![
                QueueClass::State,
                QueueClass::Input,
                QueueClass::Stream,
                QueueClass::Log,
            ],
        ),
    ]
}

fn device() -> DeviceInfo {
    DeviceInfo {
        name: name("hid"),
        desired: Desired::Up,
        phase: Phase::Degraded,
        detail: Some("the target sleeps".into()),
        generation: Generation(2),
        pid: Some(99),
        uptime_ms: 1000,
        deaths: 1,
        events_out: 10,
        events_in: 20,
        frames_out: 0,
        dropped: 0,
        rss: 1_000_000,
        leases: 0,
    }
}

fn death() -> DeathRecord {
    DeathRecord {
        name: name("hid"),
        generation: Generation(1),
        at_unix_ms: 1_700_000_000_000,
        at_uptime_ms: 5000,
        lived_ms: 4000,
        cause: "killed by SIGKILL".into(),
        log: vec!["<info> ready".into()],
    }
}

fn line() -> LogLine {
    LogLine {
        at_uptime_ms: 5,
        device: "hid".into(),
        generation: Generation(1),
        level: Level::Warn,
        text: "no UDC".into(),
    }
}

pub fn kernel() -> Vec<Sample> {
    vec![
        body("nothing", Nothing {}),
        body("named", Named { name: name("hid") }),
        body(
            "kernel-info",
            KernelInfo {
                version: "0.1.0".into(),
                node: "pi".into(),
                uptime_ms: 5000,
                boot: "1f".into(),
                image: Some(ImageInfo {
                    board: "rpi4".into(),
                    version: "0.2.0".into(),
                    slot: Slot::B,
                    committed: Slot::A,
                    persistent: true,
                }),
                notices: vec!["dkvm.txt: ignored".into()],
                safe_mode: false,
            },
        ),
        body(
            "system-restart",
            Restart {
                how: RestartHow::Trial,
                reason: "update".into(),
            },
        ),
        body(
            "restart-hows",
            vec![RestartHow::Restart, RestartHow::PowerOff],
        ),
        body(
            "device-list",
            DeviceList {
                devices: vec![device()],
            },
        ),
        body(
            "death-query",
            DeathQuery {
                name: Some(name("hid")),
                limit: Some(5),
            },
        ),
        body(
            "deaths",
            Deaths {
                deaths: vec![death()],
            },
        ),
        body(
            "subscribe",
            Subscribe {
                topics: vec!["device.state".into()],
            },
        ),
        body(
            "log-query",
            LogQuery {
                name: None,
                limit: Some(10),
            },
        ),
        body(
            "log-lines",
            LogLines {
                lines: vec![line()],
            },
        ),
        body(
            "applied",
            Applied {
                started: vec![name("a")],
                stopped: vec![],
                restarted: vec![name("b")],
            },
        ),
        body(
            "dropped",
            Dropped {
                topic: "video.raw".into(),
                count: 3,
            },
        ),
        body(
            "demand",
            Demand {
                topic: "video.raw".into(),
                readers: 1,
                from: None,
            },
        ),
        body(
            "demand-from",
            Demand {
                topic: "hid.state".into(),
                readers: 1,
                from: Some("*/hid".into()),
            },
        ),
        body(
            "want",
            Want {
                topic: "video.raw".into(),
                want: true,
                from: None,
            },
        ),
        body(
            "want-from",
            Want {
                topic: "video.h264".into(),
                want: true,
                from: Some("office/h264".into()),
            },
        ),
        body(
            "source-gone",
            SourceGone {
                source: name("web").into(),
                generation: Generation(3),
            },
        ),
        body(
            "source-gone-far",
            SourceGone {
                source: SourceName::try_from("office/hid").unwrap_or_else(|_| unreachable!()),
                generation: Generation(4),
            },
        ),
        body(
            "levels",
            vec![Level::Debug, Level::Info, Level::Warn, Level::Error],
        ),
        body("desires", vec![Desired::Up, Desired::Down, Desired::Held]),
        body(
            "phases",
            vec![
                Phase::Stopped,
                Phase::Starting,
                Phase::Preparing,
                Phase::Running,
                Phase::Degraded,
                Phase::Stopping,
                Phase::Backoff,
                Phase::Failed,
            ],
        ),
    ]
}

pub fn memory() -> Vec<Sample> {
    let lease = LeaseRef {
        lease: LeaseId(9),
        pool: PoolId(1),
        slot: SlotIndex(2),
        length: 0,
    };
    vec![
        body(
            "pool-request",
            PoolRequest {
                slot_size: 614_400,
                slots: 6,
                window: 2,
            },
        ),
        body(
            "pool-info",
            PoolInfo {
                pool: PoolId(1),
                slot_size: 614_400,
                slots: 6,
                leases: vec![lease],
            },
        ),
        body("pool-ref", PoolRef { pool: PoolId(1) }),
        body(
            "grant",
            Grant {
                leases: vec![lease],
            },
        ),
        body("lease-arg", LeaseArg { lease: LeaseId(9) }),
        body(
            "lock-arg",
            LockArg {
                lease: LeaseId(9),
                hold_ms: 60_000,
            },
        ),
        body(
            "release",
            Release {
                leases: vec![LeaseId(9)],
            },
        ),
        body(
            "memory-stats",
            MemoryStats {
                bytes: 4096,
                budget: 1 << 26,
                pools: 1,
                leases: 2,
                granted: 2,
            },
        ),
    ]
}

pub fn devices() -> Vec<Sample> {
    let at = Some(input::Position { x: 16_384, y: 0 });
    let mode = video::VideoMode {
        width: 1280,
        height: 720,
        millihertz: 60_000,
    };
    let settings = video::EncodeSettings {
        quality: 80,
        max_rate: 0,
    };
    vec![
        body(
            "input-state",
            input::InputState {
                holder: 77,
                focus: 1,
                seq: 5,
                first: 2,
                steps: vec![
                    input::Step::Key {
                        usage: 4,
                        down: true,
                    },
                    input::Step::Button {
                        button: 0,
                        down: true,
                        at,
                    },
                    input::Step::Button {
                        button: 0,
                        down: false,
                        at: None,
                    },
                ],
                keys: vec![4],
                buttons: 0,
                at,
                motion: input::Motion {
                    x: -1,
                    y: 2,
                    wheel: -1,
                    pan: 0,
                    ..Default::default()
                },
                extra: Default::default(),
            },
        ),
        body(
            "input-state-extra",
            input::InputState {
                holder: 77,
                focus: 1,
                seq: 6,
                steps: vec![
                    input::Step::Consumer {
                        usage: 0xe9,
                        down: true,
                    },
                    input::Step::System {
                        usage: 0x82,
                        down: false,
                    },
                    input::Step::Touch {
                        contact: 1,
                        down: true,
                        at: input::Position { x: 5, y: 6 },
                    },
                ],
                motion: input::Motion {
                    fine_wheel: -15,
                    fine_pan: 120,
                    ..Default::default()
                },
                extra: input::Extra {
                    consumer: vec![0xe9],
                    system: vec![],
                    touches: vec![input::Contact {
                        contact: 1,
                        at: input::Position { x: 5, y: 6 },
                    }],
                },
                ..Default::default()
            },
        ),
        body("jiggle", input::Jiggle { every_s: 60 }),
        body(
            "input-ack",
            input::InputAck {
                holder: 77,
                seq: 5,
                steps: 5,
                focus: 1,
                lost: 0,
            },
        ),
        body(
            "hid-state",
            input::HidState {
                keyboard: input::Link::Ok,
                absolute: input::Link::Stalled,
                relative: input::Link::NotConfigured,
                leds: input::Leds {
                    num: true,
                    ..input::Leds::default()
                },
                focus: 1,
                holder: 77,
                extras: Vec::new(),
                jiggle: 0,
                by: String::new(),
                busy: false,
            },
        ),
        body("hid-absent", input::Link::Absent),
        body("plug", gadget::Plug { plugged: false }),
        body(
            "gadget-state",
            gadget::GadgetState {
                state: gadget::UsbState::Configured,
                udc: "dummy_udc.0".into(),
                speed: "high-speed".into(),
                binding: 1,
                functions: vec![gadget::FunctionInfo {
                    name: "keyboard".into(),
                    device: "/dev/hidg0".into(),
                    traits: Vec::new(),
                }],
                profile: "bios".into(),
                profiles: vec![
                    gadget::ProfileInfo {
                        name: "bios".into(),
                        functions: vec!["keyboard".into()],
                        unfit: None,
                    },
                    gadget::ProfileInfo {
                        name: "desk".into(),
                        functions: vec!["keyboard".into(), "storage".into()],
                        unfit: Some("too many endpoints".into()),
                    },
                ],
            },
        ),
        body(
            "profile",
            gadget::Choose {
                name: "install".into(),
            },
        ),
        body(
            "usb-states",
            vec![
                gadget::UsbState::NoUdc,
                gadget::UsbState::Unplugged,
                gadget::UsbState::NotAttached,
                gadget::UsbState::Enumerating,
                gadget::UsbState::Suspended,
            ],
        ),
        body("video-mode", mode),
        body(
            "video-state",
            video::VideoState {
                signal: video::Signal::Ok,
                mode,
                format: "YUYV".into(),
                source: "vivid".into(),
                modes: vec![mode],
                streaming: true,
                rate: 60,
                detail: None,
            },
        ),
        body(
            "signals",
            vec![
                video::Signal::None,
                video::Signal::Unstable,
                video::Signal::OutOfRange,
                video::Signal::Absent,
            ],
        ),
        body(
            "frame-info",
            video::FrameInfo {
                sequence: 12,
                captured_ns: 1_000_000_000,
                width: 1280,
                height: 720,
                stride: 2560,
                format: "YUYV".into(),
                colors: video::Colors::Bt709Limited,
                unit: None,
            },
        ),
        body(
            "frame-info-h264",
            video::FrameInfo {
                sequence: 12,
                captured_ns: 1_000_000_000,
                width: 1280,
                height: 720,
                stride: 0,
                format: "H264".into(),
                colors: video::Colors::Bt709Limited,
                unit: Some(video::AccessUnit {
                    number: 7,
                    key: true,
                }),
            },
        ),
        body(
            "h264-settings",
            video::H264Settings {
                max_rate: 30,
                max_kbit: 0,
            },
        ),
        body(
            "h264-link",
            video::LinkLoad {
                slowest: Some(125_000),
                fastest: None,
            },
        ),
        body(
            "h264-state",
            video::H264State {
                settings: video::H264Settings {
                    max_rate: 30,
                    max_kbit: 0,
                },
                rate: 30,
                kbit: 94,
                quantiser: 24,
                detail: None,
            },
        ),
        body("encode-settings", settings),
        body(
            "video-thumb",
            video::Thumb {
                sequence: 9,
                width: 320,
                height: 180,
                jpeg: vec![0xff, 0xd8, 0xff, 0xd9],
            },
        ),
        body(
            "encode-state",
            video::EncodeState {
                settings,
                passthrough: false,
                rate: 30,
            },
        ),
    ]
}
