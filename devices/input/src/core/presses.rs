//! Keys and buttons on their way to a target.

use super::{
    channel::Full,
    types::{DeviceId, Edge},
    typing::{Translation, MOST},
    Core,
};
use crate::codes::{usage, Usage};

/// So much of a name that is not known is told.
const LONGEST: usize = 32;

impl Core {
    pub(super) fn press(&mut self, id: DeviceId, node: &str, code: u16) {
        let Some(usage) = usage(code) else {
            return self.hands.mute(id, code);
        };
        if self.turn(node, usage, Edge::Down) == Err(Full) {
            self.hands.mute(id, code);
            self.notice = Some(format!(
                "{node} takes no more keys until it has answered: what is pressed now is not typed"
            ));
        }
    }

    pub(super) fn release(&mut self, node: &str, code: u16) {
        if let Some(usage) = usage(code) {
            // A release always has room.
            let _ = self.turn(node, usage, Edge::Up);
        }
    }

    fn turn(&mut self, node: &str, usage: Usage, edge: Edge) -> Result<(), Full> {
        let translation = self.translations.get(node);
        let channel = self.channels.entry(node.to_owned()).or_default();
        let most = match self.config.translates(node) {
            true => MOST,
            false => 1,
        };
        if edge == Edge::Down && !channel.has_room(most) {
            return Err(Full);
        }
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let (typing, there) = (&mut session.typing, channel.keys());
        let strokes = match (usage, edge) {
            (Usage::Key(key), edge) => typing.turn(key, edge, translation, there),
            (_, Edge::Down) => typing.unbend(translation, there),
            (_, Edge::Up) => Vec::new(),
        };
        for (key, edge) in strokes {
            channel.key(Usage::Key(key), edge)?;
        }
        match usage {
            Usage::Key(_) => Ok(()),
            other => channel.key(other, edge),
        }
    }

    /// A node has told its target's layout. It is known from then on, though the node cannot be reached: who sits there changes it, and
    /// no break of the link.
    pub(super) fn on_layout(&mut self, node: &str, layout: &str) {
        let Some(target) = self.worked_by(node) else {
            return;
        };
        let wanted = self.keyboard.as_ref();
        let Some(here) = wanted.filter(|_| self.config.translates(&target)) else {
            return;
        };
        let known = self.translations.get(&target);
        if known.is_some_and(|both| both.there.id == layout) {
            return;
        }
        match dkvm_keymap::find(layout) {
            Ok(there) => {
                let here = here.clone();
                let both = Translation { here, there };
                let told = self.untranslated(&target);
                self.strange.remove(&target);
                self.translations.insert(target, both);
                // It came a little later than the focus.
                if told.is_some() && self.notice == told {
                    self.notice = None;
                }
            }
            Err(_) => self.strange(target, layout),
        }
    }

    /// A layout of a release that has more of them.
    fn strange(&mut self, target: String, layout: &str) {
        let name: String = layout.chars().take(LONGEST).collect();
        if self.strange.get(&target) == Some(&name) {
            return;
        }
        self.translations.remove(&target);
        self.strange.insert(target.clone(), name);
        if self.node() == Some(&target) {
            self.notice = self.untranslated(&target);
        }
    }

    /// Between which layouts keys are translated on their way to a target, a sentence.
    pub(super) fn translation(&self, target: &str) -> Option<String> {
        let both = self.translations.get(target);
        both.map(|both| {
            let (here, there) = (both.here.id, both.there.id);
            format!("keys are translated from {here} to {there}")
        })
    }

    /// Why keys are not translated for a target that wants it, a sentence.
    pub(super) fn untranslated(&self, target: &str) -> Option<String> {
        if !self.config.translates(target) || self.translations.contains_key(target) {
            return None;
        }
        let why = match self.strange.get(target) {
            Some(layout) => format!("its layout {layout:?} is not known here, where dKVM is older than there: bring this machine up to date"),
            None => {
                let node = self.targets.desks().node(target);
                format!("{node} does not tell its keyboard layout: there dKVM is of an older release, typist does not run, or the configuration lacks \"peer\" in the route of typist.state (to = [\"web\", \"peer\"])")
            }
        };
        Some(format!("keys are not translated for {target}: {why}"))
    }
}
