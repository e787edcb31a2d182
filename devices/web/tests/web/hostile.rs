//! Clients that mean harm, and machines that are not as they should be.

use crate::common::{Node, PASSWORD};
use dkvm_testkit::{conformance, conformance::Subject, Failure};
use dkvm_wire::vocab::page::ToPage;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
};

type Outcome = Result<(), Failure>;

#[test]
fn a_message_of_100_mb_is_refused_and_costs_nobody_else_anything() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let (mut bad, mut good) = (owner.socket("/api/ws")?, owner.socket("/api/ws")?);
    let mut head = vec![0x81, 0xff];
    head.extend_from_slice(&100_000_000u64.to_be_bytes());
    head.extend_from_slice(&[0; 4]);
    bad.inner.get_mut().write_all(&head)?;
    let megabyte = vec![b'x'; 1_000_000];
    bad.inner.get_mut().write_all(&megabyte)?;
    good.sync(1)?;
    let (code, reason) = bad.expect_close()?;
    assert_eq!(
        (code, reason.as_str()),
        (
            1009,
            "a message of 100000000 bytes is over the limit of 65536"
        )
    );
    // Whoever goes on all the same talks to nobody.
    let _ = (0..99).try_for_each(|_| bad.inner.get_mut().write_all(&megabyte));
    good.sync(2)?;
    node.kernel
        .expect_log("was closed (1009): a message of 100000000 bytes")
        .map(drop)
}

#[test]
fn large_bodies_and_heads_are_refused() -> Outcome {
    let node = Node::start()?;
    let mut visitor = node.visitor()?;
    let answer = visitor.post("/api/login", &json!({ "password": "x".repeat(20_000) }))?;
    assert_eq!(answer.status, 413);
    let long = "x".repeat(40_000);
    let answer = visitor.request("GET", "/api/session", &[("x-long", &long)], b"")?;
    assert_eq!(answer.status, 431);
    let many: Vec<_> = (0..200).map(|_| ("x-many", "1")).collect();
    assert_eq!(
        visitor.request("GET", "/api/session", &many, b"")?.status,
        431
    );
    Ok(())
}

#[test]
fn a_body_that_is_not_the_json_is_refused_without_repeating_it() -> Outcome {
    let node = Node::start()?;
    let mut visitor = node.visitor()?;
    for body in [
        json!({ "passwort": "secret secret" }),
        json!("secret secret"),
        json!([1]),
    ] {
        let answer = visitor.post("/api/setup", &body)?;
        assert_eq!(answer.status, 400);
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
    Ok(())
}

#[test]
fn clients_that_say_nothing_or_trickle_are_let_go() -> Outcome {
    let node = Node::start()?;
    let visitor = node.visitor()?;
    let mut silent = visitor.connect_bare()?;
    let mut slow = visitor.connect()?;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: loc")?;
    slow.flush()?;
    assert_eq!(
        silent.read(&mut [0; 16]).unwrap_or(0),
        0,
        "no handshake is no connection"
    );
    let mut rest = Vec::new();
    // Ended, by whatever words; a time-out of this side would be the failure.
    if let Err(error) = slow.read_to_end(&mut rest) {
        assert_ne!(
            error.kind(),
            std::io::ErrorKind::WouldBlock,
            "the connection is still open"
        );
    }
    Ok(())
}

#[test]
fn one_visitor_cannot_take_all_places() -> Outcome {
    let mut node = Node::start()?;
    let visitor = node.visitor()?;
    let held: Vec<_> = (0..64)
        .map(|_| visitor.connect())
        .collect::<Result<_, _>>()?;
    assert!(visitor.connect().is_err());
    node.kernel
        .expect_log("127.0.0.1 has 64 connections already")?;
    drop(held);
    while visitor.connect().is_err() {
        std::thread::yield_now();
    }
    Ok(())
}

#[test]
fn plain_text_on_the_tls_port_harms_nobody() -> Outcome {
    let node = Node::start()?;
    let mut plain = node.visitor()?.connect_bare()?;
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let mut answer = Vec::new();
    // A TLS alert or nothing; then the end.
    let _ = plain.read_to_end(&mut answer);
    assert_eq!(node.visitor()?.get("/api/health")?.status, 200);
    Ok(())
}

#[test]
fn a_taken_port_is_told_and_then_used() -> Outcome {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let folder = tempfile::tempdir()?;
    let mut kernel = crate::common::launch(&folder, json!({ "listen": address.to_string() }))?;
    let sentence = kernel.ready()?.degraded.unwrap_or_default();
    assert!(
        sentence.contains(&format!("cannot listen on {address}")),
        "{sentence}"
    );
    assert!(
        sentence.contains("another program has this port"),
        "{sentence}"
    );
    drop(taken);
    assert_eq!(kernel.ready()?.degraded, None);
    Ok(())
}

#[test]
fn a_certificate_that_cannot_be_written_is_told_and_https_works() -> Outcome {
    let folder = tempfile::tempdir()?;
    // A folder in the file's place: even root cannot write over it.
    std::fs::create_dir_all(folder.path().join("state/certificate.pem/in-the-way"))?;
    let mut kernel = crate::common::launch(&folder, json!({ "listen": "127.0.0.1:0" }))?;
    let sentence = kernel.ready()?.degraded.unwrap_or_default();
    assert!(
        sentence.contains("a certificate that lasts until the next start"),
        "{sentence}"
    );
    crate::common::address(&mut kernel).map(drop)
}

#[test]
fn the_secrets_on_disk_are_for_the_owner_only() -> Outcome {
    let node = Node::start()?;
    node.owner()?;
    let run = node.state().with_file_name("run");
    for path in [
        node.state().join("key.pem"),
        node.state().join("password"),
        run.join("sessions.json"),
    ] {
        let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    let kept = std::fs::read_to_string(node.state().join("password"))?;
    assert!(
        kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains(PASSWORD),
        "{kept}"
    );
    Ok(())
}

#[test]
fn wrong_configuration_ends_with_a_sentence_and_78() -> Outcome {
    for (config, sentence) in [
        (json!({ "listn": "127.0.0.1:0" }), "unknown key \"listn\""),
        (json!({ "listen": "everywhere" }), "listen"),
        (json!({ "listen": "127.0.0.1:0", "names": 5 }), "names"),
    ] {
        let mut kernel = crate::common::launch(&tempfile::tempdir()?, config)?;
        kernel.expect_log(sentence)?;
        kernel.expect_end(78)?;
    }
    Ok(())
}

#[test]
fn a_damaged_password_file_is_no_invitation() -> Outcome {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir_all(folder.path().join("state"))?;
    std::fs::write(folder.path().join("state/password"), "garbage")?;
    let mut kernel = crate::common::launch(&folder, json!({ "listen": "127.0.0.1:0" }))?;
    kernel.expect_log("remove it to set a new password")?;
    kernel.expect_end(78)
}

#[test]
fn plain_http_redirects_and_does_nothing_else() -> Outcome {
    let folder = tempfile::tempdir()?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = json!({ "listen": "127.0.0.1:0", "http_listen": free.to_string() });
    let mut kernel = crate::common::launch(&folder, config)?;
    kernel.expect_log("plain HTTP on")?;
    let mut plain = std::net::TcpStream::connect(free)?;
    plain.write_all(b"GET /api/session?x=1 HTTP/1.1\r\nhost: kvm.local:80\r\n\r\n")?;
    let mut answer = String::new();
    plain.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(
        answer.contains("location: https://kvm.local") && answer.contains("/api/session?x=1"),
        "{answer}"
    );
    assert!(!answer.contains("set-cookie"), "{answer}");
    Ok(())
}

#[test]
fn it_is_a_device_like_any_other() -> Outcome {
    let folder = tempfile::tempdir()?;
    let subject = Subject::new(env!("CARGO_BIN_EXE_dkvm-web"))
        .config(json!({ "listen": "127.0.0.1:0" }))
        .env("DKVM_STATE_DIR", folder.path())
        .env("DKVM_RUN_DIR", folder.path());
    conformance::expect_all(&subject)
}

#[test]
fn a_goodbye_is_passed_on_to_open_pages() -> Outcome {
    let mut node = Node::start()?;
    let owner = node.owner()?;
    let (mut page, mut viewer) = (owner.socket("/api/ws")?, owner.socket("/api/video")?);
    page.expect(|message| matches!(message, ToPage::Hello { .. }))?;
    node.kernel.goodbye()?;
    assert_eq!(
        (page.expect_close()?.0, viewer.expect_close()?.0),
        (1001, 1001)
    );
    node.kernel.expect_no_leftovers()
}
