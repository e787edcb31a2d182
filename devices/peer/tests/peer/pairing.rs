//! Two persons, two nodes, one code.

use crate::node::TestNode;
use dkvm_peer::{
    core::{lead::Lead, link::Opener, pairing},
    counters::Counters,
    dial,
    endpoint::Node,
    identity::Identity,
    listen,
    message::{self, Pairing as Word},
    tls::PAIR,
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Nothing,
    vocab::peer::{
        methods, Answer, Grant, LinkState, PairWith, Pairing, PairingId, PairingStep, PeerState,
        Verdict,
    },
};
use std::thread::{self, JoinHandle};

fn step(state: &PeerState, step: PairingStep) -> Option<Pairing> {
    state.pairings.iter().find(|one| one.step == step).cloned()
}

fn until(node: &mut TestNode, wanted: PairingStep) -> Result<Pairing, Failure> {
    let state = node.until(|state| step(state, wanted).is_some())?;
    step(&state, wanted).ok_or_else(|| Failure::new("no such pairing"))
}

#[test]
fn a_host_name_that_a_person_wrote_stays() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let typed = format!("localhost:{}", office.port());
    let id = call(&mut desk, typed.clone())?;
    let there = until(&mut office, PairingStep::Compare)?;
    until(&mut desk, PairingStep::Compare)?;
    answer(&mut desk, id, same(None))?;
    answer(&mut office, there.id, same(None))?;
    let reached = desk.until_link("office", LinkState::Up)?.address;
    assert_ne!(reached, typed, "it is told where it was reached");
    let file = desk.folder.path().join("state/peers.json");
    let kept = std::fs::read_to_string(file).expect("a file");
    assert!(kept.contains(&typed) && kept.contains(&reached), "{kept}");
    Ok(())
}

fn call(node: &mut TestNode, address: String) -> Result<u32, Failure> {
    let with = PairWith {
        node: address,
        grants: vec![Grant::View],
    };
    let PairingId { id } = node.kernel.call(methods::PAIR, &with)?;
    Ok(id)
}

fn answer(node: &mut TestNode, id: u32, verdict: Verdict) -> Result<(), Failure> {
    let answer = Answer { id, verdict };
    node.kernel
        .call::<_, Nothing>(methods::ANSWER, &answer)
        .map(|_| ())
}

fn same(grants: Option<&[Grant]>) -> Verdict {
    Verdict::Same {
        grants: grants.map(<[Grant]>::to_vec),
    }
}

#[test]
fn two_nodes_that_show_the_same_code_are_paired_once_both_persons_say_so() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let id = call(&mut desk, office.address())?;
    let here = until(&mut desk, PairingStep::Compare)?;
    let there = until(&mut office, PairingStep::Compare)?;
    assert_eq!((here.code.len(), &here.code), (6, &there.code));
    assert_eq!(
        (here.node.as_str(), there.node.as_str()),
        ("office", "desk")
    );
    assert!(!here.incoming && there.incoming);
    answer(&mut desk, id, same(None))?;
    until(&mut desk, PairingStep::Waiting)?;
    assert!(desk.get()?.peers.is_empty(), "one person is not both");
    answer(
        &mut office,
        there.id,
        same(Some(&[Grant::Type, Grant::View])),
    )?;
    let office_here = desk.until_link("office", LinkState::Up)?;
    let desk_there = office.until_link("desk", LinkState::Up)?;
    assert_eq!(office_here.granted, [Grant::View, Grant::Type]);
    assert_eq!(office_here.grants, [Grant::View], "as the call said");
    assert_eq!(desk_there.granted, [Grant::View]);
    assert_eq!(desk_there.fingerprint, desk.fingerprint()?);
    until(&mut desk, PairingStep::Done)?;
    Ok(())
}

#[test]
fn a_no_on_either_side_pairs_nobody() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let id = call(&mut desk, office.address())?;
    let there = until(&mut office, PairingStep::Compare)?;
    until(&mut desk, PairingStep::Compare)?;
    answer(&mut desk, id, same(Some(&[])))?;
    answer(&mut office, there.id, Verdict::Refuse)?;
    let told = until(&mut desk, PairingStep::Failed)?.detail;
    assert_eq!(told.as_deref(), Some("it was refused there"));
    until(&mut office, PairingStep::Failed)?;
    assert!(desk.get()?.peers.is_empty() && office.get()?.peers.is_empty());
    Ok(())
}

#[test]
fn one_pairing_is_answered_at_a_time_and_the_second_is_told() -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    let mut attic = TestNode::start("attic")?;
    call(&mut desk, office.address())?;
    until(&mut office, PairingStep::Compare)?;
    call(&mut attic, office.address())?;
    let told = until(&mut attic, PairingStep::Failed)?
        .detail
        .unwrap_or_default();
    assert!(told.contains("another node is being paired"), "{told}");
    until(&mut desk, PairingStep::Compare)?;
    // Its end makes room.
    desk.kernel.kill()?;
    until(&mut office, PairingStep::Failed)?;
    call(&mut attic, office.address())?;
    until(&mut attic, PairingStep::Compare)?;
    Ok(())
}

#[test]
fn nobody_there_is_a_sentence() -> Result<(), Failure> {
    let mut desk = TestNode::start("desk")?;
    call(&mut desk, "nobody.invalid".to_owned())?;
    let told = until(&mut desk, PairingStep::Failed)?
        .detail
        .unwrap_or_default();
    assert!(told.contains("nobody.invalid"), "{told}");
    let with = PairWith {
        node: "http://office".to_owned(),
        grants: Vec::new(),
    };
    let refused = desk.kernel.refused(methods::PAIR, &with)?;
    assert!(refused.message.contains("is no node's name"), "{refused}");
    let itself = desk.address();
    call(&mut desk, itself)?;
    let fits = |state: &PeerState| {
        state.pairings.iter().any(|one| {
            one.detail
                .as_deref()
                .is_some_and(|told| told.contains("the node itself"))
        })
    };
    desk.until(fits)?;
    Ok(())
}

/// Calls to pair, with a key that nobody knows and no person, says this once there is a code, and stays until it is cut.
fn stranger(address: String, words: Vec<Word>) -> JoinHandle<()> {
    let says = async move {
        let identity = Identity::obtain(None).expect("a key");
        let here = identity.fingerprint;
        let any = "[::]:0".parse().expect("an address");
        let (node, _) = Node::open(identity, any, Counters::default()).expect("a socket");
        let called = dial::call(&node, None, PAIR, &[Lead::known(address)]).await;
        let connection = called.expect("a connection");
        let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
        let there = listen::key(&connection).expect("a key");
        let pair = pairing::pair(here, there, Opener::Here);
        let call = Word::Call {
            node: "stranger".to_owned(),
            commitment: pair.commitment(&[7; 32]).to_vec(),
        };
        message::send(&mut send, &call).await.expect("sent");
        let _answer: Word = message::receive_soon(&mut receive)
            .await
            .expect("an answer");
        let number = vec![7; 32];
        let reveal = Word::Reveal { number };
        for word in std::iter::once(&reveal).chain(&words) {
            // It is cut before all of it is said.
            let _ = message::send(&mut send, word).await;
        }
        connection.closed().await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    thread::spawn(move || runtime.block_on(says))
}

#[test]
fn whoever_says_more_than_there_is_to_say_has_no_pairing_any_more() -> Result<(), Failure> {
    let mut office = TestNode::start("office")?;
    // A later release may say a little more.
    let mut words = vec![Word::Unknown; 8];
    words.push(Word::Same);
    let honest = stranger(office.address(), words);
    let id = until(&mut office, PairingStep::Compare)?.id;
    answer(&mut office, id, same(Some(&[])))?;
    until(&mut office, PairingStep::Done)?;
    honest.join().expect("it is cut once both have answered");
    for (said, words) in [vec![Word::Same; 2], vec![Word::Unknown; 9]]
        .into_iter()
        .enumerate()
    {
        let liar = stranger(office.address(), words);
        let of_order = |one: &&Pairing| {
            let told = one.detail.as_deref().unwrap_or_default();
            one.step == PairingStep::Failed && told.contains("wrong order")
        };
        office.until(|state| state.pairings.iter().filter(of_order).count() == said + 1)?;
        liar.join().expect("it is cut");
    }
    Ok(())
}
