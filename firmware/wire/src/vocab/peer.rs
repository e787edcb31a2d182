//! Other nodes: who they are, what they may do here, and how two nodes come to trust each other.
//!
//! A node *is* its key: its certificate is self-signed, made at the first start, and known by the SHA-256 of its public key
//! ([`Fingerprint`]). Names and addresses are how it is found, never why it is trusted.

use super::video::LinkLoad;
use serde::{Deserialize, Serialize};

/// UDP port of the peer link, unless the configuration names another.
pub const PORT: u16 = 23586;
/// A pairing that nobody has answered for so long is dropped, s.
pub const PAIRING_S: u32 = 120;
/// Digits of the code that a person compares on both nodes.
pub const CODE_DIGITS: usize = 6;

/// Methods of the peer device.
pub mod methods {
    /// `{}` → [`super::PeerState`]
    pub const GET: &str = "peer.get";
    /// [`super::PairWith`] → [`super::PairingId`]: calls another node; the code to compare comes in `peer.state`.
    pub const PAIR: &str = "peer.pair";
    /// [`super::Answer`] → `{}`: the person has compared the codes.
    pub const ANSWER: &str = "peer.answer";
    /// [`super::Authorise`] → `{}`: a node by its fingerprint, as the card's `dkvm.txt` names it; no code is compared.
    pub const AUTHORISE: &str = "peer.authorise";
    /// [`super::Allow`] → `{}`: what a paired node may do here from now on; its link is cut and made again.
    pub const ALLOW: &str = "peer.allow";
    /// [`super::Node`] → `{}`: revoked: its link is cut at once, and it is a stranger again.
    pub const FORGET: &str = "peer.forget";
    /// [`super::Pace`] → `{}`: what those who watch another node's pictures here can take; told to that node, and believed there
    /// for a second.
    pub const PACE: &str = "peer.pace";
}

/// What a paired node may do here. What each stands for is in the configuration, `[grants.NAME]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// See the picture, the devices and the log.
    View,
    /// Keyboard, mouse, text, serial port.
    Type,
    /// The target's buttons.
    Power,
    /// Images and drives.
    Storage,
    /// Everything else: configuration, updates, devices, other peers.
    Configure,
}

impl Grant {
    /// All, in the order of what they cost.
    pub const ALL: [Self; 5] = [
        Self::View,
        Self::Type,
        Self::Power,
        Self::Storage,
        Self::Configure,
    ];

    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Type => "type",
            Self::Power => "power",
            Self::Storage => "storage",
            Self::Configure => "configure",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// A paired node by its name here, which is unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Node {
    /// Its name here.
    pub node: String,
}

/// Arguments of `peer.pair`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PairWith {
    /// A name that was seen on the network, a host name, an address; with `:port` where it is another than [`PORT`].
    pub node: String,
    /// What it may do here.
    pub grants: Vec<Grant>,
}

/// A pairing under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PairingId {
    /// Which; counts up.
    pub id: u32,
}

/// Arguments of `peer.answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Answer {
    /// Which pairing.
    pub id: u32,
    /// What the person says.
    pub verdict: Verdict,
}

/// Whether both codes are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// They are, and this is what the other node may do here.
    Same {
        /// Any, or none; where nothing is said, those of the call that began it.
        grants: Option<Vec<Grant>>,
    },
    /// They are not, or nobody here asked for this.
    Refuse,
}

/// Arguments of `peer.authorise`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Authorise {
    /// The name that it gets here.
    pub node: String,
    /// SHA-256 of its public key, hex.
    pub fingerprint: String,
    /// Where it is; may be empty: then it has to call.
    pub address: String,
    /// What it may do here.
    pub grants: Vec<Grant>,
}

/// Arguments of `peer.allow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Allow {
    /// A paired node's name here.
    pub node: String,
    /// All that it may do from now on.
    pub grants: Vec<Grant>,
}

/// Arguments of `peer.pace`: what the links of those carry who watch another node's pictures at this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Whose pictures, `office/h264`.
    pub from: String,
    /// As `h264.link` has it, with nothing of either where somebody left.
    pub load: LinkLoad,
}

/// Topic `peer.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PeerState {
    /// This node's name.
    pub node: String,
    /// This node's own fingerprint: hex, 64 digits.
    pub fingerprint: String,
    /// The UDP port that it listens on.
    pub port: u16,
    /// Those it is paired with, by name.
    pub peers: Vec<PeerInfo>,
    /// Nodes on the network that it is not paired with, by name.
    pub seen: Vec<SeenNode>,
    /// Pairings under way, each with its code.
    pub pairings: Vec<Pairing>,
    /// Who was turned away since the start.
    pub refused: Refused,
}

/// A node that this one is paired with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PeerInfo {
    /// Its name here; unique.
    pub node: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Where it was reached last, or is tried.
    pub address: String,
    /// What it may do here.
    pub grants: Vec<Grant>,
    /// What this node may do there, as it told; empty while there is no link.
    pub granted: Vec<Grant>,
    /// How the link is.
    pub link: LinkState,
    /// What is wrong and what to do, when there is something to say.
    pub detail: Option<String>,
    /// Round trip of the link, µs; 0 without a link.
    pub rtt_us: u32,
    /// Its release; empty before the first link.
    pub version: String,
}

/// How a link to a paired node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It carries.
    Up,
    /// It is tried again and again.
    Connecting,
    /// It is up, and nothing has come for a while.
    Stalled,
    /// The other node said no, or is not who it was; a person has to look.
    Refused,
}

/// A node that told the network of itself. None of it is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeenNode {
    /// Its name, `office` of `office.local`.
    pub node: String,
    /// `192.0.2.7:23586`, `[2001:db8::7]:23586`, the best first.
    pub addresses: Vec<String>,
    /// The fingerprint it claims; empty when it claims none.
    pub fingerprint: String,
    /// Its release.
    pub version: String,
}

/// Topic `network.nodes`: network tells peer who is on the network; itself left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenNodes {
    /// By name.
    pub nodes: Vec<SeenNode>,
}

/// Topic `peer.announce`: peer tells network what to announce.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Announce {
    /// The UDP port that it listens on.
    pub port: u16,
    /// This node's own fingerprint.
    pub fingerprint: String,
}

/// A pairing under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Pairing {
    /// Which.
    pub id: u32,
    /// The other node as it calls itself; nothing of it is proven.
    pub node: String,
    /// Where it is.
    pub address: String,
    /// What the person compares: the same [`CODE_DIGITS`] digits on both nodes; empty until both keys are known.
    pub code: String,
    /// This node was called, rather than that it called.
    pub incoming: bool,
    /// What the call named that the other may do here; empty for one that was called.
    pub grants: Vec<Grant>,
    /// How far it is.
    pub step: PairingStep,
    /// Why it ended, for one that failed.
    pub detail: Option<String>,
}

/// How far a pairing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PairingStep {
    /// The other node is being reached.
    Calling,
    /// The code is there; a person has to answer here.
    Compare,
    /// Answered here; the other node's person has not answered yet.
    Waiting,
    /// Both said yes: it is among the peers now.
    Done,
    /// Refused, timed out or broken off.
    Failed,
}

/// How often somebody was turned away, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Refused {
    /// A key that is not paired.
    pub strangers: u32,
    /// A version of the link that is not spoken here.
    pub versions: u32,
    /// What was no handshake, or took too long to become one.
    pub garbage: u32,
    /// A right that the peer has not.
    pub rights: u32,
}
