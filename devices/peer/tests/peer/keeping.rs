//! Changes that wait for the card.

use crate::node::TestNode;
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Nothing,
    vocab::peer::{methods, Allow, Authorise, Grant, Node, PeerInfo},
    ErrorCode, RequestId, WireError,
};

/// Changes before those that the test is about: that many pages keep the card busy.
const OTHERS: u32 = 20;
const NAME: &str = "desk";
const KEY: u32 = 0xd;

fn authorise(node: &str, key: u32, grants: &[Grant]) -> Authorise {
    Authorise {
        node: node.to_owned(),
        fingerprint: format!("{key:064x}"),
        address: String::new(),
        grants: grants.to_vec(),
    }
}

/// All is said at once: others that are to be written down first, that the desk may do all, and this after it.
fn said_at_once<B: serde::Serialize>(
    office: &mut TestNode,
    method: &str,
    last: &B,
) -> Result<(), Failure> {
    let kernel = &mut office.kernel;
    kernel.freeze()?;
    let mut said: Vec<RequestId> = Vec::new();
    for n in 0..OTHERS {
        let other = authorise(&format!("n{n}"), 100 + n, &[]);
        said.push(kernel.begin(methods::AUTHORISE, &other)?);
    }
    let all = authorise(NAME, KEY, &Grant::ALL);
    let desk = kernel.begin(methods::AUTHORISE, &all)?;
    said.push(kernel.begin(method, last)?);
    kernel.thaw()?;
    for id in said {
        kernel.response("what was said", id)?.map_err(told)?;
    }
    // Where the card was faster it was granted, and what came after it holds all the same.
    if let Err(error) = kernel.response(methods::AUTHORISE, desk)? {
        assert_eq!(error.code, ErrorCode::Conflict, "{error}");
        assert!(error.message.contains("something else was said"), "{error}");
    }
    Ok(())
}

fn told(error: WireError) -> Failure {
    Failure::new(error.to_string())
}

fn desk(office: &mut TestNode) -> Result<Option<PeerInfo>, Failure> {
    let mut peers = office.get()?.peers.into_iter();
    Ok(peers.find(|peer| peer.node == NAME))
}

#[test]
fn who_is_forgotten_does_not_come_back_when_what_was_said_before_is_written() -> Result<(), Failure>
{
    let mut office = TestNode::start("office")?;
    let node = Node {
        node: NAME.to_owned(),
    };
    // One that is known to nobody yet, and one that is.
    for known in [false, true] {
        if known {
            let before = authorise(NAME, KEY, &[Grant::View]);
            let kernel = &mut office.kernel;
            kernel.call::<_, Nothing>(methods::AUTHORISE, &before)?;
        }
        said_at_once(&mut office, methods::FORGET, &node)?;
        assert_eq!(desk(&mut office)?, None);
        office.restart()?;
        assert_eq!(desk(&mut office)?, None, "nor in the next life");
    }
    assert_eq!(office.get()?.peers.len(), OTHERS as usize);
    Ok(())
}

#[test]
fn what_was_taken_away_stays_so_when_what_was_said_before_is_written() -> Result<(), Failure> {
    let mut office = TestNode::start("office")?;
    let before = authorise(NAME, KEY, &[Grant::View, Grant::Type]);
    let kernel = &mut office.kernel;
    kernel.call::<_, Nothing>(methods::AUTHORISE, &before)?;
    let allow = Allow {
        node: NAME.to_owned(),
        grants: vec![Grant::View],
    };
    said_at_once(&mut office, methods::ALLOW, &allow)?;
    for _ in 0..2 {
        let grants = desk(&mut office)?.map(|desk| desk.grants);
        assert_eq!(grants.as_deref(), Some(&[Grant::View][..]));
        office.restart()?;
    }
    Ok(())
}
