//! Commands at another node: two real kernels, and where the device `peer` would listen, what a test needs.

#![allow(clippy::unwrap_used)]

mod common;

use common::node::{device, Node};
use common::way::{Lost, Way};
use common::{dkvm, Said};
use dkvm_wire::service::KernelInfo;
use dkvm_wire::{
    decode, encode_body, encode_frame, topics, ErrorCode, FrameDecoder, Goodbye, Message, Preamble,
    RequestId, Welcome, WireError, LIMIT_BEFORE_WELCOME, PREAMBLE_LEN, WIRE_VERSION,
};
use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// This node, with a device `peer` that knows nothing, and what answers for the node `office`.
fn here() -> Node {
    let node = Node::start(&device("peer", ""));
    fs::create_dir_all(node.path("run/peer/nodes")).unwrap();
    node.wait_phase("peer", "running");
    node
}

fn at(node: &Node, args: &[&str]) -> Said {
    node.dkvm(&[&["--node", "office"], args].concat())
}

/// A node that is really there: its own control socket stands for the link.
fn link(here: &Node, there: &Node) {
    symlink(
        there.path("run/kernel.sock"),
        here.path("run/peer/nodes/office.sock"),
    )
    .unwrap();
}

/// What answers for `office` one client after the other.
fn stand_in(here: &Node, answer: impl Fn(UnixStream) + Send + 'static) {
    let listener = UnixListener::bind(here.path("run/peer/nodes/office.sock")).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            answer(client.unwrap());
        }
    });
}

/// The client's requests one by one.
struct Asked {
    stream: UnixStream,
    decoder: FrameDecoder,
}

impl Asked {
    fn new(mut stream: UnixStream) -> Self {
        let mut preamble = [0; PREAMBLE_LEN];
        stream.read_exact(&mut preamble).unwrap();
        stream.write_all(&Preamble::BYTES).unwrap();
        let decoder = FrameDecoder::new(LIMIT_BEFORE_WELCOME);
        Self { stream, decoder }
    }

    /// The next one's number and method; nothing when the client has gone.
    fn next(&mut self) -> Option<(RequestId, String)> {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                let Message::Request { id, method, .. } = decode(frame).unwrap() else {
                    panic!("no request")
                };
                return Some((id, method.to_owned()));
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(count) if count > 0 => self.decoder.push(&buffer[..count]),
                _ => return None,
            }
        }
    }

    fn say(&mut self, message: &Message<'_>) {
        let frame = encode_frame(&message.encode(), LIMIT_BEFORE_WELCOME).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    fn welcome(&mut self) {
        let (id, _) = self.next().unwrap();
        self.welcome_to(id);
    }

    /// A welcome by which nothing can be asked any more.
    fn welcome_and_leave(&mut self) {
        let (id, _) = self.next().unwrap();
        self.stream.shutdown(Shutdown::Read).unwrap();
        self.welcome_to(id);
        self.goodbye();
    }

    fn welcome_to(&mut self, id: RequestId) {
        let welcome = Welcome {
            wire: WIRE_VERSION,
            device_id: "client-1".try_into().unwrap(),
            generation: dkvm_wire::Generation(0),
            limits: dkvm_wire::Limits {
                frame: 1 << 20,
                memory: 0,
                heartbeat_ms: 0,
                ready_ms: 0,
            },
            pools: String::new(),
            config: vec![0x80],
        };
        let body = encode_body(&welcome);
        self.say(&Message::Response {
            id,
            result: Ok(&body),
        });
    }

    fn goodbye(&mut self) {
        let body = encode_body(&Goodbye {
            reason: "the link to office broke: nothing came for 10 s".to_owned(),
            deadline_ms: 0,
        });
        self.say(&Message::Event {
            topic: topics::GOODBYE,
            body: &body,
            leases: Vec::new(),
            source: None,
            to: vec![],
        });
    }

    fn refuse(&mut self, error: WireError) {
        if let Some((id, _)) = self.next() {
            self.say(&Message::Response {
                id,
                result: Err(error),
            });
        }
    }
}

#[test]
fn commands_work_there_and_not_here() {
    let (here, there) = (here(), Node::start(&device("alpha", "")));
    there.wait_phase("alpha", "running");
    link(&here, &there);
    let listed = at(&here, &["ps"]);
    assert!(listed.out.contains("alpha"), "{listed:?}");
    assert!(!listed.out.contains("peer"), "{listed:?}");
    let said = at(&here, &["restart", "alpha"]);
    assert_eq!(said.code, 0, "{}", said.err);
    there.wait("another life", |there| {
        there.device("alpha")["generation"] == 2
    });
    assert_eq!(here.device("peer")["generation"], 1);
    let top = at(&here, &["top", "--once"]);
    assert!(top.out.contains("alpha"), "{top:?}");
    let unknown = at(&here, &["restart", "alhpa"]);
    assert!(
        unknown.err.contains("did you mean \"alpha\""),
        "{unknown:?}"
    );
    let refused = at(&here, &["sound"]);
    assert!(refused.err.contains("no device \"audio\""), "{refused:?}");
}

#[test]
fn a_node_that_there_is_not_is_told_with_those_that_are() {
    let here = here();
    for name in ["office", "attic"] {
        fs::write(here.path(&format!("run/peer/nodes/{name}.sock")), "").unwrap();
    }
    let said = here.dkvm(&["ps", "--node", "ofice"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains(
            "no paired node \"ofice\" (did you mean \"office\"?); paired are: attic, office"
        ),
        "{}",
        said.err
    );
    let said = here.dkvm(&["ps", "--node", "../../kernel"]);
    assert!(said.err.contains("no paired node"), "{}", said.err);
    let said = at(&here, &["ps"]);
    assert!(
        said.err.contains("the device peer"),
        "nobody listens: {}",
        said.err
    );
    let alone = Node::start("");
    let said = at(&alone, &["ps"]);
    assert!(
        said.err.contains("this node has no device peer"),
        "{}",
        said.err
    );
}

#[test]
fn what_works_on_this_machine_alone_refuses_a_node() {
    for command in [
        &["check"][..],
        &["completions", "bash"],
        &["kernel"],
        &["boot"],
    ] {
        let said = dkvm(&[&["--node", "office"], command].concat());
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert!(
            said.err.contains("this machine alone") && said.err.contains("office"),
            "{command:?}: {}",
            said.err
        );
    }
}

#[test]
fn a_link_that_is_down_says_why() {
    let here = here();
    stand_in(&here, |client| {
        let text = "there is no link to office: nobody answers at 192.0.2.7:23586";
        Asked::new(client).refuse(WireError::new(ErrorCode::Unavailable, text));
    });
    let said = at(&here, &["ps"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (
            1,
            "dkvm: there is no link to office: nobody answers at 192.0.2.7:23586\n"
        )
    );
}

#[test]
fn another_release_is_told_as_such() {
    let here = here();
    stand_in(&here, |mut client| {
        let _ = client.write_all(b"dKVM\x63\x00\x00\x00");
        let _ = client.read_to_end(&mut Vec::new());
    });
    let said = at(&here, &["ps"]);
    assert!(
        said.err.contains("office runs another release") && said.err.contains("update the older"),
        "{}",
        said.err
    );
}

#[test]
fn a_right_that_is_missing_is_told_with_the_node_that_refuses_it() {
    let here = here();
    stand_in(&here, |client| {
        let mut asked = Asked::new(client);
        asked.welcome();
        let text = "this node does not give you 'configure': system.restart needs it";
        asked.refuse(WireError::new(ErrorCode::Forbidden, text));
    });
    let said = at(&here, &["reboot"]);
    assert!(
        said.err
            .starts_with("dkvm: office: this node does not give you 'configure'"),
        "{}",
        said.err
    );
}

/// As the device `peer` does when the other node's ends, or the link.
fn break_off(asked: &mut Asked) {
    let _ = asked.next();
    asked.goodbye();
}

#[test]
fn a_link_that_breaks_says_over_what() {
    let here = here();
    stand_in(&here, |client| {
        let mut asked = Asked::new(client);
        asked.welcome();
        break_off(&mut asked);
    });
    let said = at(&here, &["ps"]);
    assert_eq!(said.code, 1);
    for part in [
        "the link to office broke: nothing came for 10 s",
        "over devices.list",
        "whether that was done is not known",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
}

#[test]
fn what_was_never_heard_is_asked_once_more() {
    let (here, there) = (here(), Node::start(&device("led", "")));
    let (clients, kernel) = (AtomicUsize::new(0), there.path("run/kernel.sock"));
    stand_in(&here, move |client| {
        if clients.fetch_add(1, Ordering::SeqCst) == 0 {
            return Asked::new(client).welcome_and_leave();
        }
        pass_on(&client, &UnixStream::connect(&kernel).unwrap());
    });
    let said = at(&here, &["ps", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("\"led\""), "{}", said.out);
}

#[test]
fn a_link_that_takes_nothing_says_why() {
    let here = here();
    stand_in(&here, |client| Asked::new(client).welcome_and_leave());
    let said = at(&here, &["ps"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("the link to office broke: nothing came for 10 s"),
        "{}",
        said.err
    );
}

/// Until the client has ended.
fn pass_on(client: &UnixStream, kernel: &UnixStream) {
    let (mut from_kernel, mut to_client) = (kernel, client);
    thread::scope(|scope| {
        scope.spawn(move || io::copy(&mut from_kernel, &mut to_client));
        let _ = io::copy(&mut { client }, &mut { kernel });
        let _ = kernel.shutdown(Shutdown::Both);
    });
}

/// A node that is faster than its answer, and what it is like afterwards.
fn gone_over_reboot(afterwards: impl Fn(&mut Asked) + Send + 'static) -> Said {
    let (here, clients) = (here(), AtomicUsize::new(0));
    stand_in(&here, move |client| {
        let mut asked = Asked::new(client);
        if clients.fetch_add(1, Ordering::SeqCst) == 0 {
            asked.welcome();
            break_off(&mut asked);
        } else {
            afterwards(&mut asked);
        }
    });
    at(&here, &["reboot"])
}

#[test]
fn a_reboot_that_was_faster_than_its_answer_is_one() {
    let away = |asked: &mut Asked| {
        asked.refuse(WireError::new(ErrorCode::Unavailable, "nobody answers"));
    };
    let new_kernel = |asked: &mut Asked| {
        asked.welcome();
        let (id, _) = asked.next().unwrap();
        let info = KernelInfo {
            version: String::new(),
            node: "office".to_owned(),
            uptime_ms: 0,
            boot: String::new(),
            image: None,
            notices: Vec::new(),
            safe_mode: false,
        };
        asked.say(&Message::Response {
            id,
            result: Ok(&encode_body(&info)),
        });
    };
    for said in [gone_over_reboot(away), gone_over_reboot(new_kernel)] {
        assert_eq!(
            (said.code, said.out.as_str()),
            (0, "all devices end, then the node office restarts\n"),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_reboot_that_never_came_there_is_none() {
    let (here, there) = (here(), Node::start(""));
    let way = Way::open(&here, &there, "system.restart", Lost::Request);
    let said = at(&here, &["reboot"]);
    assert!(way.has_broken());
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("over system.restart"), "{}", said.err);
}

#[test]
fn a_restart_that_takes_the_link_along_is_told_when_the_link_is_back() {
    let (here, there) = (here(), Node::start(&device("alpha", "")));
    there.wait_phase("alpha", "running");
    let way = Way::open(&here, &there, "devices.get", Lost::Request);
    let said = at(&here, &["restart", "alpha"]);
    assert!(way.has_broken());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("alpha is "), "{}", said.out);
}

#[test]
fn a_device_that_comes_is_waited_for_and_one_that_was_stopped_is_not() {
    let node = Node::start(&device(
        "hid",
        "[device.hid.config]\nlate_ms = 1500\nechoes = true",
    ));
    let said = node.dkvm(&["jiggle"]);
    // The toy answers nothing that fits: that it was asked is what counts.
    assert!(!said.err.contains("not running"), "{}", said.err);
    assert!(said.err.contains("waiting for hid"), "{}", said.err);
    node.dkvm(&["stop", "hid"]);
    node.wait_phase("hid", "stopped");
    let said = node.dkvm(&["jiggle"]);
    assert!(said.err.contains("hid is not running now"), "{}", said.err);
    assert!(!said.err.contains("waiting"), "{}", said.err);
}

#[test]
fn a_reload_answers_when_what_it_touched_is_there_or_says_what_is_not() {
    let late = |ms: u32| device("alpha", &format!("[device.alpha.config]\nlate_ms = {ms}"));
    let node = Node::start(&late(1));
    node.wait_phase("alpha", "running");
    node.configure(&late(700));
    let said = node.dkvm(&["reload"]);
    assert_eq!((said.code, said.out.as_str()), (0, "restarted: alpha\n"));
    assert_eq!(node.device("alpha")["phase"], "running");
    node.configure(&device("alpha", "[device.alpha.config]\nbroken = true"));
    let said = node.dkvm(&["reload"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.out, "restarted: alpha\n");
    assert!(
        said.err.contains("in force, but alpha is") && said.err.contains("dkvm logs"),
        "{}",
        said.err
    );
}
