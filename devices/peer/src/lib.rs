//! # dkvm-peer
//!
//! The link to other nodes (QUIC): the node's key, pairing, and the sessions on other nodes' control sockets that are carried over
//! it. `docs/peers.md` tells its use, `docs/design.md` ("Other nodes") how it meets the rest.
//!
//! In: `network.nodes`. Out: `peer.state`, `peer.announce`. Both ways, between devices of this node and of others: the topics of
//! [`lanes::table`]. Methods: `peer.get`, `.pair`, `.answer`, `.authorise`, `.allow`, `.forget`, `.pace`.
//!
//! Needs of Linux: UDP, names. Its death costs the sessions under way; the link is made again within a second.

pub mod card;
pub mod close;
pub mod config;
pub mod control;
pub mod core;
pub mod counters;
pub mod desk;
pub mod device;
pub mod dial;
pub mod endpoint;
pub mod files;
pub mod fingerprint;
pub mod identity;
pub mod kept;
pub mod lanes;
pub mod listen;
pub mod message;
pub mod news;
pub mod pair;
pub mod prelude;
pub mod session;
pub mod store;
pub mod task;
pub mod tls;

use crate::lanes::table::{self, TOPICS};
use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};

const OWN: [(&str, QueueClass); 2] = [
    (topics::PEER_STATE, QueueClass::State),
    (topics::PEER_ANNOUNCE, QueueClass::State),
];
const CONSUMES: [&str; TOPICS.len() + 1] = table::consumes(topics::NETWORK_NODES);
const PRODUCES: [(&str, QueueClass); TOPICS.len() + OWN.len()] = table::produces(&OWN);

/// Runs the device on this process's standard input and output; returns the exit code.
pub fn main() -> i32 {
    let identity = Identity {
        consumes: &CONSUMES,
        produces: &PRODUCES,
        ..Identity::new("peer", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, device::run)
}
