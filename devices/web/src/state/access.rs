//! What this node may do at others, as `peer.state` has it. Pure.

use dkvm_wire::vocab::peer::{Grant, LinkState, PeerState};
use thiserror::Error;

/// Why a target of another node cannot be shown or worked. The reason of a WebSocket's end has room for 123 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lacks {
    /// Nobody knows other nodes.
    #[error("the peer device, which reaches other nodes, does not run: try again")]
    Peer,
    /// There is no such node.
    #[error("this node is paired with no {0}: pair it first")]
    Node(String),
    /// It is not reached.
    #[error("{0}: no link to it now: try again")]
    Link(String),
    /// It refuses.
    #[error("{0} refuses the link: see Nodes")]
    Refused(String),
    /// It does not allow it.
    #[error("{node} does not allow it: there, allow this node '{}'", grant.name())]
    Grant {
        /// Which node.
        node: String,
        /// What it would have to allow.
        grant: Grant,
    },
}

impl Lacks {
    /// Whether it may be possible in a moment without anybody's doing.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Peer | Self::Link(_))
    }
}

/// Whether this node may do all that at another.
pub fn allows(peers: Option<&PeerState>, node: &str, grants: &[Grant]) -> Result<(), Lacks> {
    let peers = peers.ok_or(Lacks::Peer)?;
    let named = || node.to_owned();
    let peer = peers.peers.iter().find(|peer| peer.node == node);
    let peer = peer.ok_or_else(|| Lacks::Node(named()))?;
    match peer.link {
        LinkState::Refused => return Err(Lacks::Refused(named())),
        LinkState::Connecting => return Err(Lacks::Link(named())),
        LinkState::Up | LinkState::Stalled => {}
    }
    match grants.iter().find(|grant| !peer.granted.contains(grant)) {
        None => Ok(()),
        Some(&grant) => Err(Lacks::Grant {
            node: named(),
            grant,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{vocab::peer::PeerInfo, SourceName};

    fn peers(link: LinkState, granted: &[Grant]) -> PeerState {
        PeerState {
            peers: vec![PeerInfo {
                node: "office".into(),
                fingerprint: String::new(),
                address: String::new(),
                grants: vec![Grant::Configure],
                granted: granted.to_vec(),
                link,
                detail: None,
                rtt_us: 0,
                version: String::new(),
            }],
            ..PeerState::default()
        }
    }

    #[test]
    fn what_the_other_node_grants_counts_and_not_what_it_is_granted_here() {
        let up = peers(LinkState::Up, &[Grant::View]);
        assert_eq!(allows(Some(&up), "office", &[Grant::View]), Ok(()));
        for grant in [Grant::Type, Grant::Configure] {
            let node = "office".to_owned();
            let lacks = Err(Lacks::Grant { node, grant });
            assert_eq!(allows(Some(&up), "office", &[Grant::View, grant]), lacks);
        }
    }

    #[test]
    fn a_link_that_holds_its_breath_is_one() {
        let stalled = peers(LinkState::Stalled, &[Grant::View]);
        assert_eq!(allows(Some(&stalled), "office", &[Grant::View]), Ok(()));
        for (link, passes) in [(LinkState::Connecting, true), (LinkState::Refused, false)] {
            let lacks = allows(Some(&peers(link, &[])), "office", &[Grant::View]).unwrap_err();
            assert_eq!(lacks.passes(), passes, "{lacks}");
        }
        assert_eq!(allows(None, "office", &[Grant::View]), Err(Lacks::Peer));
        let lab = allows(Some(&stalled), "lab", &[Grant::View]).unwrap_err();
        assert!(!lab.passes() && lab == Lacks::Node("lab".into()));
    }

    #[test]
    fn each_sentence_fits_the_end_of_a_websocket() {
        let node = || "n".repeat(SourceName::MAX_NODE);
        let all = [
            Lacks::Peer,
            Lacks::Node(node()),
            Lacks::Link(node()),
            Lacks::Refused(node()),
            Lacks::Grant {
                node: node(),
                grant: Grant::View,
            },
        ];
        for lacks in all {
            assert!(lacks.to_string().len() <= 123, "{lacks}");
        }
    }
}
