//! The device as a process, with the dummy backend that a script plays.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        desk::{methods, DeskState, FocusTo, Grab},
        input::{HidState, InputAck, InputState, Leds, Link},
        peer::{Grant, LinkState, PeerInfo, PeerState},
        typist::TypistState,
    },
    ErrorCode,
};
use rustix::fs::{mknodat, FileType, Mode, CWD};
use std::{fs, io::Write as _, path::PathBuf};

struct Bench {
    kernel: FakeKernel,
    directory: tempfile::TempDir,
    script: fs::File,
}

impl Bench {
    /// A keyboard, a mouse, and `office`, which has a target.
    fn new() -> Result<Self, Failure> {
        Self::with(serde_json::json!({}))
    }

    /// With more of a configuration.
    fn with(more: serde_json::Value) -> Result<Self, Failure> {
        let directory = tempfile::tempdir().expect("a directory");
        let fifo = directory.path().join("script");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO");
        let mut config = more;
        config["backend"] = "dummy".into();
        config["script"] = fifo.display().to_string().into();
        config["record"] = directory.path().join("record").display().to_string().into();
        config["patience_ms"] = 60_000.into();
        let launch =
            Launch::program(env!("CARGO_BIN_EXE_dkvm-input")).env("DKVM_RUN_DIR", directory.path());
        let mut kernel = FakeKernel::start(launch, Setup::new("input").config(config))?;
        kernel.ready()?;
        let script = fs::OpenOptions::new().read(true).write(true).open(&fifo);
        let mut bench = Self {
            kernel,
            directory,
            script: script.expect("the device reads it"),
        };
        bench.play("plug 1 keyboard A keyboard\nplug 2 mouse A mouse");
        bench.kernel.emit("peer", topics::PEER_STATE, &peers())?;
        bench.hid(&hid(4, false))?;
        bench.until(|state| state.devices.len() == 2 && state.targets.iter().any(|one| one.up))?;
        Ok(bench)
    }

    fn play(&mut self, lines: &str) {
        let lines = format!("{lines}\n");
        let written = self.script.write_all(lines.as_bytes());
        written.expect("the device reads it");
    }

    fn hid(&mut self, state: &HidState) -> Result<(), Failure> {
        self.kernel.emit("office/hid", topics::HID_STATE, state)
    }

    fn until(&mut self, wanted: impl Fn(&DeskState) -> bool) -> Result<DeskState, Failure> {
        self.kernel.expect_that(topics::INPUT_STATE, wanted)
    }

    /// What is sent until it is as wanted; all of it goes to the office and nobody else.
    fn sent(&mut self, wanted: impl Fn(&InputState) -> bool) -> Result<InputState, Failure> {
        loop {
            let event = self.kernel.expect_event(topics::INPUT)?;
            assert_eq!(event.to, ["office/hid"]);
            let state: InputState = event.decode()?;
            if wanted(&state) {
                return Ok(state);
            }
        }
    }

    fn ack(&mut self, state: &InputState) -> Result<(), Failure> {
        let steps = u32::try_from(state.steps.len()).expect("few");
        let ack = InputAck {
            holder: state.holder,
            seq: state.seq,
            steps: state.first + steps,
            focus: state.focus,
            lost: 0,
        };
        self.kernel.emit("office/hid", topics::INPUT_ACK, &ack)
    }

    fn focus(&mut self, node: Option<&str>) -> Result<DeskState, Failure> {
        let to = FocusTo {
            node: node.map(str::to_owned),
            steal: false,
        };
        self.kernel.call(methods::FOCUS, &to)
    }

    fn record(&self) -> Vec<String> {
        let path: PathBuf = self.directory.path().join("record");
        let text = fs::read_to_string(path).expect("a record");
        text.lines().map(str::to_owned).collect()
    }
}

fn peers() -> PeerState {
    PeerState {
        peers: vec![peer("office"), peer("vault")],
        ..PeerState::default()
    }
}

fn peer(node: &str) -> PeerInfo {
    PeerInfo {
        node: node.into(),
        fingerprint: String::new(),
        address: String::new(),
        grants: vec![],
        granted: vec![Grant::Type],
        link: LinkState::Up,
        detail: None,
        rtt_us: 0,
        version: String::new(),
    }
}

fn hid(focus: u32, busy: bool) -> HidState {
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds {
            caps: true,
            ..Leds::default()
        },
        focus,
        holder: u64::from(busy),
        extras: vec![],
        jiggle: 0,
        by: if busy { "web" } else { "" }.into(),
        busy,
    }
}

const A: u8 = 4;

#[test]
fn a_hotkey_leads_there_and_the_chord_back() -> Result<(), Failure> {
    let mut bench = Bench::new()?;
    // All at once: who keeps keys down is waited for, and not for long.
    bench.play("down 1 leftctrl\ndown 1 leftalt\ndown 1 1\nup 1 1\nup 1 leftalt\nup 1 leftctrl");
    let claim = bench.sent(|_| true)?;
    assert_eq!(claim.focus, 5);
    assert!(claim.holder > 0 && claim.holder < 1 << 53);
    let kept = fs::read_to_string(bench.directory.path().join("holder")).expect("kept");
    assert_eq!(kept, claim.holder.to_string());
    bench.ack(&claim)?;
    bench.until(|state| state.grab == Grab::Grabbed)?;
    bench.play("down 1 a");
    let held = bench.sent(|state| !state.keys.is_empty())?;
    assert_eq!(held.keys, [A]);
    bench.play("down 1 leftctrl\ndown 1 rightctrl\nup 1 rightctrl\nup 1 leftctrl\nup 1 a");
    let last = bench.sent(|state| state.keys.is_empty())?;
    bench.ack(&last)?;
    let state = bench.until(|state| state.node.is_none() && state.grab == Grab::Free)?;
    assert_eq!(state.moves, 2);
    assert_eq!(
        bench.record(),
        ["grab 2", "grab 1", "light 1 caps", "ungrab 2", "ungrab 1"]
    );
    bench.kernel.goodbye()
}

#[test]
fn a_call_moves_and_tells_who_is_at_work() -> Result<(), Failure> {
    let mut bench = Bench::new()?;
    let state = bench.focus(Some("office"))?;
    assert_eq!(state.node.as_deref(), Some("office"));
    let state = bench.focus(None)?;
    assert_eq!(state.node, None);
    let state: DeskState = bench.kernel.call(methods::GET, &Nothing {})?;
    assert_eq!(state.targets[0].node, "office");
    bench.hid(&hid(9, true))?;
    bench.until(|state| state.targets[0].busy)?;
    let to = FocusTo {
        node: Some("office".into()),
        steal: false,
    };
    let refused = bench.kernel.refused(methods::FOCUS, &to)?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(
        refused.message.contains("its page is at work"),
        "{refused:?}"
    );
    let elsewhere = FocusTo {
        node: Some("attic".into()),
        steal: false,
    };
    let refused = bench.kernel.refused(methods::FOCUS, &elsewhere)?;
    assert_eq!(refused.code, ErrorCode::Unavailable);
    bench.kernel.goodbye()
}

/// The Z of a German keyboard.
const Y: u8 = 0x1c;

#[test]
fn keys_are_translated_to_the_layout_that_the_typist_there_tells() -> Result<(), Failure> {
    let mut bench = Bench::with(serde_json::json!({
        "keyboard": "us", "target": { "office": { "translate": true } },
    }))?;
    let typist = TypistState {
        holder: 5,
        typing: None,
        last: None,
        layouts: vec![],
        layout: "de".into(),
    };
    bench
        .kernel
        .emit("office/typist", topics::TYPIST_STATE, &typist)?;
    bench.until(|state| state.targets[0].translation.is_some())?;
    bench.focus(Some("office"))?;
    bench.play("down 1 z");
    let held = bench.sent(|state| !state.keys.is_empty())?;
    assert_eq!(held.keys, [Y]);
    bench.kernel.goodbye()
}

#[test]
fn several_nodes_are_worked_by_the_name_of_their_desk() -> Result<(), Failure> {
    let heads = serde_json::json!([
        { "node": "office", "at": [0, 0] }, { "node": "vault", "at": [1920, 0], "size": [800, 600] },
    ]);
    let mut bench = Bench::with(serde_json::json!({ "desk": { "pc": { "heads": heads } } }))?;
    let state = bench.focus(Some("pc"))?;
    assert_eq!(state.worked(), Some("office"));
    bench.play("down 1 a");
    let held = bench.sent(|state| !state.keys.is_empty())?;
    assert_eq!(held.keys, [A]);
    bench.kernel.goodbye()
}

#[test]
fn its_end_leaves_nothing_held_and_nothing_grabbed() -> Result<(), Failure> {
    let mut bench = Bench::new()?;
    bench.focus(Some("office"))?;
    bench.play("down 1 a");
    let held = bench.sent(|state| !state.keys.is_empty())?;
    bench.ack(&held)?;
    bench.kernel.say_goodbye()?;
    let last = bench.sent(|state| state.keys.is_empty())?;
    bench.ack(&last)?;
    bench.kernel.expect_end(0)
}

/// More than the test's end keeps and the pipe between takes.
const FLOOD: usize = 20_000;

#[test]
fn a_kernel_that_stands_still_keeps_nothing_grabbed() -> Result<(), Failure> {
    let mut bench = Bench::new()?;
    bench.focus(Some("office"))?;
    let mut script = bench.script.try_clone().expect("a file");
    // Nobody reads any of it; it waits for ever once the device is gone, and ends with the test.
    std::thread::spawn(move || {
        (0..FLOOD).try_for_each(|_| script.write_all(b"move 2 9 0\nmove 2 -9 0\n"))
    });
    let stat = format!("/proc/{}/stat", bench.kernel.pid().expect("a process"));
    let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while runs() && std::time::Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(!runs(), "it holds on to what is grabbed");
    bench.kernel.expect_end(75)
}

#[test]
fn garbage_changes_nothing() -> Result<(), Failure> {
    let mut bench = Bench::new()?;
    bench.kernel.emit("office/hid", topics::HID_STATE, "what")?;
    bench.kernel.emit("office/hid", topics::INPUT_ACK, &7)?;
    bench.kernel.emit("web", topics::INPUT_ACK, &7)?;
    bench.kernel.source_gone("nobody/hid", 3)?;
    bench.play("jump 1 up\ndown 1\ndown 9 a\nmove 2 x y");
    bench.kernel.ping()?;
    bench.focus(Some("office"))?;
    bench.kernel.goodbye()
}

#[test]
fn a_wrong_configuration_is_named() -> Result<(), Failure> {
    for (config, key) in [
        (serde_json::json!({ "release": ["hyper"] }), "release"),
        (serde_json::json!({ "screen": [0, 0] }), "screen"),
        (serde_json::json!({ "speed": 0.0 }), "speed"),
        (
            serde_json::json!({ "layout": [{ "edge": "up", "node": "office" }] }),
            "layout",
        ),
        (serde_json::json!({ "hotkeys": [] }), "hotkeys"),
        (serde_json::json!({ "keyboard": "klingon" }), "keyboard"),
        (
            serde_json::json!({ "target": { "office": { "translate": true } } }),
            "keyboard = \"us\"",
        ),
        (
            serde_json::json!({ "desk": { "pc": { "heads": [{ "node": "a", "at": [0, 0] }] } } }),
            "pc needs 2 to 8 heads",
        ),
    ] {
        let mut config = config;
        config["backend"] = "dummy".into();
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-input"));
        let mut kernel = FakeKernel::start(launch, Setup::new("input").config(config))?;
        kernel.expect_log(key)?;
        kernel.expect_end(78)?;
    }
    Ok(())
}
