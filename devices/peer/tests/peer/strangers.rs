//! Those who have no business here, while a session runs.

use crate::node::{linked, Said, Session, TestNode};
use dkvm_peer::{
    core::lead::Lead,
    counters::Counters,
    dial,
    endpoint::Node,
    identity::Identity,
    tls::{LINK, PAIR},
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Nothing,
    vocab::peer::{methods, Authorise, Grant, LinkState, Refused},
};
use std::{net::UdpSocket, sync::Arc, time::Duration};

/// Datagrams that are no QUIC: as many as Linux keeps for a node that is just busy.
const NOISE: u32 = 100;
/// Handshakes that begin without a proof of their address; they time out one by one.
const UNPROVEN: u32 = 4;

/// A node of the test's own, with a key that nobody knows.
fn stranger() -> Arc<Node> {
    let identity = Identity::obtain(None).expect("a key");
    let any = "[::]:0".parse().expect("an address");
    Node::open(identity, any, Counters::default())
        .expect("a socket")
        .0
}

async fn call(protocol: &[u8], address: &str) -> String {
    let node = stranger();
    match dial::call(&node, None, protocol, &[Lead::known(address.to_owned())]).await {
        // TLS 1.3: the called side judges after the caller believes that it is through.
        Ok(connection) => {
            match tokio::time::timeout(Duration::from_secs(10), connection.closed()).await {
                Ok(error) => format!("{error}"),
                Err(_) => "open".to_owned(),
            }
        }
        Err(fault) => fault.told,
    }
}

fn run<T>(work: impl std::future::Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

fn talks(session: &mut Session) {
    for n in 0..20u8 {
        assert_eq!(session.echo(&[n; 300]), Said::Answer(Ok(vec![n; 300])));
    }
}

#[test]
fn a_key_that_is_not_paired_gets_no_further_than_the_handshake() -> Result<(), Failure> {
    let (desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    for _ in 0..5 {
        let told = run(call(LINK, &office.address()));
        assert_ne!(told, "open");
    }
    talks(&mut session);
    office.until(|state| state.refused.strangers == 5)?;
    Ok(())
}

#[test]
fn another_version_is_told_on_both_sides_and_counted() -> Result<(), Failure> {
    let (desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    let told = run(call(b"dkvm/2", &office.address()));
    assert!(told.contains("another version of the link"), "{told}");
    let logged = office.kernel.expect_log("dkvm/2")?;
    assert!(logged.contains("update the older"), "{logged}");
    talks(&mut session);
    office.until(|state| state.refused.versions == 1)?;
    Ok(())
}

#[test]
fn another_version_says_nothing_of_the_node_whose_address_anybody_may_have_written(
) -> Result<(), Failure> {
    let mut office = TestNode::start("office")?;
    // It is called there, and nobody answers.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let attic = Authorise {
        node: "attic".to_owned(),
        fingerprint: "a".repeat(64),
        address: silent.local_addr().expect("an address").to_string(),
        grants: Vec::new(),
    };
    office
        .kernel
        .call::<_, Nothing>(methods::AUTHORISE, &attic)?;
    run(call(b"dkvm/2", &office.address()));
    office.kernel.expect_log("dkvm/2")?;
    let state = office.get()?;
    assert_eq!(state.peers[0].link, LinkState::Connecting);
    Ok(())
}

#[test]
fn what_paired_nodes_say_is_no_noise() -> Result<(), Failure> {
    let (mut desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    for _ in 0..5 {
        talks(&mut session);
    }
    for node in [&mut desk, &mut office] {
        assert_eq!(node.get()?.refused, Refused::default());
    }
    Ok(())
}

#[test]
fn noise_and_slow_handshakes_are_counted_and_nobody_else_notices() -> Result<(), Failure> {
    let (desk, mut office) = linked(&[Grant::View])?;
    let mut session = desk.session("office").expect("a session");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for n in 0..NOISE {
        let first = u8::try_from(n).expect("small") & 0x3f;
        socket
            .send_to(&[first; 60], office.address())
            .expect("sent");
    }
    talks(&mut session);
    office.until(|state| state.refused.garbage >= NOISE)?;
    // Each begins with a true first packet, and never says more.
    let firsts: Vec<_> = (0..40).map(|_| first_packet(&office)).collect();
    for first in firsts.iter().cycle().take(400) {
        socket.send_to(first, office.address()).expect("sent");
    }
    talks(&mut session);
    // Those that time out may have done so by now.
    let garbage = office.get()?.refused.garbage;
    let counted = (NOISE..=NOISE + UNPROVEN).contains(&garbage);
    assert!(counted, "{garbage}: nothing else is counted");
    office.until(|state| state.refused.garbage >= NOISE + UNPROVEN)?;
    // And a paired node gets in all the same.
    office.restart()?;
    for first in &firsts {
        socket.send_to(first, office.address()).expect("sent");
    }
    office.until_link("desk", LinkState::Up)?;
    Ok(())
}

/// The first datagram of a call, caught on its way.
fn first_packet(_to: &TestNode) -> Vec<u8> {
    let mut packet = vec![0; 2000];
    let length = run(async {
        let ear = tokio::net::UdpSocket::bind("127.0.0.1:0").await;
        let ear = ear.expect("a socket");
        let lead = Lead::known(ear.local_addr().expect("an address").to_string());
        let node = stranger();
        let call = dial::call(&node, None, PAIR, std::slice::from_ref(&lead));
        tokio::select! {
            heard = ear.recv(&mut packet) => heard.expect("a packet"),
            _ = call => panic!("nobody answers"),
        }
    });
    packet.truncate(length);
    packet
}
