//! Another node, as the gateway tells of it.

use super::{Node, Socket};
use dkvm_testkit::Failure;
use dkvm_wire::{
    topics,
    vocab::{
        input::{HidState, Leds, Link},
        page::ToPage,
        peer::{Grant, LinkState, PeerInfo, PeerState},
        video::{H264Settings, H264State},
    },
};

/// Its name here.
pub const LAB: &str = "lab";

/// It lets this node do that.
pub fn allow(node: &mut Node, granted: &[Grant]) -> Result<(), Failure> {
    peers(node, LinkState::Up, granted)
}

/// The link to it is so.
pub fn peers(node: &mut Node, link: LinkState, granted: &[Grant]) -> Result<(), Failure> {
    let peers = PeerState {
        node: "office".into(),
        peers: vec![PeerInfo {
            node: LAB.into(),
            fingerprint: String::new(),
            address: "192.0.2.7:23586".into(),
            grants: vec![],
            granted: granted.to_vec(),
            link,
            detail: None,
            rtt_us: 500,
            version: "0.1".into(),
        }],
        ..PeerState::default()
    };
    node.kernel.emit("peer", topics::PEER_STATE, &peers)?;
    node.settle()
}

/// Its hid, and it was heard.
pub fn hid(node: &mut Node, name: &str, focus: u32) -> Result<HidState, Failure> {
    let state = hid_state(focus);
    node.kernel.emit(name, topics::HID_STATE, &state)?;
    node.settle()?;
    Ok(state)
}

/// What a hid tells whose focus has that epoch.
pub fn hid_state(focus: u32) -> HidState {
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds::default(),
        focus,
        holder: 0,
        extras: vec![],
        jiggle: 0,
        by: String::new(),
        busy: false,
    }
}

/// Its encoder of H.264.
pub fn h264(node: &mut Node, name: &str) -> Result<(), Failure> {
    let state = H264State {
        settings: H264Settings {
            max_rate: 0,
            max_kbit: 0,
        },
        rate: 1,
        kbit: 1,
        quantiser: 24,
        detail: None,
    };
    node.kernel.emit(name, topics::H264_STATE, &state)?;
    node.settle()
}

/// A page that has been greeted.
pub fn page(node: &Node) -> Result<Socket, Failure> {
    let mut page = node.owner()?.socket("/api/ws")?;
    match page.next()? {
        ToPage::Hello { .. } => Ok(page),
        other => Err(Failure::new(format!("no hello, but {other:?}"))),
    }
}
