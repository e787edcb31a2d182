//! What the tasks tell the device.

use crate::{
    core::{
        handshakes::Proof,
        link::{Fault, LinkId, Opener},
        pairing::{Known, Said},
    },
    fingerprint::Fingerprint,
    message::{Control, Hello},
};
use quinn::Connection;
use std::{io, net::SocketAddr, time::Duration};
use tokio::sync::mpsc;

/// News that wait for the device: the tasks wait when there are more.
pub const QUEUE: usize = 64;
/// Where they are told.
pub type Teller = mpsc::Sender<News>;

/// What has happened.
#[derive(Debug)]
pub enum News {
    /// A paired node has called, or was called.
    Connected(Fingerprint, Connection, Opener),
    /// A paired node is not reached.
    NotReached(Fingerprint, Fault),
    /// Both have said hello.
    Linked(Fingerprint, LinkId, Hello),
    /// A ping was answered.
    Heard(Fingerprint, LinkId, Option<Duration>),
    /// What else is said on a control stream.
    Said(Fingerprint, LinkId, Control),
    /// A connection of a paired node is gone.
    Lost(Fingerprint, LinkId, Fault),
    /// Somebody speaks other versions, at an address that may be anybody's.
    OtherVersion(SocketAddr, Proof, Vec<String>),
    /// Somebody wants to pair.
    WantsToPair(Fingerprint, Connection),
    /// What holds is written down, or is not.
    Kept(io::Result<()>),
    /// About a pairing.
    Pairing(u32, Step),
}

/// How a pairing goes on.
#[derive(Debug)]
pub enum Step {
    /// Both keys and numbers are known; the code.
    Met(Known, String),
    /// The other side's person has answered.
    Said(Said),
    /// It is over.
    Broken(String),
}
