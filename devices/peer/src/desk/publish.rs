//! What everybody is told: at once where something turned, seldom where only figures moved.

use super::{peer::Peer, Desk};
use crate::{core::Moment, store};
use dkvm_sdk::{SendError, Sender};
use dkvm_wire::{
    topics,
    vocab::peer::{PeerInfo, PeerState, Refused, SeenNode},
};
use std::time::Duration;

/// Round trips and counts are told so often.
const SELDOM: Duration = Duration::from_secs(1);

/// What was told last.
#[derive(Debug, Default)]
pub struct Published {
    state: Option<PeerState>,
    /// The same without what moves all the time.
    plain: Option<PeerState>,
    at: Moment,
    /// Figures have moved since.
    owes: Owes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Owes {
    #[default]
    Nothing,
    Figures,
}

impl Desk {
    /// All of it, as it is now.
    pub(super) fn state(&self) -> PeerState {
        let seen = self.seen.iter().filter(|node| !self.is_paired(node));
        PeerState {
            node: self.name.clone(),
            fingerprint: self.node.identity.fingerprint.to_string(),
            port: self.node.port(),
            peers: self
                .store
                .list()
                .iter()
                .filter_map(|known| self.info(known))
                .collect(),
            seen: seen.cloned().collect(),
            pairings: self.pairings.told(),
            refused: self.node.counters.told(),
        }
    }

    fn is_paired(&self, node: &SeenNode) -> bool {
        let known = node.fingerprint.parse().ok();
        known.is_some_and(|key| self.store.of(&key).is_some())
    }

    fn info(&self, known: &store::Peer) -> Option<PeerInfo> {
        let now = self.now();
        let peer: &Peer = self.peers.get(&known.fingerprint)?;
        let first = peer.leads.first();
        let address = first.map(|lead| lead.place.clone()).unwrap_or_default();
        let detail = peer.link.detail(now).or_else(|| peer.refused.clone());
        Some(PeerInfo {
            node: known.node.clone(),
            fingerprint: known.fingerprint.to_string(),
            address,
            grants: known.grants.clone(),
            granted: peer.granted(),
            link: peer.link.state(now),
            detail: detail.or_else(|| peer.trouble()),
            rtt_us: peer.link.carries().map_or(0, |_| peer.rtt_us),
            version: known.version.clone(),
        })
    }

    /// Tells it, where it is time.
    pub fn publish(&mut self, sender: &Sender) -> Result<(), SendError> {
        let (state, now) = (self.state(), self.now());
        let last = self.published.state.as_ref();
        if last == Some(&state) {
            self.published.owes = Owes::Nothing;
            return Ok(());
        }
        let plain = Some(without_figures(&state));
        let turned = self.published.plain != plain;
        if !turned && now < self.published.at + SELDOM {
            self.published.owes = Owes::Figures;
            return Ok(());
        }
        sender.emit(topics::PEER_STATE, &state)?;
        self.published = Published {
            state: Some(state),
            plain,
            at: now,
            owes: Owes::Nothing,
        };
        Ok(())
    }

    /// A figure has moved. Who floods costs a count each time, and no more.
    pub fn figures_moved(&mut self) {
        self.published.owes = Owes::Figures;
    }

    /// Whether figures that moved are still to be told.
    pub fn owes_figures(&self) -> bool {
        self.published.owes == Owes::Figures
    }

    /// When figures that moved are told.
    pub(super) fn due(&self) -> Option<Moment> {
        self.owes_figures().then(|| self.published.at + SELDOM)
    }
}

fn without_figures(state: &PeerState) -> PeerState {
    let mut state = state.clone();
    state.refused = Refused::default();
    state.peers.iter_mut().for_each(|peer| peer.rtt_us = 0);
    state
}
