//! A bundle on its way in: whole, in parts, broken off, and by people who may not.

use crate::common::{
    failed,
    slot::{bundle, headers, install, meanwhile, Slot},
    Answer, Node, Tls, Visitor,
};
use dkvm_testkit::Failure;
use dkvm_wire::vocab::update::Upload;
use std::{
    cell::RefCell,
    io::{Read, Write},
    rc::Rc,
    thread,
};

type Outcome = Result<(), Failure>;

const SIZE: usize = 300_000;

fn start() -> Result<(Node, Rc<RefCell<Slot>>, Visitor), Failure> {
    let mut node = Node::start()?;
    let slot = install(&mut node);
    let owner = node.owner()?;
    Ok((node, slot, owner))
}

/// A POST as the page makes it, while the kernel answers.
fn post(
    node: &mut Node,
    visitor: &Visitor,
    path: &str,
    more: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Failure> {
    let (mut visitor, path, body) = (visitor.clone(), path.to_owned(), body.to_vec());
    let mut all = headers(&visitor);
    for (name, value) in more {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    let work = thread::spawn(move || {
        let all: Vec<_> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        visitor.request("POST", &path, &all, &body)
    });
    meanwhile(node, work)
}

/// A POST that is written by hand: its head says one length, its body may have another.
fn begin_by_hand(visitor: &Visitor, length: usize, body: &[u8]) -> Result<Tls, Failure> {
    let mut stream = visitor.connect()?;
    let mut head = format!("POST /api/update HTTP/1.1\r\nhost: {}\r\n", visitor.host());
    let cookie = visitor.cookie.clone().unwrap_or_default();
    for (name, value) in headers(visitor) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "cookie: {cookie}\r\ncontent-length: {length}\r\n\r\n"
    ));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    Ok(stream)
}

fn until(node: &mut Node, done: impl Fn() -> bool) -> Outcome {
    while !done() {
        node.kernel.ping()?;
    }
    Ok(())
}

#[test]
fn a_whole_bundle_goes_in_and_is_finished() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(SIZE);
    let answer = post(&mut node, &owner, "/api/update", &[], &sent)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json::<Upload>()?.offset, SIZE as u64);
    let slot = slot.borrow();
    assert!(slot.kept == sent, "byte for byte");
    assert_eq!((slot.begun, slot.finished, slot.size), (1, 1, SIZE as u64));
    assert!(!slot.downgrade);
    Ok(())
}

#[test]
fn in_parts_as_the_page_sends_it_and_told_where_it_stands() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(SIZE);
    let mut at = 0;
    let mut id = String::new();
    while at < SIZE {
        let end = (at + 70_000).min(SIZE);
        let range = format!("bytes {at}-{}/{SIZE}", end - 1);
        let path = format!("/api/update?id={id}&downgrade=1");
        let part = [("content-range", range.as_str())];
        let answer = post(&mut node, &owner, &path, &part, &sent[at..end])?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let upload: Upload = answer.json()?;
        (at, id) = (upload.offset as usize, upload.id);
        let told = owner.clone().get("/api/update")?;
        let waits = (at < SIZE).then_some(at as u64);
        assert_eq!(
            told.json::<Option<Upload>>()?.map(|told| told.offset),
            waits
        );
    }
    assert!(slot.borrow().kept == sent && slot.borrow().downgrade);
    assert_eq!((slot.borrow().begun, slot.borrow().finished), (1, 1));
    Ok(())
}

#[test]
fn a_refused_bundle_is_refused_after_its_head() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let forged = vec![b'x'; 4_000_000];
    let answer = post(&mut node, &owner, "/api/update", &[], &forged)?;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.message()?,
        "the signature is not the owner's: nothing was written"
    );
    assert!(slot.borrow().kept.is_empty());
    let writes = |node: &Node| {
        node.kernel
            .calls()
            .iter()
            .any(|call| call.ends_with("update.write"))
    };
    assert!(!writes(&node));
    // The place is free again.
    let good = post(&mut node, &owner, "/api/update", &[], &bundle(10))?;
    assert_eq!(good.status, 200);
    Ok(())
}

#[test]
fn who_may_not_is_refused_before_a_byte_is_read() -> Outcome {
    let (mut node, _slot, owner) = start()?;
    let stranger = {
        let mut stranger = node.visitor()?;
        stranger.session()?;
        stranger
    };
    let body = bundle(SIZE);
    for (who, more, status) in [
        (&owner, ("x-dkvm-csrf", "0123"), 403),
        (&owner, ("origin", "https://evil.example"), 403),
        (&owner, ("content-type", "text/plain"), 415),
        (&owner, ("content-type", "multipart/form-data"), 415),
        (&stranger, ("accept", "*/*"), 401),
    ] {
        let answer = post(&mut node, who, "/api/update", &[more], &body)?;
        assert_eq!(answer.status, status, "{more:?}: {}", answer.text());
    }
    assert_eq!(stranger.clone().get("/api/update")?.status, 401);
    assert!(!node
        .kernel
        .calls()
        .iter()
        .any(|call| call.starts_with("update/")));
    Ok(())
}

#[test]
fn a_connection_that_breaks_leaves_a_bundle_to_go_on_with() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(SIZE);
    let broken = begin_by_hand(&owner, SIZE, &sent[..100_000])?;
    until(&mut node, || slot.borrow().kept.len() >= 65_536)?;
    drop(broken);
    // The web device notices the end, and takes the rest: at once, whatever it knows of the first try.
    let answer = loop {
        let answer = post(&mut node, &owner, "/api/update", &[], &sent)?;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        slot.borrow().kept == sent,
        "nothing twice, nothing left out"
    );
    Ok(())
}

#[test]
fn the_web_devices_own_death_costs_nothing_that_was_written() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(SIZE);
    let _cut = begin_by_hand(&owner, SIZE, &sent[..100_000])?;
    until(&mut node, || slot.borrow().kept.len() >= 65_536)?;
    let mut node = node.killed_and_started()?;
    let again = install(&mut node);
    again.borrow_mut().kept = slot.borrow().kept.clone();
    let owner = node.owner()?;
    let first = [("content-range", format!("bytes 0-16383/{SIZE}"))];
    let first = [(first[0].0, first[0].1.as_str())];
    let told = post(&mut node, &owner, "/api/update", &first, &sent[..16_384])?;
    let upload: Upload = told.json()?;
    assert_eq!(upload.offset as usize, slot.borrow().kept.len());
    let path = format!("/api/update?id={}&offset={}", upload.id, upload.offset);
    let rest = post(
        &mut node,
        &owner,
        &path,
        &[],
        &sent[upload.offset as usize..],
    )?;
    assert_eq!(rest.status, 200, "{}", rest.text());
    assert!(again.borrow().kept == sent);
    Ok(())
}

#[test]
fn two_at_once_are_one_too_many() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(SIZE);
    let mut first = begin_by_hand(&owner, SIZE, &sent[..100_000])?;
    until(&mut node, || slot.borrow().kept.len() >= 65_536)?;
    let second = post(&mut node, &owner, "/api/update", &[], &sent)?;
    assert_eq!(second.status, 409);
    assert!(second.message()?.contains("being uploaded already"));
    first.write_all(&sent[100_000..])?;
    first.flush()?;
    let work = thread::spawn(move || {
        let mut answer = [0; 12];
        first.read_exact(&mut answer).map_err(failed)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    });
    assert_eq!(meanwhile(&mut node, work)?, "HTTP/1.1 200");
    assert!(slot.borrow().kept == sent);
    Ok(())
}

#[test]
fn parts_of_two_bundles_are_not_mixed() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let one = bundle(SIZE);
    let mut two = bundle(SIZE);
    two[100] ^= 1;
    let first = [("content-range", "bytes 0-69999/300000")];
    assert_eq!(
        post(&mut node, &owner, "/api/update", &first, &one[..70_000])?.status,
        200
    );
    let other = post(&mut node, &owner, "/api/update", &first, &two[..70_000])?;
    assert_eq!(other.status, 409);
    assert!(other
        .message()?
        .contains("another bundle is being uploaded"));
    assert!(slot.borrow().kept == one[..70_000]);
    Ok(())
}

#[test]
fn lengths_that_cannot_be_are_sentences() -> Outcome {
    let (mut node, slot, owner) = start()?;
    let sent = bundle(1000);
    for (path, more, body, sentence) in [
        (
            "/api/update",
            ("content-range", "bytes 0-998/1000"),
            &sent[..],
            "names 999 bytes",
        ),
        (
            "/api/update",
            ("content-range", "bytes 0-1000/1000"),
            &sent[..],
            "FIRST-LAST/SIZE",
        ),
        (
            "/api/update?offset=x",
            ("accept", "*/*"),
            &sent[..],
            "not a number",
        ),
        (
            "/api/update?offset=5",
            ("accept", "*/*"),
            &sent[..],
            "needs `?id=`",
        ),
        ("/api/update", ("accept", "*/*"), &sent[..0], "is empty"),
    ] {
        let answer = post(&mut node, &owner, path, &[more], body)?;
        assert_eq!(answer.status, 400, "{path} {more:?}");
        assert!(answer.message()?.contains(sentence), "{}", answer.text());
    }
    // Longer than its head said: the surplus is the next request's, and none of it reaches the device.
    let _long = begin_by_hand(&owner, 1000, &bundle(5000))?;
    until(&mut node, || slot.borrow().finished == 1)?;
    assert_eq!(slot.borrow().kept.len(), 1000);
    Ok(())
}

#[test]
fn a_part_at_the_wrong_place_is_a_conflict_that_says_where() -> Outcome {
    let (mut node, _slot, owner) = start()?;
    let path = "/api/update?id=u1&offset=4096";
    let answer = post(&mut node, &owner, path, &[], &bundle(1000))?;
    assert_eq!(
        (answer.status, answer.message()?.as_str()),
        (409, "byte 0 is wanted")
    );
    Ok(())
}

#[test]
fn without_an_update_device_there_is_a_sentence() -> Outcome {
    use dkvm_wire::{ErrorCode, WireError};
    let mut node = Node::start()?;
    let owner = node.owner()?;
    node.kernel.answer("update/update.begin", |_| {
        Err(WireError::new(
            ErrorCode::Unavailable,
            "update is not running now",
        ))
    });
    let answer = post(&mut node, &owner, "/api/update", &[], &bundle(10))?;
    assert_eq!(
        (answer.status, answer.message()?.as_str()),
        (502, "update is not running now")
    );
    Ok(())
}
