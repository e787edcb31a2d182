//! What sessions for others may: a real kernel, a real device that opens them over the control socket.

#![allow(clippy::expect_used)]

mod common;

use common::{device, signal, wait_for, Kernel, RIG};
use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::service::{
    methods, Applied, ConfigApply, ConfigHistory, KernelInfo, Nothing, Phase, Subscribe,
};
use dkvm_wire::vocab::peer::Grant;
use dkvm_wire::{
    encode_frame, topics, ErrorCode, Message, Preamble, RequestId, WireError, LIMIT_DEFAULT,
};
use serde::Serialize;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[derive(Serialize)]
struct Open<'a> {
    grants: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct Ask<'a> {
    method: &'a str,
    #[serde(with = "serde_bytes")]
    body: &'a [u8],
}

const CALLS: &str = r#"calls = ["kernel", "control", "system", "hid", "power", "storage"]"#;
const GRANTS: &str = r#"
[grants.view]
calls = ["kernel", "hid/hid.get"]
[grants.type]
calls = ["hid"]
[grants.power]
calls = ["power"]
[grants.storage]
calls = ["storage"]
[grants.configure]
calls = ["kernel", "control", "system", "update"]
"#;

fn configuration(gateway: &str, grants: &str) -> String {
    let mut text = String::new();
    for name in ["hid", "power", "storage", "update"] {
        text += &device(name, "puppet", "");
    }
    // Only a gateway names the kernel.
    let calls = match gateway {
        "true" => CALLS.to_owned(),
        _ => CALLS.replace("\"kernel\", ", ""),
    };
    text + &device("peer", "puppet", &format!("gateway = {gateway}\n{calls}")) + grants
}

fn node() -> Kernel {
    let mut kernel = Kernel::start(&configuration("true", GRANTS));
    for name in ["hid", "power", "storage", "update", "peer"] {
        kernel.wait_ready(name, 1);
    }
    kernel
}

/// A session of this device, with these grants.
fn open(kernel: &mut Kernel, device: &str, grants: Option<&[&str]>) -> Result<(), ClientError> {
    let grants = grants.map(<[&str]>::to_vec);
    let method = format!("{device}/session.open");
    kernel
        .client()
        .call::<_, Nothing>(&method, &Open { grants })?;
    Ok(())
}

/// That session asks. A body that fits no method shows that the request was let through without doing any harm.
fn ask(kernel: &mut Kernel, method: &str) -> Result<Vec<u8>, WireError> {
    ask_with(
        kernel,
        method,
        &dkvm_wire::encode_body(&"no such arguments"),
    )
}

fn ask_with(kernel: &mut Kernel, method: &str, body: &[u8]) -> Result<Vec<u8>, WireError> {
    let ask = dkvm_wire::encode_body(&Ask { method, body });
    match kernel.client().call_raw("peer/session.ask", &ask) {
        Ok(body) => Ok(body),
        Err(ClientError::Refused(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// Everything that there is to ask, and what it takes.
const EVERYTHING: [(&str, &[Grant]); 20] = [
    (methods::KERNEL_INFO, &[Grant::View, Grant::Configure]),
    (methods::DEVICES_LIST, &[Grant::View, Grant::Configure]),
    (methods::DEVICES_GET, &[Grant::View, Grant::Configure]),
    (methods::DEVICES_DEATHS, &[Grant::View, Grant::Configure]),
    (methods::LOG_TAIL, &[Grant::View, Grant::Configure]),
    (methods::EVENTS_SUBSCRIBE, &[Grant::View, Grant::Configure]),
    (methods::MEMORY_STATS, &[Grant::View, Grant::Configure]),
    (methods::DEVICES_START, &[Grant::Configure]),
    (methods::DEVICES_STOP, &[Grant::Configure]),
    (methods::DEVICES_RESTART, &[Grant::Configure]),
    (methods::CONFIG_RELOAD, &[Grant::Configure]),
    (methods::SYSTEM_RESTART, &[Grant::Configure]),
    ("hid/hid.get", &[Grant::View, Grant::Type]),
    ("hid/echo", &[Grant::Type]),
    ("power/echo", &[Grant::Power]),
    ("storage/echo", &[Grant::Storage]),
    // In a grant, and not in the gateway's own `calls`.
    ("update/echo", &[]),
    // In neither.
    ("peer/echo", &[]),
    ("nobody/echo", &[]),
    // Devices alone hold memory.
    (methods::MEMORY_POOL, &[]),
];

#[test]
fn each_grant_alone_lets_in_just_what_it_should() {
    let mut kernel = node();
    for grant in Grant::ALL {
        open(&mut kernel, "peer", Some(&[grant.name()])).expect("welcomed");
        for (method, takes) in EVERYTHING {
            let got = ask(&mut kernel, method);
            let refused = matches!(&got, Err(error) if error.code == ErrorCode::Forbidden);
            let allowed = takes.contains(&grant);
            assert_eq!(!refused, allowed, "{} {method}: {got:?}", grant.name());
            if let (Err(error), Some(first)) = (got, takes.first().filter(|_| refused)) {
                let told = format!("this node does not give you '{}': ", first.name());
                assert!(error.message.starts_with(&told), "{}", error.message);
            }
        }
    }
    assert_eq!(kernel.info("hid").generation.0, 1, "nothing was done");
}

#[test]
fn what_is_allowed_is_done() {
    let mut kernel = node();
    open(&mut kernel, "peer", Some(&["type", "configure"])).expect("welcomed");
    assert_eq!(ask_with(&mut kernel, "hid/echo", b"\x07"), Ok(vec![7]));
    let storage = dkvm_wire::encode_body(&common::named("storage"));
    ask_with(&mut kernel, methods::DEVICES_RESTART, &storage).expect("restarts");
    kernel.wait_ready("storage", 2);
}

#[test]
fn a_gateway_says_for_whom_or_is_refused() {
    let mut kernel = node();
    let Err(ClientError::Refused(error)) = open(&mut kernel, "peer", None) else {
        panic!("let in")
    };
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert!(error.message.contains("`grants`"), "{}", error.message);
    // With none, or one that only a newer release knows: welcome, and nothing else.
    for grants in [&[][..], &["fly"][..]] {
        open(&mut kernel, "peer", Some(grants)).expect("welcomed");
        for (method, _) in EVERYTHING {
            let got = ask(&mut kernel, method).expect_err("refused");
            assert_eq!(got.code, ErrorCode::Forbidden, "{method}");
        }
    }
}

#[test]
fn the_history_says_for_which_node_a_session_was() {
    let mut kernel = node();
    open(&mut kernel, "peer", Some(&["configure"])).expect("welcomed");
    let text = fs::read_to_string(kernel.config()).expect("there");
    let apply = ConfigApply {
        text: text + "# more\n",
        base: None,
        confirm_s: 0,
        comment: String::new(),
    };
    let body = dkvm_wire::encode_body(&apply);
    ask_with(&mut kernel, methods::CONFIG_APPLY, &body).expect("applied");
    let asked = kernel.client().ask(methods::CONFIG_HISTORY);
    let history: ConfigHistory = asked.expect("a history");
    let newest = history.entries.last().expect("one");
    // So the puppet's hello calls itself.
    assert_eq!(newest.who, "the node cli");
}

#[test]
fn a_device_that_is_no_gateway_gets_no_session() {
    let mut kernel = node();
    for grants in [None, Some(&["view"][..])] {
        let Err(ClientError::Refused(error)) = open(&mut kernel, "hid", grants) else {
            panic!("let in")
        };
        assert_eq!(
            error.code,
            ErrorCode::Hardware,
            "cut, not answered: {error:?}"
        );
    }
    wait_for("the log's word", || {
        kernel.log_of("kernel").into_iter().find(|line| {
            line.text
                .contains("the device hid, which has its own connection")
        })
    });
}

#[test]
fn nothing_is_answered_before_hello() {
    let kernel = node();
    let mut stream = UnixStream::connect(kernel.socket()).expect("connects");
    let body = dkvm_wire::encode_body(&Nothing {});
    let request = Message::Request {
        id: RequestId(1),
        method: methods::KERNEL_INFO,
        body: &body,
        source: None,
    };
    let frame = encode_frame(&request.encode(), LIMIT_DEFAULT).expect("small");
    stream.write_all(&Preamble::BYTES).expect("writes");
    stream.write_all(&frame).expect("writes");
    let mut got = Vec::new();
    stream.read_to_end(&mut got).expect("it is closed");
    assert_eq!(got, Preamble::BYTES, "no answer");
}

#[test]
fn a_reload_holds_for_sessions_that_are_open() {
    let mut kernel = node();
    open(&mut kernel, "peer", Some(&["view"])).expect("welcomed");
    let listen = dkvm_wire::encode_body(&Subscribe {
        topics: vec![topics::DEVICE_STATE.to_owned()],
    });
    ask_with(&mut kernel, methods::EVENTS_SUBSCRIBE, &listen).expect("may");
    hid_dies(&mut kernel);
    wait_for("what it listens to", || {
        (!heard(&mut kernel).is_empty()).then_some(())
    });

    let fewer = GRANTS.replace(r#"["kernel", "hid/hid.get"]"#, r#"["power"]"#);
    reload(&mut kernel, "true", &fewer);
    let error = ask(&mut kernel, methods::KERNEL_INFO).expect_err("refused");
    assert!(error.message.contains("'configure'"), "{}", error.message);
    ask_with(&mut kernel, "power/echo", b"\x07").expect("allowed now");
    heard(&mut kernel);
    hid_dies(&mut kernel);
    assert_eq!(heard(&mut kernel), Vec::<String>::new(), "told no more");

    reload(&mut kernel, "false", &fewer);
    let error = ask(&mut kernel, "power/echo").expect_err("refused");
    assert!(
        error.message.contains("gateway = true"),
        "{}",
        error.message
    );
    reload(&mut kernel, "true", GRANTS);
    ask_with(&mut kernel, methods::KERNEL_INFO, b"\x80").expect("allowed again");
}

fn reload(kernel: &mut Kernel, gateway: &str, grants: &str) {
    kernel.configure(&configuration(gateway, grants));
    let applied: Applied = kernel.client().ask(methods::CONFIG_RELOAD).expect("right");
    assert!(applied.restarted.is_empty(), "{applied:?}");
}

fn heard(kernel: &mut Kernel) -> Vec<String> {
    kernel.client().ask("peer/session.heard").expect("told")
}

/// A death, told to who listens before it is over.
fn hid_dies(kernel: &mut Kernel) {
    let life = kernel.info("hid");
    signal(life.pid.expect("it runs"), "KILL");
    kernel.wait_ready("hid", life.generation.0 + 1);
    assert_eq!(kernel.info("hid").phase, Phase::Running);
}

#[test]
fn a_client_may_restrict_itself() {
    let mut kernel = node();
    let socket = kernel.socket();
    let view = Some(vec!["view".to_owned()]);
    let mut client = Client::connect_held(&socket, view).expect("welcomed");
    client.ask::<KernelInfo>(methods::KERNEL_INFO).expect("may");
    let refused = client.call::<_, Nothing>(methods::DEVICES_STOP, &common::named("hid"));
    assert_eq!(common::code_of(refused), ErrorCode::Forbidden);
    assert_eq!(kernel.info("hid").phase, Phase::Running);
}

/// Another process of a device's user is no better than the device. Where the kernel is not root, all are one user, who may.
#[test]
fn the_user_of_a_device_is_known_by_its_number() {
    let mut kernel = Kernel::start("");
    fs::set_permissions(kernel.dir.path(), fs::Permissions::from_mode(0o755)).expect("may");
    let rig = kernel.dir.path().join("dkvm-rig");
    fs::copy(RIG, &rig).expect("copies");
    fs::set_permissions(kernel.socket(), fs::Permissions::from_mode(0o666)).expect("may");
    let root = rustix::process::geteuid().is_root();
    for (gateway, sentence) in [
        ("true", "for others only"),
        ("false", "the connection to the kernel broke"),
    ] {
        kernel.configure(&format!(
            "[device.a]\ncommand = [\"sleep\", \"1\"]\nenabled = false\nuser = \"65531\"\ngateway = {gateway}\n"
        ));
        kernel
            .client()
            .ask::<Applied>(methods::CONFIG_RELOAD)
            .expect("right");
        let mut command = Command::new(&rig);
        command.arg("client").arg(kernel.socket());
        if root {
            command.uid(65531).gid(65531);
        }
        let said = command.output().expect("runs").stdout;
        let said = String::from_utf8_lossy(&said);
        let expected = if root { sentence } else { "welcome at rig" };
        assert!(said.contains(expected), "{gateway}: {said}");
    }
}
