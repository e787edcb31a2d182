//! Keys that mean at a target what they mean here.

use super::far::Far;
use dkvm_input::core::{
    types::Edge,
    typing::{Translation, Typing, MOST},
};
use dkvm_keymap::{find, list, Keys, Layout, Modifiers, Stroke, Typed};
use proptest::prelude::*;
use std::collections::BTreeSet;

const LEFT_CTRL: u8 = 0xe0;
const LEFT_SHIFT: u8 = 0xe1;
const LEFT_ALT: u8 = 0xe2;
const RIGHT_SHIFT: u8 = 0xe5;
const RIGHT_ALT: u8 = 0xe6;
const Z: u8 = 0x1d;

struct Both {
    translation: Option<Translation>,
    typing: Typing,
    far: Far,
}

impl Both {
    fn new(here: &Layout, there: &Layout) -> Self {
        let (here, far) = (here.clone(), Far::new(there));
        let there = there.clone();
        Self {
            translation: Some(Translation { here, there }),
            typing: Typing::default(),
            far,
        }
    }

    fn of(here: &str, there: &str) -> Self {
        let layout = |id| find(id).expect("a layout");
        Self::new(&layout(here), &layout(there))
    }

    fn turn(&mut self, key: u8, edge: Edge) {
        let there = self.far.down.clone();
        let strokes = self
            .typing
            .turn(key, edge, self.translation.as_ref(), there);
        let pressed = strokes.iter().filter(|(_, edge)| *edge == Edge::Down);
        assert!(pressed.count() <= MOST);
        self.far.take(&strokes);
    }

    fn press(&mut self, key: u8) {
        self.turn(key, Edge::Down);
    }

    fn release(&mut self, key: u8) {
        self.turn(key, Edge::Up);
    }

    /// As a person types it at this machine's keyboard.
    fn stroke(&mut self, stroke: Stroke) {
        let held = stroke.modifiers.usages();
        held.iter().for_each(|key| self.press(*key));
        self.press(stroke.usage);
        self.release(stroke.usage);
        held.iter().rev().for_each(|key| self.release(*key));
    }

    fn keys(&mut self, keys: Keys) {
        keys.strokes().for_each(|stroke| self.stroke(stroke));
    }
}

/// The promise, for each of the 1764 pairs.
#[test]
fn every_character_that_both_layouts_have_comes_out_the_same() {
    let layouts = dkvm_keymap::all();
    assert_eq!(layouts.len(), list().len());
    let mut count = 0;
    for here in &layouts {
        let all = here.characters();
        for there in &layouts {
            let both_have = |character: &&char| there.keys(**character).is_some();
            let wanted: String = all.iter().filter(both_have).collect();
            let mut both = Both::new(here, there);
            for character in wanted.chars() {
                both.keys(here.keys(character).expect("it has it"));
                assert!(
                    both.far.down.is_empty(),
                    "{} {} {character}",
                    here.id,
                    there.id
                );
            }
            assert_eq!(both.far.text, wanted, "{} to {}", here.id, there.id);
            count += wanted.chars().count();
        }
    }
    assert!(count > 200_000, "{count}");
}

#[test]
fn a_character_that_the_target_has_nowhere_is_the_same_key() {
    let mut both = Both::of("de", "us");
    // The key of ö is that of a semicolon; € would be an Alt.
    both.press(0x33);
    assert_eq!(both.far.text, ";");
    both.release(0x33);
    both.press(RIGHT_ALT);
    assert!(both.far.down.is_empty(), "AltGr is no Alt there");
    both.press(0x08);
    assert_eq!(
        (both.far.text.as_str(), both.far.shortcuts.len()),
        (";e", 0)
    );
    both.release(RIGHT_ALT);
    both.release(0x08);
    // é is an accent and an e.
    both.stroke(Stroke::plain(0x2e));
    both.stroke(Stroke::plain(0x08));
    assert_eq!(both.far.text, ";e'e");
    assert!(both.far.down.is_empty());
}

/// Also what a keyboard types by a dead key though it has a key of its own: an apostrophe of us-intl.
#[test]
fn whatever_a_dead_key_makes_comes_out_the_same() {
    let mut count = 0;
    for here in dkvm_keymap::all() {
        let held = [(false, false), (true, false), (false, true), (true, true)];
        let strokes = held.iter().flat_map(|(shift, altgr)| {
            let modifiers = Modifiers::held(*shift, *altgr);
            (0x04..=0x89).map(move |usage| Stroke { usage, modifiers })
        });
        let strokes: Vec<Stroke> = strokes.collect();
        for there in ["de", "us-intl"] {
            let there = find(there).expect("a layout");
            let mut both = Both::new(&here, &there);
            for dead in &strokes {
                if here.typed(*dead) != Some(Typed::Dead) {
                    continue;
                }
                for then in &strokes {
                    let made = here.composed(*dead, *then);
                    let Some(made) = made.filter(|made| there.keys(*made).is_some()) else {
                        continue;
                    };
                    both.far.text.clear();
                    both.stroke(*dead);
                    both.stroke(*then);
                    assert_eq!(both.far.text, made.to_string(), "{} {}", here.id, there.id);
                    assert!(both.far.down.is_empty());
                    count += 1;
                }
            }
        }
    }
    assert!(count > 5000, "{count}");
}

#[test]
fn what_a_dead_key_makes_nothing_of_comes_after_its_accent() {
    let mut both = Both::of("fr", "us");
    // ^ and a, ^ and m.
    for then in [0x14, 0x33] {
        both.stroke(Stroke::plain(0x2f));
        both.stroke(Stroke::plain(then));
    }
    assert_eq!(both.far.text, "^a^m");
    // An accent with AltGr that is not there is no Alt either.
    let mut both = Both::of("ch-de", "us");
    both.press(RIGHT_ALT);
    both.press(0x2d);
    both.release(0x2d);
    both.release(RIGHT_ALT);
    both.press(0x08);
    assert_eq!(both.far.text, "'e");
    assert!(both.far.shortcuts.is_empty());
}

#[test]
fn what_types_the_same_there_is_pressed_as_it_is() {
    const SPACE: u8 = 0x2c;
    for there in ["us", "de"] {
        let mut both = Both::of("us", there);
        both.press(LEFT_SHIFT);
        both.press(SPACE);
        assert_eq!(both.far.down, [LEFT_SHIFT, SPACE].into(), "a page up");
    }
}

#[test]
fn shortcuts_with_digits_are_where_they_are() {
    const ONE: u8 = 0x1e;
    for (here, there) in [("fr", "us"), ("us", "fr"), ("cz", "us"), ("us", "cz")] {
        let mut both = Both::of(here, there);
        both.press(LEFT_CTRL);
        both.press(ONE);
        assert_eq!(both.far.down, [LEFT_CTRL, ONE].into(), "{here} {there}");
    }
}

#[test]
fn a_dead_key_is_forgotten_by_what_types_nothing() {
    const BACKSPACE: u8 = 0x2a;
    let mut both = Both::of("de", "fr");
    both.stroke(Stroke::plain(0x2e));
    both.stroke(Stroke::plain(BACKSPACE));
    both.stroke(Stroke::plain(0x08));
    assert_eq!(both.far.text, "e");
}

#[test]
fn shortcuts_are_where_their_letters_are() {
    let mut both = Both::of("us", "de");
    both.press(LEFT_CTRL);
    both.press(Z);
    assert!(both.far.down.contains(&0x1c), "{:?}", both.far.down);
    assert_eq!(both.far.shortcuts, ['z']);
    both.press(LEFT_SHIFT);
    both.release(Z);
    both.press(Z);
    assert_eq!(both.far.shortcuts, ['z', 'Z']);
    for key in [LEFT_CTRL, LEFT_SHIFT, Z] {
        both.release(key);
    }
    assert!(both.far.down.is_empty());
    assert_eq!(both.far.text, "");
}

#[test]
fn the_right_alt_of_a_keyboard_without_altgr_is_an_alt() {
    let mut both = Both::of("us", "de");
    both.press(RIGHT_ALT);
    assert_eq!(both.far.down, [LEFT_ALT].into());
    both.press(LEFT_ALT);
    both.release(RIGHT_ALT);
    assert_eq!(both.far.down, [LEFT_ALT].into(), "the other one holds it");
    both.release(LEFT_ALT);
    assert!(both.far.down.is_empty());
}

#[test]
fn a_key_that_is_held_repeats_with_what_it_needs() {
    const SLASH: u8 = 0x38;
    let mut both = Both::of("us", "de");
    both.press(SLASH);
    both.far.repeat();
    both.far.repeat();
    assert_eq!(both.far.text, "///");
    // The person's own Shift comes and goes meanwhile.
    both.press(RIGHT_SHIFT);
    both.far.repeat();
    both.release(RIGHT_SHIFT);
    both.far.repeat();
    assert_eq!(both.far.text, "/////");
    both.release(SLASH);
    assert!(both.far.down.is_empty());
}

#[test]
fn shift_reaches_a_key_that_is_held_where_it_needs_nothing() {
    const W: u8 = 0x1a;
    let mut both = Both::of("us", "de");
    both.press(W);
    both.press(LEFT_SHIFT);
    assert_eq!(both.far.down, [W, LEFT_SHIFT].into(), "who walks may run");
    both.release(LEFT_SHIFT);
    both.release(W);
    assert!(both.far.down.is_empty());
}

#[test]
fn shift_that_is_held_is_there_again_after_a_key_without_it() {
    const TWO: u8 = 0x1f;
    let mut both = Both::of("us", "de");
    both.press(RIGHT_SHIFT);
    both.press(TWO);
    assert_eq!(both.far.down, [RIGHT_ALT, 0x14].into(), "AltGr and Q");
    both.release(TWO);
    assert_eq!(both.far.down, [RIGHT_SHIFT].into());
    both.press(4);
    both.release(4);
    both.release(RIGHT_SHIFT);
    assert_eq!(both.far.text, "@A");
}

#[test]
fn two_keys_here_that_are_one_there() {
    const TWO: u8 = 0x1f;
    const Q: u8 = 0x14;
    let mut both = Both::of("us", "de");
    both.press(LEFT_SHIFT);
    both.press(TWO);
    both.release(LEFT_SHIFT);
    both.press(Q);
    assert_eq!(both.far.text, "@q");
    both.release(TWO);
    assert_eq!(both.far.down, [Q].into(), "it is another's now");
    both.release(Q);
    assert!(both.far.down.is_empty());
}

#[test]
fn caps_lock_is_the_targets() {
    const CAPS_LOCK: u8 = 0x39;
    let mut both = Both::of("us", "fr");
    both.press(CAPS_LOCK);
    assert_eq!(both.far.down, [CAPS_LOCK].into());
    both.release(CAPS_LOCK);
    // The letter's own key, with no Shift of ours: the target's lock makes it a capital, as on its own keyboard.
    both.press(0x14);
    assert_eq!(both.far.down, [0x04].into());
}

fn key() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => prop_oneof![Just(LEFT_SHIFT), Just(RIGHT_SHIFT), Just(RIGHT_ALT), Just(LEFT_CTRL), Just(LEFT_ALT)],
        12 => 0x04_u8..=0x38,
        1 => 0x39_u8..=0x65,
        1 => Just(0x87_u8),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// In whatever order keys go down and up, and whatever is learned of the layout meanwhile: nothing goes up that was not down
    /// (`Far` sees to that), a key here holds one there at most, and nothing is down at the end.
    #[test]
    fn what_went_down_goes_up(here in 0_usize..42, there in 0_usize..42, keys in proptest::collection::vec((key(), 0_u8..20), 1..80)) {
        let ids = list();
        let mut both = Both::of(&ids[here].id, &ids[there].id);
        let translation = both.translation.clone();
        let mut down = BTreeSet::new();
        for (key, dice) in keys {
            if dice == 0 {
                both.translation = match both.translation {
                    Some(_) => None,
                    None => translation.clone(),
                };
            }
            if dice == 1 {
                let strokes = both.typing.unbend(both.translation.as_ref(), both.far.down.clone());
                both.far.take(&strokes);
            }
            match down.remove(&key) {
                true => both.release(key),
                false => {
                    down.insert(key);
                    both.press(key);
                }
            }
            let others = both.far.down.iter().filter(|key| **key < 0xe0).count();
            let held = down.iter().filter(|key| **key < 0xe0).count();
            prop_assert!(others <= held, "{:?} for {:?}", both.far.down, down);
        }
        for key in down {
            both.release(key);
        }
        prop_assert!(both.far.down.is_empty(), "{:?}", both.far.down);
    }

    /// Whatever else is down: a key types there what it types here, and between keys Shift and AltGr are the person's.
    #[test]
    fn each_press_is_right(here in 0_usize..42, there in 0_usize..42, keys in proptest::collection::vec(key(), 1..80)) {
        let ids = list();
        let mut both = Both::of(&ids[here].id, &ids[there].id);
        let Translation { here, there } = both.translation.clone().expect("one");
        let mut down = BTreeSet::new();
        let mut dead = false;
        for key in keys {
            if down.remove(&key) {
                both.release(key);
            } else {
                both.far.dead = None;
                both.press(key);
                let altgr = here.has_altgr();
                let other = [LEFT_CTRL, LEFT_ALT].iter().any(|key| down.contains(key));
                let other = other || (!altgr && down.contains(&RIGHT_ALT));
                let shift = down.contains(&LEFT_SHIFT) || down.contains(&RIGHT_SHIFT);
                let modifiers = Modifiers::held(shift, altgr && down.contains(&RIGHT_ALT));
                let typed = here.typed(Stroke { usage: key, modifiers });
                if key < 0xe0 {
                    let before = std::mem::replace(&mut dead, !other && typed == Some(Typed::Dead));
                    if let (Some(Typed::Character(wanted)), false, false) = (typed, other, before) {
                        if there.keys(wanted).is_some() {
                            prop_assert_eq!(both.far.text.chars().last(), Some(wanted));
                        }
                    }
                }
                down.insert(key);
            }
            if here.has_altgr() && !there.has_altgr() {
                prop_assert!(!both.far.down.contains(&RIGHT_ALT));
            }
            if down.iter().all(|key| *key >= 0xe0) {
                for key in [LEFT_SHIFT, RIGHT_SHIFT] {
                    prop_assert_eq!(both.far.down.contains(&key), down.contains(&key));
                }
                if here.has_altgr() && there.has_altgr() {
                    prop_assert_eq!(both.far.down.contains(&RIGHT_ALT), down.contains(&RIGHT_ALT));
                }
            }
        }
    }

    /// Without a translation every key is itself.
    #[test]
    fn without_a_translation_keys_are_themselves(keys in proptest::collection::vec(0x04_u8..=0xe7, 1..60)) {
        let mut both = Both::of("us", "us");
        both.translation = None;
        let mut down = BTreeSet::new();
        for key in keys {
            if down.remove(&key) {
                both.release(key);
            } else {
                down.insert(key);
                both.press(key);
            }
            prop_assert_eq!(&both.far.down, &down);
        }
    }
}
