//! The decisions: events in, actions out, no clock and no file of its own.
//!
//! Input is *here* (nothing is grabbed) or at one target. Whatever the network does, the way back is only this machine's own:
//! the release chord needs nobody's answer.

pub mod channel;
pub mod chords;
pub mod desks;
pub mod hands;
mod moves;
pub mod pointer;
mod presses;
mod session;
mod taking;
pub mod targets;
mod tell;
pub mod types;
pub mod typing;

use crate::config::{Config, Senseless};
use channel::Channel;
use chords::Chords;
use desks::Desks;
use dkvm_keymap::Layout;
use dkvm_sdk::Time;
use dkvm_wire::vocab::desk::TakenBy;
use hands::Hands;
use pointer::Pointer;
use session::{Farewell, Session};
use std::collections::BTreeMap;
pub use taking::{How, Refusal};
use targets::Targets;
use types::{Action, Event};
use typing::Translation;

/// The state.
#[derive(Debug)]
pub struct Core {
    config: Config,
    chords: Chords,
    holder: u64,
    /// Who it was in its last life: nobody else.
    former: u64,
    hands: Hands,
    targets: Targets,
    channels: BTreeMap<String, Channel>,
    /// This machine's keyboard layout.
    keyboard: Option<Layout>,
    /// From it to those of the targets that want it and have told theirs.
    translations: BTreeMap<String, Translation>,
    /// Layouts that were told and are not known here.
    strange: BTreeMap<String, String>,
    /// The target that is worked; input is here without one.
    session: Option<Session>,
    farewells: Vec<Farewell>,
    /// This machine's pointer.
    here: Pointer,
    /// Where the pointer was at each target.
    there: BTreeMap<String, Pointer>,
    /// Whose hotkey was refused because somebody is at work there, and until when a second press steals.
    steal: Option<(String, Time)>,
    moves: u32,
    taken: Option<TakenBy>,
    notice: Option<String>,
    /// Why no keyboard can be read.
    trouble: Option<String>,
    out: Vec<Action>,
}

impl Core {
    /// Begins here.
    pub fn new(config: Config, holder: u64) -> Result<Self, Senseless> {
        config.check()?;
        let keyboard = config
            .keyboard
            .as_deref()
            .and_then(|id| dkvm_keymap::find(id).ok());
        Ok(Self {
            chords: Chords::new(&config)?,
            holder,
            former: holder,
            hands: Hands::default(),
            targets: Targets::new(&config.targets, Desks::new(&config.desk)),
            channels: BTreeMap::new(),
            keyboard,
            translations: BTreeMap::new(),
            strange: BTreeMap::new(),
            session: None,
            farewells: Vec::new(),
            here: Pointer::new(config.screen),
            there: BTreeMap::new(),
            steal: None,
            moves: 0,
            taken: None,
            notice: None,
            trouble: None,
            out: Vec::new(),
            config,
        })
    }

    /// Whom hid knew it as in its last life: what that did just now is no other's work.
    pub fn succeed(&mut self, former: u64) {
        self.former = former;
    }

    /// Takes an event and says what to do.
    pub fn step(&mut self, event: Event, now: Time) -> Vec<Action> {
        self.hear(event, now);
        self.finish(now)
    }

    /// Moves the focus because somebody asked for it.
    pub fn focus(
        &mut self,
        node: Option<&str>,
        how: How,
        now: Time,
    ) -> (Result<(), Refusal>, Vec<Action>) {
        let result = match node {
            Some(node) => self.take(node, how, now),
            None => {
                self.give_back(None, now);
                Ok(())
            }
        };
        (result, self.finish(now))
    }

    fn finish(&mut self, now: Time) -> Vec<Action> {
        self.expire(now);
        self.talk(now);
        self.hands.settle(now, &mut self.out);
        self.light();
        let desks = self.targets.desks();
        let out = std::mem::take(&mut self.out).into_iter();
        let addressed = out.map(|action| match action {
            Action::Send(target, state) => Action::Send(desks.node(&target).to_owned(), state),
            other => other,
        });
        addressed.collect()
    }

    fn hear(&mut self, event: Event, now: Time) {
        match event {
            Event::Plugged(id, info, keys) => self.hands.plugged(id, info, keys, now),
            Event::Unplugged(id) => self.unplugged(id),
            Event::Moved(id, moves) => self.moved(id, &moves, now),
            Event::Gripped(id, grip) => self.hands.gripped(id, grip, now, &mut self.out),
            Event::Hid(node, state) => {
                if let Some(target) = self.worked_by(&node) {
                    self.on_hid(&target, state, now);
                }
            }
            Event::HidGone(node) => self.targets.hid_gone(&node),
            Event::Screen(node, size) => self.on_screen(&node, size),
            Event::Layout(node, layout) => self.on_layout(&node, &layout),
            Event::Ack(node, ack) => {
                if let Some(target) = self.worked_by(&node) {
                    self.on_ack(&target, &ack, now);
                }
            }
            Event::Peers(state) => {
                self.targets.peers(state);
                // Another node may come by that name.
                let targets = &self.targets;
                self.translations
                    .retain(|target, _| targets.is_paired(target));
                self.strange.retain(|target, _| targets.is_paired(target));
            }
            Event::PeersGone => self.targets.all_gone(),
            Event::Trouble(trouble) => self.trouble = trouble,
            Event::Tick => {}
            Event::Goodbye => self.give_back(None, now),
        }
    }

    /// The target whose keyboard a node has.
    fn worked_by(&self, node: &str) -> Option<String> {
        let target = self.targets.desks().worked_by(node);
        target.map(str::to_owned)
    }

    fn on_screen(&mut self, node: &str, size: (u32, u32)) {
        self.targets.screen(node, size);
        let target = self.targets.desks().target(node);
        let size = self.targets.screen_of(target);
        if let (Some(pointer), Some(size)) = (self.there.get_mut(target), size) {
            pointer.resize(size);
        }
    }

    fn light(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        if let Some(hid) = self.targets.hid_of(&session.node) {
            self.hands.light(hid.leds, &mut self.out);
        }
    }

    /// The target that is worked.
    pub fn node(&self) -> Option<&str> {
        self.session.as_ref().map(|session| &*session.node)
    }

    /// Whether a device is this one's alone.
    pub fn has_grabbed(&self) -> bool {
        self.hands.has_grabbed()
    }

    /// Whether nothing is left to be said or let go: the device may end.
    pub fn is_done(&self) -> bool {
        self.session.is_none() && self.farewells.is_empty()
    }

    /// When to come again with a [`Event::Tick`], if nothing happens before.
    pub fn deadline(&self) -> Option<Time> {
        let patience = self.config.patience();
        let session = self.session.as_ref();
        let away = session
            .and_then(|session| session.away)
            .map(|since| since.after(patience));
        let stranded = session
            .and_then(|session| session.stranded)
            .map(|since| since.after(patience));
        let channel = session.and_then(|session| self.channels.get(&session.node));
        let silent = channel
            .and_then(Channel::silent_since)
            .map(|since| since.after(patience));
        let leaving = self.farewells.iter().map(|farewell| {
            let due = self.channels.get(&farewell.node).and_then(Channel::due);
            due.map_or(farewell.until, |due| due.min(farewell.until))
        });
        [
            channel.and_then(Channel::due),
            away,
            stranded,
            silent,
            self.hands.deadline(),
        ]
        .into_iter()
        .flatten()
        .chain(leaving)
        .min()
    }
}
