//! What keys that are pressed here are at a target: the same keys, or those that type the same there.
//!
//! Each key that goes down is remembered with what went down for it, so what went down is what goes up, whatever was learned of the
//! target's layout meanwhile. Shift and AltGr are the person's, but while a key is down that needs others: the target repeats it with them.

use super::types::Edge;
use dkvm_keymap::{Keys, Layout, Modifiers, Stroke, Typed, LEFT_SHIFT, RIGHT_ALT, RIGHT_SHIFT};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Most keys that one key presses at a target: an accent and a letter by two keys each, Shift and AltGr for each of these, and the
/// person's own again.
pub const MOST: usize = 14;

const LEFT_ALT: u8 = 0xe2;
/// Ctrl, the left Alt and Meta of both sides.
const SHORTCUTS: [u8; 5] = [0xe0, LEFT_ALT, 0xe3, 0xe4, 0xe7];
const SPACE: u8 = 0x2c;
/// The row of digits.
const DIGITS: RangeInclusive<u8> = 0x1e..=0x27;
const FIRST_MODIFIER: u8 = 0xe0;
const LAST_MODIFIER: u8 = 0xe7;
/// Those that decide what a key types.
const DECIDE: [u8; 3] = [LEFT_SHIFT, RIGHT_SHIFT, RIGHT_ALT];

/// Between two layouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// This machine's.
    pub here: Layout,
    /// The target's.
    pub there: Layout,
}

/// What goes down and up at a target, in this order.
pub type Strokes = Vec<(u8, Edge)>;

/// What a key means there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The same key.
    Same,
    /// This one, with these modifiers and no others.
    One(Stroke),
    /// This key, with the person's modifiers.
    Other(u8),
    /// Two, one after the other.
    Two(Stroke, Stroke),
    /// Nothing yet: a dead key says with the next one what it is.
    Nothing,
}

/// The keys of one target.
#[derive(Debug, Default)]
pub struct Typing {
    /// What is down here, and what is down there for it: nothing for what was let go of there at once.
    down: BTreeMap<u8, Option<u8>>,
    /// Shift and AltGr, as the person holds them.
    held: BTreeSet<u8>,
    /// The latest key, where it needs others than these, and which.
    bent: Option<(u8, Modifiers)>,
    /// A dead key that waits for the next one.
    dead: Option<Stroke>,
}

impl Typing {
    /// A key goes down or up here; `there` are the keys that are down at the target.
    pub fn turn(
        &mut self,
        key: u8,
        edge: Edge,
        translation: Option<&Translation>,
        there: BTreeSet<u8>,
    ) -> Strokes {
        let mut turn = Turn {
            typing: self,
            translation,
            there,
            out: Vec::new(),
        };
        match edge {
            Edge::Down => turn.press(key),
            Edge::Up => turn.release(key),
        }
        turn.out
    }

    /// Something else than a key is about to be pressed: Shift and AltGr are the person's for it.
    pub fn unbend(&mut self, translation: Option<&Translation>, there: BTreeSet<u8>) -> Strokes {
        let mut turn = Turn {
            typing: self,
            translation,
            there,
            out: Vec::new(),
        };
        turn.bend(None);
        turn.out
    }
}

/// What types a character there that a key types here.
fn typed(both: &Translation, stroke: Stroke, character: char) -> Meaning {
    // By whatever way it is typed here: with another key or without its Shift it might be another shortcut.
    if both.there.typed(stroke) == Some(Typed::Character(character)) {
        return Meaning::Same;
    }
    match both.there.keys(character) {
        Some(Keys::One(stroke)) => Meaning::One(stroke),
        Some(Keys::Two(first, then)) => Meaning::Two(first, then),
        None => Meaning::Same,
    }
}

/// A key with Ctrl, Alt or Meta: where its character is without Shift. Shift that comes or goes would make it another shortcut, and
/// digits are where they are, whatever else their keys type.
fn shortcut(both: &Translation, key: u8) -> Meaning {
    let Some(Typed::Character(character)) = both.here.typed(Stroke::plain(key)) else {
        return Meaning::Same;
    };
    match both.there.keys(character) {
        Some(Keys::One(stroke))
            if stroke.modifiers == Modifiers::NONE
                && !DIGITS.contains(&key)
                && !DIGITS.contains(&stroke.usage) =>
        {
            Meaning::Other(stroke.usage)
        }
        _ => Meaning::Same,
    }
}

/// One key's way.
struct Turn<'a> {
    typing: &'a mut Typing,
    translation: Option<&'a Translation>,
    there: BTreeSet<u8>,
    out: Strokes,
}

impl Turn<'_> {
    fn press(&mut self, key: u8) {
        if self.typing.down.contains_key(&key) || self.typing.held.contains(&key) {
            return;
        }
        match key {
            LEFT_SHIFT | RIGHT_SHIFT => self.hold(key),
            RIGHT_ALT if self.translation.is_none_or(|both| both.here.has_altgr()) => {
                self.hold(key);
            }
            // Here it is a second Alt; there it may be none.
            RIGHT_ALT if self.translation.is_some_and(|both| both.there.has_altgr()) => {
                self.modifier(key, LEFT_ALT);
            }
            FIRST_MODIFIER..=LAST_MODIFIER => self.modifier(key, key),
            _ => self.key(key),
        }
    }

    fn hold(&mut self, key: u8) {
        self.typing.held.insert(key);
        self.settle();
    }

    fn modifier(&mut self, key: u8, there: u8) {
        self.typing.down.insert(key, Some(there));
        self.down(there);
    }

    fn key(&mut self, key: u8) {
        match self.meaning(key) {
            Meaning::Same => {
                self.bend(None);
                self.strike(key, key);
            }
            Meaning::One(stroke) => {
                self.bend(Some((key, stroke.modifiers)));
                self.strike(key, stroke.usage);
            }
            Meaning::Other(there) => {
                self.bend(None);
                self.strike(key, there);
            }
            Meaning::Two(first, then) => {
                self.tap(key, first);
                self.tap(key, then);
                self.typing.down.insert(key, None);
                self.bend(None);
            }
            Meaning::Nothing => drop(self.typing.down.insert(key, None)),
        }
    }

    fn meaning(&mut self, key: u8) -> Meaning {
        let dead = self.typing.dead.take();
        let Some(both) = self.translation else {
            return Meaning::Same;
        };
        if self.is_shortcut() {
            return shortcut(both, key);
        }
        let stroke = Stroke {
            usage: key,
            modifiers: self.pressed(),
        };
        match (both.here.typed(stroke), dead) {
            (Some(Typed::Dead), None) => self.wait(stroke),
            // What types nothing ends what a dead key began, as it does on a desktop.
            (None, _) => Meaning::Same,
            (Some(Typed::Character(character)), Some(_)) if character.is_control() => {
                typed(both, stroke, character)
            }
            (Some(Typed::Character(character)), None) => typed(both, stroke, character),
            (Some(then), Some(dead)) => match both.here.composed(dead, stroke) {
                Some(character) if both.there.keys(character).is_some() => {
                    typed(both, stroke, character)
                }
                _ => {
                    self.accent(both, key, dead);
                    match then {
                        Typed::Character(character) => typed(both, stroke, character),
                        Typed::Dead => self.wait(stroke),
                    }
                }
            },
        }
    }

    fn wait(&mut self, dead: Stroke) -> Meaning {
        self.typing.dead = Some(dead);
        Meaning::Nothing
    }

    /// A dead key that makes nothing of the next one: its own character, or the same key where that is not to be had.
    fn accent(&mut self, both: &Translation, key: u8, dead: Stroke) {
        let alone = both.here.composed(dead, Stroke::plain(SPACE));
        match alone.and_then(|accent| both.there.keys(accent)) {
            Some(keys) => keys.strokes().for_each(|stroke| self.tap(key, stroke)),
            None => {
                let shift = dead.modifiers.has(Modifiers::SHIFT);
                let altgr = dead.modifiers.has(Modifiers::ALTGR) && both.there.has_altgr();
                let modifiers = Modifiers::held(shift, altgr);
                self.tap(key, Stroke { modifiers, ..dead });
            }
        }
    }

    /// Ctrl, Alt or Meta is down.
    fn is_shortcut(&self) -> bool {
        let down = &self.typing.down;
        let others = SHORTCUTS.iter().any(|key| down.contains_key(key));
        others || down.contains_key(&RIGHT_ALT)
    }

    /// Shift and AltGr, as the person holds them.
    fn pressed(&self) -> Modifiers {
        let held = &self.typing.held;
        let shift = held.contains(&LEFT_SHIFT) || held.contains(&RIGHT_SHIFT);
        Modifiers::held(shift, held.contains(&RIGHT_ALT))
    }

    /// What of these the target is to see: AltGr of a keyboard that has it is never an Alt there.
    fn own(&self) -> Modifiers {
        let known = self.translation.is_none_or(|both| both.there.has_altgr());
        let pressed = self.pressed();
        let altgr = known && pressed.has(Modifiers::ALTGR);
        Modifiers::held(pressed.has(Modifiers::SHIFT), altgr)
    }

    /// From now on Shift and AltGr are as a key needs them, or the person's.
    fn bend(&mut self, to: Option<(u8, Modifiers)>) {
        let own = self.own();
        self.typing.bent = to.filter(|(_, needed)| *needed != own);
        self.settle();
    }

    /// Brings Shift and AltGr to where they are to be: releases first, so that no third combination comes between.
    fn settle(&mut self) {
        let wanted = match self.typing.bent {
            Some((_, needed)) => needed,
            None => self.own(),
        };
        let keys = self.keys_of(wanted);
        // The right Alt may be down there as an Alt.
        let alts: BTreeSet<u8> = self.typing.down.values().flatten().copied().collect();
        let decide = DECIDE.into_iter();
        let decide: Vec<u8> = decide.filter(|key| !alts.contains(key)).collect();
        for key in &decide {
            if !keys.contains(key) {
                self.up(*key);
            }
        }
        for key in decide {
            if keys.contains(&key) {
                self.down(key);
            }
        }
    }

    /// The person's own Shift where he holds one.
    fn keys_of(&self, wanted: Modifiers) -> BTreeSet<u8> {
        let mut keys = BTreeSet::new();
        if wanted.has(Modifiers::SHIFT) {
            let own = self.typing.held.iter().copied();
            keys.extend(own.filter(|key| *key != RIGHT_ALT));
            if keys.is_empty() {
                keys.insert(LEFT_SHIFT);
            }
        }
        if wanted.has(Modifiers::ALTGR) {
            keys.insert(RIGHT_ALT);
        }
        keys
    }

    /// Presses a key there for one here. What another key here holds it for is over: else it would not be pressed.
    fn strike(&mut self, key: u8, there: u8) {
        self.disown(there);
        self.down(there);
        self.typing.down.insert(key, Some(there));
    }

    fn tap(&mut self, key: u8, stroke: Stroke) {
        self.bend(Some((key, stroke.modifiers)));
        self.disown(stroke.usage);
        self.down(stroke.usage);
        self.up(stroke.usage);
    }

    fn disown(&mut self, there: u8) {
        self.up(there);
        for held in self.typing.down.values_mut() {
            held.take_if(|key| *key == there);
        }
    }

    fn release(&mut self, key: u8) {
        if self.typing.held.remove(&key) {
            return self.settle();
        }
        let Some(there) = self.typing.down.remove(&key) else {
            return;
        };
        // Both Alt keys may be one there.
        let others = self.typing.down.values().flatten();
        if let Some(there) = there.filter(|there| !others.clone().any(|other| other == there)) {
            self.up(there);
        }
        if self.typing.bent.is_some_and(|(bent, _)| bent == key) {
            self.bend(None);
        }
    }

    fn down(&mut self, key: u8) {
        if self.there.insert(key) {
            self.out.push((key, Edge::Down));
        }
    }

    fn up(&mut self, key: u8) {
        if self.there.remove(&key) {
            self.out.push((key, Edge::Up));
        }
    }
}
