//! Set-up, login, logout, and what keeps strangers and foreign pages out.

use crate::common::{Node, Visitor, PASSWORD};
use dkvm_testkit::Failure;
use dkvm_wire::vocab::page::{SessionInfo, SessionState};
use serde_json::json;
use std::thread;

type Outcome = Result<(), Failure>;

#[test]
fn the_first_visit_sets_the_password_and_is_in() -> Outcome {
    let node = Node::start()?;
    let mut visitor = node.visitor()?;
    let info = visitor.session()?;
    assert_eq!(
        (info.state, info.node.as_str()),
        (SessionState::Setup, "office")
    );
    let answer = visitor.post("/api/setup", &json!({ "password": PASSWORD }))?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json::<SessionInfo>()?.state, SessionState::Open);
    let cookie = answer.header("set-cookie");
    for flag in ["dkvm=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(flag), "{flag} in {cookie}");
    }
    assert_eq!(visitor.session()?.state, SessionState::Open);
    assert_eq!(node.visitor()?.session()?.state, SessionState::Login);
    Ok(())
}

#[test]
fn a_second_set_up_is_refused_and_of_two_at_once_one_wins() -> Outcome {
    let node = Node::start()?;
    let race = |password: &'static str| {
        let mut visitor = node.visitor()?;
        visitor.session()?;
        Ok::<_, Failure>(thread::spawn(move || {
            visitor.post("/api/setup", &json!({ "password": password }))
        }))
    };
    let (one, two) = (race("password one")?, race("password two")?);
    let answers = [
        one.join().expect("a visitor")?,
        two.join().expect("a visitor")?,
    ];
    let mut statuses = answers.map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let late = node
        .visitor()?
        .post("/api/setup", &json!({ "password": "password three" }))?;
    assert_eq!(
        (late.status, late.message()?.contains("set already")),
        (409, true)
    );
    Ok(())
}

#[test]
fn a_short_password_is_refused_with_a_sentence() -> Outcome {
    let node = Node::start()?;
    let answer = node
        .visitor()?
        .post("/api/setup", &json!({ "password": "1234567" }))?;
    assert_eq!(answer.status, 400);
    assert!(answer.message()?.contains("at least 8 characters"));
    assert_eq!(node.visitor()?.session()?.state, SessionState::Setup);
    Ok(())
}

#[test]
fn wrong_passwords_are_refused_and_then_have_to_wait() -> Outcome {
    let mut node = Node::start()?;
    node.owner()?;
    let mut first = node.visitor()?;
    let wrong = json!({ "password": "not this one" });
    let answer = first.post("/api/login", &wrong)?;
    assert_eq!(
        (answer.status, answer.message()?.as_str()),
        (401, "wrong password")
    );
    // At once, so that it does not depend on how fast this machine hashes.
    let guesses = (0..12).map(|_| (first.clone(), wrong.clone()));
    let guesses = guesses
        .map(|(mut visitor, wrong)| thread::spawn(move || visitor.post("/api/login", &wrong)));
    let guesses: Vec<_> = guesses.collect();
    let answers: Result<Vec<_>, _> = guesses
        .into_iter()
        .map(|guess| guess.join().expect("a guess"))
        .collect();
    let answers = answers?;
    let held: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 429)
        .collect();
    assert!(
        !held.is_empty() && held.len() < 12,
        "{} of 12 had to wait",
        held.len()
    );
    for answer in held {
        assert!(
            answer
                .message()?
                .starts_with("too many wrong passwords: try again in "),
            "{answer:?}"
        );
        assert!(
            answer
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|seconds| seconds > 0),
            "{answer:?}"
        );
    }
    node.kernel
        .expect_log("wrong password from 127.0.0.1")
        .map(drop)
}

#[test]
fn a_logout_ends_the_session_and_its_sockets() -> Outcome {
    let node = Node::start()?;
    let mut owner = node.owner()?;
    let mut socket = owner.socket("/api/ws")?;
    let before = owner.clone();
    let answer = owner.post("/api/logout", &json!({}))?;
    assert_eq!(answer.json::<SessionInfo>()?.state, SessionState::Login);
    assert_eq!(
        socket.expect_close()?,
        (4401, "the session is over: log in again".to_owned())
    );
    assert_eq!(
        before.clone().session()?.state,
        SessionState::Login,
        "the old cookie is worth nothing"
    );
    assert_eq!(refused(before.socket("/api/ws")), "401");
    Ok(())
}

#[test]
fn a_change_of_password_ends_every_other_session() -> Outcome {
    let node = Node::start()?;
    let (mut one, mut two) = (node.owner()?, node.owner()?);
    let mut socket = two.socket("/api/ws")?;
    let wrong = one.post(
        "/api/password",
        &json!({ "old": "not this one", "new": "another password" }),
    )?;
    assert_eq!(wrong.status, 401);
    let right = one.post(
        "/api/password",
        &json!({ "old": PASSWORD, "new": "another password" }),
    )?;
    assert_eq!(right.status, 200);
    assert_eq!(socket.expect_close()?.0, 4401);
    assert_eq!(
        (one.session()?.state, two.session()?.state),
        (SessionState::Open, SessionState::Login)
    );
    let mut visitor = node.visitor()?;
    assert_eq!(
        visitor
            .post("/api/login", &json!({ "password": PASSWORD }))?
            .status,
        401
    );
    assert_eq!(
        visitor
            .post("/api/login", &json!({ "password": "another password" }))?
            .status,
        200
    );
    Ok(())
}

#[test]
fn a_login_makes_a_planted_cookie_worthless() -> Outcome {
    let node = Node::start()?;
    node.owner()?;
    let mut visitor = node.visitor()?;
    visitor.session()?;
    let planted = visitor.clone();
    visitor.post("/api/login", &json!({ "password": PASSWORD }))?;
    assert_ne!(visitor.cookie, planted.cookie);
    assert_eq!(planted.clone().session()?.state, SessionState::Login);
    Ok(())
}

#[test]
fn a_post_has_to_prove_that_it_comes_from_our_page() -> Outcome {
    let node = Node::start()?;
    let mut owner = node.owner()?;
    let (csrf, origin) = (owner.csrf.clone(), owner.origin());
    let json = ("content-type", "application/json");
    for (headers, status, what) in [
        (vec![json, ("x-dkvm-csrf", csrf.as_str())], 403, "no origin"),
        (
            vec![
                json,
                ("x-dkvm-csrf", &csrf),
                ("origin", "https://evil.example"),
            ],
            403,
            "a foreign origin",
        ),
        (
            vec![json, ("x-dkvm-csrf", &csrf), ("origin", "null")],
            403,
            "a sandbox",
        ),
        (vec![json, ("origin", &origin)], 403, "no csrf"),
        (
            vec![
                json,
                ("x-dkvm-csrf", "0123456789abcdef"),
                ("origin", &origin),
            ],
            403,
            "a wrong csrf",
        ),
        (
            vec![
                ("content-type", "text/plain"),
                ("x-dkvm-csrf", &csrf),
                ("origin", &origin),
            ],
            415,
            "a form's type",
        ),
        (
            vec![("x-dkvm-csrf", csrf.as_str()), ("origin", &origin)],
            415,
            "no type",
        ),
    ] {
        let answer = owner.request("POST", "/api/logout", &headers, b"{}")?;
        assert_eq!(answer.status, status, "{what}");
    }
    assert_eq!(owner.session()?.state, SessionState::Open);
    Ok(())
}

#[test]
fn a_socket_has_to_prove_it_too() -> Outcome {
    let node = Node::start()?;
    let owner = node.owner()?;
    for path in ["/api/ws", "/api/video"] {
        let good = format!("{path}?csrf={}", owner.csrf);
        assert_eq!(
            refused(crate::common::Socket::open(
                &owner,
                &good,
                "https://evil.example"
            )),
            "403"
        );
        assert_eq!(
            refused(crate::common::Socket::open(&owner, path, &owner.origin())),
            "403"
        );
        let mut stranger = node.visitor()?;
        stranger.session()?;
        assert_eq!(refused(stranger.socket(path)), "401");
        crate::common::Socket::open(&owner, &good, &owner.origin())?;
    }
    Ok(())
}

#[test]
fn nothing_but_the_page_and_its_health_is_outside_the_login() -> Outcome {
    let node = Node::start()?;
    node.owner()?;
    let mut visitor = node.visitor()?;
    for (path, status) in [
        ("/api/snapshot.jpg", 401),
        ("/api/stream.mjpeg", 401),
        ("/api/nothing", 404),
        ("/api/", 404),
        ("/api/login", 405),
        ("/../../etc/passwd", 404),
        ("/%2e%2e/etc/passwd", 404),
        ("/", 200),
    ] {
        assert_eq!(visitor.get(path)?.status, status, "{path}");
    }
    let health = visitor.get("/api/health")?;
    assert_eq!(
        (health.status, health.text().as_str()),
        (200, r#"{"ok":true}"#)
    );
    Ok(())
}

#[test]
fn every_answer_keeps_browsers_strict() -> Outcome {
    let node = Node::start()?;
    for path in ["/", "/api/session", "/api/snapshot.jpg", "/nowhere"] {
        let answer = node.visitor()?.get(path)?;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    Ok(())
}

#[test]
fn sessions_and_the_certificate_survive_a_kill() -> Outcome {
    let node = Node::start()?;
    let owner = node.owner()?;
    let (before, node) = (
        std::fs::read(node.state().join("certificate.pem"))?,
        node.killed_and_started()?,
    );
    assert_eq!(std::fs::read(node.state().join("certificate.pem"))?, before);
    let mut back = node.visitor()?;
    (back.cookie, back.csrf) = (owner.cookie, owner.csrf);
    assert_eq!(back.session()?.state, SessionState::Open);
    back.socket("/api/ws").map(drop)
}

#[test]
fn logins_give_their_memory_back() -> Outcome {
    let node = Node::start()?;
    node.owner()?;
    let before = resident_kib(&node)?;
    for _ in 0..6 {
        node.owner()?;
    }
    let kept = resident_kib(&node)?.saturating_sub(before);
    assert!(
        kept < 10 * 1024,
        "{kept} KiB more than before six logins of 19 MiB each"
    );
    Ok(())
}

/// What the device has in memory now.
fn resident_kib(node: &Node) -> Result<u64, Failure> {
    let pid = node
        .kernel
        .pid()
        .ok_or_else(|| Failure::new("no process"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.ok_or_else(|| Failure::new("no VmRSS"))
}

/// Why a socket was not opened.
fn refused(opened: Result<crate::common::Socket, Failure>) -> String {
    match opened {
        Ok(_) => "opened".to_owned(),
        Err(failure) => failure.sentence().to_owned(),
    }
}

/// A Pi has no clock of its own: what it signs has to hold on a machine that thinks it is 1970, and in the last year
/// that old clients can read.
#[test]
fn the_certificate_holds_whatever_the_clocks_say() -> Outcome {
    let node = Node::start()?;
    let last_year = 2_500_000_000;
    for unix in [0, 1, 86_400, 1_000_000_000, last_year] {
        let mut visitor = Visitor::at(node.address, &node.state(), unix)?;
        assert_eq!(visitor.get("/api/health")?.status, 200, "at {unix}");
    }
    Ok(())
}
