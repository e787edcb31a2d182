//! Commands on another node.

use crate::node::{linked, socket, Said, TestNode};
use dkvm_testkit::Failure;
use dkvm_wire::{
    decode_body,
    service::Nothing,
    topics,
    vocab::peer::{methods, Allow, Grant, LinkState},
    ErrorCode, Goodbye,
};
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn a_session_is_carried_and_held_to_what_the_far_node_grants() -> Result<(), Failure> {
    let (desk, office) = linked(&[Grant::View, Grant::Power])?;
    let mut session = desk.session("office").expect("a session");
    for length in [1, 1000, 60_000, 500_000] {
        let body: Vec<u8> = (0..length)
            .map(|n| u8::try_from(n % 251).expect("small"))
            .collect();
        assert_eq!(session.echo(&body), Said::Answer(Ok(body)));
    }
    let hellos = office.hellos.lock().expect("a list");
    let held: Vec<_> = hellos.iter().map(|hello| hello.grants.clone()).collect();
    // It claimed `configure`.
    assert_eq!(held, [Some(vec!["view".to_owned(), "power".to_owned()])]);
    Ok(())
}

#[test]
fn the_sockets_are_for_this_device_and_root_alone() -> Result<(), Failure> {
    let (desk, _office) = linked(&[Grant::View])?;
    let path = socket(&desk, "office");
    let mode =
        |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    Ok(())
}

#[test]
fn many_sessions_run_beside_each_other_and_there_are_only_so_many() -> Result<(), Failure> {
    let (desk, _office) = linked(&[Grant::View])?;
    let mut open: Vec<_> = (0..16)
        .map(|_| desk.session("office").expect("a session"))
        .collect();
    let refused = desk.session("office").err().expect("one too many");
    assert_eq!(refused.code, ErrorCode::Exhausted);
    for (n, session) in open.iter_mut().enumerate() {
        let body = vec![u8::try_from(n).expect("small"); 2000];
        assert_eq!(session.echo(&body), Said::Answer(Ok(body)));
    }
    open.pop();
    // Its end has to be noticed first.
    let again = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        desk.session("office").is_ok()
    });
    assert!(again, "an ended one makes room");
    Ok(())
}

#[test]
fn sessions_that_nobody_reads_hold_up_neither_the_others_nor_the_link() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    office.authorise(&mut desk, &[Grant::View], "")?;
    let address = office.address();
    desk.authorise(&mut office, &[Grant::View], &address)?;
    desk.until_link("office", LinkState::Up)?;
    office.until_link("desk", LinkState::Up)?;
    let open = |node: &TestNode, other: &str| -> Vec<_> {
        let sessions = (0..15).map(|_| node.session(other).expect("a session"));
        sessions.collect()
    };
    let (mut here, mut there) = (open(&desk, "office"), open(&office, "desk"));
    let mut session = desk.session("office").expect("a session");
    std::thread::scope(|scope| {
        for session in here.iter_mut().chain(&mut there) {
            scope.spawn(|| session.flood());
        }
    });
    for n in 0..20u8 {
        assert_eq!(session.echo(&[n; 30]), Said::Answer(Ok(vec![n; 30])));
    }
    for (node, other) in [(&mut desk, "office"), (&mut office, "desk")] {
        node.until_link(other, LinkState::Up)?;
    }
    Ok(())
}

#[test]
fn a_link_that_breaks_ends_its_sessions_with_a_sentence() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    assert_eq!(session.echo(b"x"), Said::Answer(Ok(b"x".to_vec())));
    office.kernel.say_goodbye()?;
    let Said::Event(topic, body) = session.next() else {
        return Err(Failure::new("no goodbye"));
    };
    assert_eq!(topic, topics::GOODBYE);
    let goodbye: Goodbye = decode_body(&topic, &body)?;
    assert!(
        goodbye.reason.contains("the link to office broke"),
        "{}",
        goodbye.reason
    );
    assert_eq!(session.next(), Said::End);
    desk.until_link("office", LinkState::Connecting)?;
    let refused = desk.session("office").err().expect("no link");
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(
        refused.retryable && refused.message.contains("no link to office"),
        "{refused}"
    );
    Ok(())
}

#[test]
fn without_any_grant_there_is_no_session_and_it_is_counted() -> Result<(), Failure> {
    let (desk, mut office) = linked(&[])?;
    let refused = desk.session("office").err().expect("refused");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("no right"), "{refused}");
    office.until(|state| state.refused.rights == 1)?;
    assert!(office.hellos.lock().expect("a list").is_empty());
    Ok(())
}

#[test]
fn a_change_of_grants_cuts_what_runs_and_holds_from_then_on() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View, Grant::Power])?;
    let mut session = desk.session("office").expect("a session");
    let allow = Allow {
        node: "desk".to_owned(),
        grants: vec![Grant::View],
    };
    office.kernel.call::<_, Nothing>(methods::ALLOW, &allow)?;
    assert!(matches!(session.next(), Said::Event(..) | Said::End));
    let only_view = |peer: &dkvm_wire::vocab::peer::PeerInfo| peer.granted == [Grant::View];
    desk.until(|state| state.peers.iter().any(only_view))?;
    let held = || {
        let _session = desk.session("office").ok()?;
        let hellos = office.hellos.lock().expect("a list");
        hellos.last().and_then(|hello| hello.grants.clone())
    };
    assert_eq!(held(), Some(vec!["view".to_owned()]));
    Ok(())
}

#[test]
fn a_kernel_that_is_not_there_is_a_sentence() -> Result<(), Failure> {
    let (desk, office) = linked(&[Grant::View])?;
    fs::remove_file(office.folder.path().join("run/kernel.sock")).expect("removed");
    let refused = desk.session("office").err().expect("refused");
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(
        refused
            .message
            .contains("the kernel of office does not answer"),
        "{refused}"
    );
    Ok(())
}

#[test]
fn a_client_that_is_none_harms_nobody() -> Result<(), Failure> {
    use std::{io::Write, os::unix::net::UnixStream};
    let (desk, _office) = linked(&[Grant::View])?;
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", b"dKVM", &[0; 70_000]] {
        let mut stream = UnixStream::connect(socket(&desk, "office")).expect("connected");
        // It may be gone before all of it is written.
        let _ = stream.write_all(garbage);
    }
    let mut session = desk.session("office").expect("a session");
    assert_eq!(session.echo(b"x"), Said::Answer(Ok(b"x".to_vec())));
    Ok(())
}

#[test]
fn a_node_on_the_card_may_everything_without_a_code() -> Result<(), Failure> {
    let mut desk = TestNode::start("desk")?;
    let mut office = TestNode::start("office")?;
    let key = desk.fingerprint()?;
    fs::write(office.folder.path().join("card"), format!("{key}\n")).expect("written");
    office.restart()?;
    let address = office.address();
    desk.authorise(&mut office, &[], &address)?;
    let there = desk.until_link("office", LinkState::Up)?;
    assert_eq!(there.granted, Grant::ALL);
    // A card that cannot be read takes nothing from it; one that names nobody does.
    fs::remove_file(office.folder.path().join("card")).expect("removed");
    office.restart()?;
    let known = office.until(|state| state.peers.iter().any(|it| it.link == LinkState::Up))?;
    assert_eq!(known.peers[0].grants, Grant::ALL);
    fs::write(office.folder.path().join("card"), "").expect("written");
    office.restart()?;
    assert_eq!(office.get()?.peers, []);
    Ok(())
}
