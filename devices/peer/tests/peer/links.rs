//! Links that come, go and come again.

use crate::node::{linked, Said, TestNode};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::peer::{
        methods, Allow, Announce, Grant, LinkState, Node, PeerState, SeenNode, SeenNodes,
    },
};

#[test]
fn what_is_announced_is_what_listens() -> Result<(), Failure> {
    let mut desk = TestNode::start("desk")?;
    let announce: Announce = desk.kernel.expect(topics::PEER_ANNOUNCE)?;
    assert_eq!(announce.port, desk.port());
    assert_eq!(announce.fingerprint, desk.fingerprint()?);
    Ok(())
}

#[test]
fn a_node_that_died_is_the_same_one_and_linked_again_whoever_it_was() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let before = office.fingerprint()?;
    for _ in 0..2 {
        office.restart()?;
        assert_eq!(office.fingerprint()?, before);
        office.until_link("desk", LinkState::Up)?;
        desk.restart()?;
        desk.until_link("office", LinkState::Up)?;
        office.until_link("desk", LinkState::Up)?;
    }
    Ok(())
}

#[test]
fn both_may_call_at_once() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let (here, there) = (desk.address(), office.address());
    desk.authorise(&mut office, &[Grant::View], &there)?;
    office.authorise(&mut desk, &[Grant::View], &here)?;
    for _ in 0..3 {
        desk.until_link("office", LinkState::Up)?;
        office.until_link("desk", LinkState::Up)?;
        // One that was given up breaks a session begun on it; the one that stays carries.
        let carries = || match desk.session("office") {
            Ok(mut session) => session.echo(b"x") == Said::Answer(Ok(b"x".to_vec())),
            Err(_) => {
                std::thread::sleep(std::time::Duration::from_millis(50));
                false
            }
        };
        let log = || format!("{:?} {:?}", desk.kernel.log(), office.kernel.log());
        assert!((0..100).any(|_| carries()), "{}", log());
        office.restart()?;
    }
    Ok(())
}

#[test]
fn an_address_that_the_network_tells_is_enough() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    office.authorise(&mut desk, &[], "")?;
    desk.authorise(&mut office, &[], "")?;
    let stranger = SeenNode {
        node: "attic".to_owned(),
        addresses: vec!["127.0.0.1:9".to_owned()],
        fingerprint: String::new(),
        version: String::new(),
    };
    let seen = SeenNode {
        node: "whatever".to_owned(),
        addresses: vec!["127.0.0.1:9".to_owned(), office.address()],
        fingerprint: office.fingerprint()?,
        version: String::new(),
    };
    let nodes = vec![stranger.clone(), seen];
    desk.kernel
        .emit("network", topics::NETWORK_NODES, &SeenNodes { nodes })?;
    desk.until_link("office", LinkState::Up)?;
    let state = desk.until(|state| !state.seen.is_empty())?;
    assert_eq!(
        state.seen,
        [stranger],
        "who is paired is not offered for pairing"
    );
    Ok(())
}

#[test]
fn who_is_forgotten_is_a_stranger_at_once_and_is_told() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    let node = Node {
        node: "desk".to_owned(),
    };
    office.kernel.call::<_, Nothing>(methods::FORGET, &node)?;
    assert!(matches!(session.next(), Said::Event(topic, _) if topic == topics::GOODBYE));
    assert_eq!(session.next(), Said::End);
    let told = desk.until_link("office", LinkState::Refused)?.detail;
    assert!(told.unwrap_or_default().contains("pair"));
    office.until(|state| state.peers.is_empty() && state.refused.strangers > 0)?;
    let refused = desk.session("office").err().expect("refused");
    assert!(refused.message.contains("no link to office"), "{refused}");
    Ok(())
}

#[test]
fn who_was_called_knows_where_to_call_from_then_on() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    office.authorise(&mut desk, &[Grant::View], "")?;
    let known = office.get()?.peers[0].address.clone();
    assert_eq!(
        known,
        desk.address(),
        "an address that is not said again stays"
    );
    desk.until_link("office", LinkState::Up)?;
    office.until_link("desk", LinkState::Up)?;
    let node = Node {
        node: "office".to_owned(),
    };
    desk.kernel.call::<_, Nothing>(methods::FORGET, &node)?;
    desk.until(|state| state.refused.strangers > 0)?;
    Ok(())
}

#[test]
fn a_card_that_takes_no_writes_keeps_nobody_from_being_cut_off() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let folder = office.folder.path();
    // Moved away in one step: where it was reached last may be being written.
    std::fs::rename(folder.join("state"), folder.join("gone")).expect("a directory");
    let allow = Allow {
        node: "desk".to_owned(),
        grants: Vec::new(),
    };
    let told = office.kernel.refused(methods::ALLOW, &allow)?;
    assert!(told.message.contains("it holds now"), "{told}");
    desk.until(|state| {
        let office = &state.peers[0];
        office.link == LinkState::Up && office.granted.is_empty()
    })?;
    let node = Node {
        node: "desk".to_owned(),
    };
    let told = office.kernel.refused(methods::FORGET, &node)?;
    assert!(told.message.contains("comes back"), "{told}");
    desk.until_link("office", LinkState::Refused)?;
    assert_eq!(office.get()?.peers, []);
    Ok(())
}

#[test]
fn one_with_another_key_is_not_the_node_that_was_paired() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let mut attic = TestNode::start("attic")?;
    office.authorise(&mut desk, &[], "")?;
    let address = attic.address();
    desk.authorise(&mut office, &[], &address)?;
    let told = desk.until_link("office", LinkState::Refused)?.detail;
    assert!(told.unwrap_or_default().contains("another key"));
    assert_eq!(attic.get()?.peers, []);
    Ok(())
}

#[test]
fn whoever_announces_himself_as_a_paired_node_neither_links_nor_passes_for_it(
) -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let attic = TestNode::start("attic")?;
    desk.authorise(&mut office, &[], "")?;
    let claimed = SeenNode {
        node: "a".to_owned(),
        addresses: vec![attic.address()],
        fingerprint: office.fingerprint()?,
        version: String::new(),
    };
    let nodes = vec![claimed];
    desk.kernel
        .emit("network", topics::NETWORK_NODES, &SeenNodes { nodes })?;
    let fits = |state: &PeerState| {
        let told = state.peers.first().and_then(|peer| peer.detail.clone());
        told.is_some_and(|told| told.contains("announces itself as this node"))
    };
    let state = desk.until(fits)?;
    assert_eq!(state.peers[0].link, LinkState::Connecting);
    Ok(())
}

#[test]
fn one_that_hangs_is_stalled_and_then_the_link_is_up_again() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    office.kernel.freeze()?;
    desk.until_link("office", LinkState::Stalled)?;
    office.kernel.thaw()?;
    desk.until_link("office", LinkState::Up)?;
    assert_eq!(
        session.echo(b"still"),
        Said::Answer(Ok(b"still".to_vec())),
        "a short cut costs no session"
    );
    Ok(())
}

#[test]
fn the_round_trip_is_told() -> Result<(), Failure> {
    let (mut desk, _office) = linked(&[Grant::View])?;
    desk.until(|state| state.peers.iter().any(|peer| peer.rtt_us > 0))?;
    Ok(())
}
