//! What everybody may know of it.

use super::Core;
use crate::config::HeadConfig;
use dkvm_wire::vocab::desk::{DeskState, DeskTarget};

impl Core {
    /// For everybody.
    pub fn state(&self) -> DeskState {
        let targets = self.targets.names().into_iter().enumerate();
        DeskState {
            node: self.node().map(str::to_owned),
            epoch: self.session.as_ref().map_or(0, |session| session.epoch),
            moves: self.moves,
            grab: self.hands.grab(),
            targets: targets
                .map(|(place, node)| self.target(place, node))
                .collect(),
            devices: self.hands.list(),
            taken: self.taken.clone(),
            notice: self.notice.clone(),
            problem: self
                .trouble
                .clone()
                .or_else(|| self.hands.problem().map(str::to_owned))
                .or_else(|| self.targets.crowded()),
            release: self.chords.release().spoken(),
        }
    }

    fn target(&self, place: usize, node: String) -> DeskTarget {
        let hid = self.targets.hid_of(&node);
        let detail = self.targets.unfit(&node);
        let heads = self.targets.desks().heads(&node).iter();
        // A node that cannot be reached has told nothing.
        let lacks = self.untranslated(&node).filter(|_| detail.is_none());
        let translation = self.translation(&node).or(lacks);
        DeskTarget {
            hotkey: self
                .chords
                .of(&node, place)
                .map(super::chords::Chord::spoken),
            up: detail.is_none(),
            by: hid.map_or_else(String::new, |hid| hid.by.clone()),
            busy: hid.is_some_and(|hid| hid.busy),
            detail,
            heads: heads.map(HeadConfig::head).collect(),
            translation,
            node,
        }
    }
}
