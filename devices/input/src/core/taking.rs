//! Taking the focus: who may, and when.

use super::{
    chords::Chord,
    hands::Owner,
    pointer::{Pointer, Side, USUAL},
    session::{Session, Standing},
    targets::worker,
    typing::Typing,
    Core,
};
use crate::config::PointerKind;
use dkvm_sdk::Time;
use std::time::Duration;
use thiserror::Error;

/// A second press of a hotkey steals within this time.
pub const STEAL: Duration = Duration::from_secs(2);

/// So much is said of the name of a target that cannot be, characters.
const SAID: usize = 16;
/// No name that is longer is looked for, bytes, but where the configuration has it.
const LONGEST_NAME: usize = 63;

/// How somebody wants to go to a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum How {
    /// By its hotkey.
    Hotkey,
    /// Over an edge: in by this side, so far along it.
    Edge(Side, f64),
    /// By a call, also when somebody is at work there.
    Steal,
    /// By a call.
    Call,
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It cannot be reached.
    #[error("{node} cannot be worked: {why}")]
    Unreachable {
        /// Who.
        node: String,
        /// Why, and what to do.
        why: String,
    },
    /// Who goes there could not come back.
    #[error("{node} is not worked: no keyboard that is read has {keys}, which lead back, and no edge of it leads here; plug one in, or name keys that it has as `release` in [device.input.config]")]
    NoWayBack {
        /// Where to.
        node: String,
        /// The chords.
        keys: String,
    },
    /// Somebody is at work there.
    #[error("{} is at work at {node}: {hint}", worker(by))]
    Busy {
        /// Where.
        node: String,
        /// Through whom.
        by: String,
        /// How it is taken all the same.
        hint: String,
    },
}

impl Core {
    /// Goes to a target, and tells the person where that is not done.
    pub(super) fn take(&mut self, node: &str, how: How, now: Time) -> Result<(), Refusal> {
        if self.node() == Some(node) {
            return Ok(());
        }
        let result = self.may(node, how, now);
        match &result {
            Ok(()) => self.go(node, how, now),
            Err(refusal) => self.notice = Some(refusal.to_string()),
        }
        result
    }

    fn may(&mut self, node: &str, how: How, now: Time) -> Result<(), Refusal> {
        if node.len() > LONGEST_NAME && !self.targets.names().iter().any(|name| name == node) {
            // What is refused is told to everybody.
            let start: String = node.chars().take(SAID).collect();
            return Err(Refusal::Unreachable {
                node: format!("{start}…"),
                why: "no target has so long a name; dkvm focus shows them".to_owned(),
            });
        }
        if let Some(why) = self.targets.unfit(node) {
            let node = node.to_owned();
            return Err(Refusal::Unreachable { node, why });
        }
        if let Some(keys) = self.missing(node) {
            let node = node.to_owned();
            return Err(Refusal::NoWayBack { node, keys });
        }
        let Some(by) = self.targets.busy(node, &[self.holder, self.former]) else {
            return Ok(());
        };
        let armed = matches!(&self.steal, Some((armed, until)) if armed == node && now <= *until);
        if how == How::Steal || (how == How::Hotkey && armed) {
            return Ok(());
        }
        if how == How::Hotkey {
            self.steal = Some((node.to_owned(), now.after(STEAL)));
        }
        let hint = match how {
            How::Hotkey => "press again within 2 s to take it".to_owned(),
            How::Edge(..) => "its hotkey, pressed twice, takes it".to_owned(),
            How::Steal | How::Call => format!("dkvm focus {node} --steal takes it"),
        };
        Err(Refusal::Busy {
            node: node.to_owned(),
            by,
            hint,
        })
    }

    /// The chords that lead back from a target, where none of them can be pressed and the pointer does not lead back either.
    pub(super) fn missing(&self, node: &str) -> Option<String> {
        let can = |chord: &Chord| self.hands.can_press(chord.keys());
        let release = self.chords.release();
        // Asked at every motion of the mouse: what costs least comes first.
        if can(release) || self.pointer_leads_back(node) {
            return None;
        }
        let names = self.targets.names();
        let place = names.iter().position(|name| name == node);
        match place.and_then(|place| self.chords.of(node, place)) {
            Some(hotkey) if can(hotkey) => None,
            Some(hotkey) => Some(format!("{}, or {}", release.spoken(), hotkey.spoken())),
            None => Some(release.spoken()),
        }
    }

    /// Why a target is left where nothing leads back from it any more.
    pub(super) fn stranded(&self, node: &str, keys: &str) -> String {
        let lacks = format!("no keyboard that is read has {keys}, which lead back from {node}");
        match self.hands.problem() {
            Some(problem) => format!("{problem}; {lacks}"),
            None => lacks,
        }
    }

    fn pointer_leads_back(&self, node: &str) -> bool {
        let here = |side: &Side| self.config.beside(Some(node), *side) == Some(None);
        self.is_absolute(node) && Side::ALL.iter().any(here)
    }

    fn go(&mut self, node: &str, how: How, now: Time) {
        if let Some(left) = self.session.take() {
            self.part(left.node, left.epoch, now);
        }
        let leaving = self.farewells.iter().any(|one| one.node == node);
        self.farewells.retain(|one| one.node != node);
        if !leaving {
            // What it never took in an earlier turn is history.
            self.channel(node).give_up();
        }
        self.steal = None;
        self.taken = None;
        self.notice = self.untranslated(node);
        self.moves = self.moves.wrapping_add(1);
        let epoch = self.targets.hid_of(node).map_or(0, |hid| hid.focus);
        self.session = Some(Session {
            node: node.to_owned(),
            epoch: epoch.wrapping_add(1),
            standing: Standing::Asked(0),
            away: None,
            stranded: None,
            typing: Typing::default(),
        });
        self.hands.give(Owner::Target, now);
        self.place(node, how);
        self.channel(node).speak();
    }

    /// Where the pointer is there.
    fn place(&mut self, node: &str, how: How) {
        let size = self.targets.screen_of(node).unwrap_or(USUAL);
        let absolute = self.is_absolute(node);
        let pointer = self
            .there
            .entry(node.to_owned())
            .or_insert_with(|| Pointer::new(size));
        pointer.resize(size);
        pointer.rest();
        if let How::Edge(side, along) = how {
            pointer.enter(side, along);
        }
        let at = absolute.then(|| pointer.position());
        self.channel(node).point(at);
    }

    /// Whether a target is worked by its absolute mouse.
    pub(super) fn is_absolute(&self, node: &str) -> bool {
        self.config.pointer(node) == PointerKind::Absolute && self.targets.has_absolute(node)
    }
}
