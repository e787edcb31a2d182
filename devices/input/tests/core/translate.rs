//! Keys that mean at a target what they mean here.

use super::desk::Desk;
use dkvm_input::{
    codes::code,
    codes::Usage,
    config::{Config, TargetConfig},
    core::{
        types::{Edge, Event, Move},
        typing::{Strokes, Translation, Typing, MOST},
    },
};
use dkvm_keymap::{find, list, Keys, Layout, Modifiers, Stroke, Typed};
use dkvm_wire::vocab::input::{InputState, Step};
use proptest::prelude::*;
use std::collections::BTreeSet;

const LEFT_CTRL: u8 = 0xe0;
const LEFT_SHIFT: u8 = 0xe1;
const LEFT_ALT: u8 = 0xe2;
const RIGHT_SHIFT: u8 = 0xe5;
const RIGHT_ALT: u8 = 0xe6;
const Z: u8 = 0x1d;

/// A target, as a desktop reads its keyboard.
struct Far {
    layout: Layout,
    down: BTreeSet<u8>,
    dead: Option<Stroke>,
    /// What repeats: the key that went down last, while it is down.
    latest: Option<u8>,
    text: String,
    /// What was pressed with Ctrl or Alt.
    shortcuts: Vec<char>,
}

impl Far {
    fn new(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            down: BTreeSet::new(),
            dead: None,
            latest: None,
            text: String::new(),
            shortcuts: Vec::new(),
        }
    }

    fn take(&mut self, strokes: &Strokes) {
        for (key, edge) in strokes {
            match edge {
                Edge::Down => {
                    assert!(self.down.insert(*key), "{key:x} is pressed twice");
                    if *key < 0xe0 {
                        self.latest = Some(*key);
                        self.types(*key);
                    }
                }
                Edge::Up => {
                    assert!(self.down.remove(key), "{key:x} goes up and was not down");
                    self.latest.take_if(|latest| latest == key);
                }
            }
        }
    }

    fn types(&mut self, key: u8) {
        let down = |key| self.down.contains(&key);
        let altgr = down(RIGHT_ALT) && self.layout.has_altgr();
        let modifiers = Modifiers::held(down(LEFT_SHIFT) || down(RIGHT_SHIFT), altgr);
        let stroke = Stroke {
            usage: key,
            modifiers,
        };
        let typed = self.layout.typed(stroke);
        if down(LEFT_CTRL) || down(LEFT_ALT) || (down(RIGHT_ALT) && !altgr) {
            if let Some(Typed::Character(character)) = typed {
                self.shortcuts.push(character);
            }
            return;
        }
        match (typed, self.dead.take()) {
            (Some(Typed::Dead), None) => self.dead = Some(stroke),
            (Some(Typed::Character(character)), None) => self.text.push(character),
            (Some(_), Some(dead)) => self.text.extend(self.layout.composed(dead, stroke)),
            (None, _) => {}
        }
    }

    /// Its keyboard repeats.
    fn repeat(&mut self) {
        if let Some(latest) = self.latest {
            self.types(latest);
        }
    }
}

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
    // é would be a dead key and an e: both are as they are.
    both.stroke(Stroke::plain(0x2e));
    both.stroke(Stroke::plain(0x08));
    assert_eq!(both.far.text, ";e=e");
    assert!(both.far.down.is_empty());
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

fn translating(keyboard: &str) -> Desk {
    let target = TargetConfig {
        translate: true,
        ..TargetConfig::default()
    };
    Desk::with(Config {
        keyboard: Some(keyboard.into()),
        target: [("office".to_owned(), target)].into(),
        ..Config::default()
    })
}

fn text(state: &InputState, layout: &str) -> String {
    let mut far = Far::new(&find(layout).expect("a layout"));
    for step in &state.steps {
        if let Step::Key { usage, down } = *step {
            let edge = if down { Edge::Down } else { Edge::Up };
            far.take(&vec![(usage, edge)]);
        }
    }
    far.text
}

/// Types a text at this machine's keyboard.
fn types(desk: &mut Desk, layout: &str, text: &str) {
    let layout = find(layout).expect("a layout");
    for character in text.chars() {
        for stroke in layout.keys(character).expect("it has it").strokes() {
            let held = stroke.modifiers.usages();
            let all: Vec<u8> = held.iter().copied().chain([stroke.usage]).collect();
            for (edge, keys) in [(Edge::Down, all.clone()), (Edge::Up, all)] {
                for key in keys {
                    let code = code(Usage::Key(key)).expect("a key");
                    let moves = vec![Move::Key(code, edge)];
                    desk.step(Event::Moved(desk.keyboard, moves));
                }
            }
        }
    }
}

#[test]
fn a_target_that_tells_its_layout_is_typed_at_by_it() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.go("office");
    assert_eq!(desk.state().notice, None);
    types(&mut desk, "us", "z/@^");
    let last = desk.last("office");
    assert_eq!(text(last, "de"), "z/@^");
    assert!(last.keys.is_empty());
    desk.focus(None, dkvm_input::core::How::Call).expect("here");
    desk.go("lab");
    types(&mut desk, "us", "z/@^");
    assert_eq!(text(desk.last("lab"), "us"), "z/@^", "as they are");
}

#[test]
fn without_a_layout_keys_are_as_they_are_and_that_is_told() {
    for layout in [None, Some("klingon")] {
        let mut desk = translating("us");
        if let Some(layout) = layout {
            desk.step(Event::Layout("office".into(), layout.into()));
        }
        desk.go("office");
        let notice = desk.state().notice.expect("it is told");
        assert!(notice.contains("not translated for office"), "{notice}");
        types(&mut desk, "us", "z/@^");
        assert_eq!(text(desk.last("office"), "us"), "z/@^");
    }
}

#[test]
fn a_layout_that_changes_leaves_nothing_down() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.go("office");
    desk.press("slash");
    desk.step(Event::Layout("office".into(), "fr".into()));
    desk.release("slash");
    assert!(desk.last("office").keys.is_empty());
    desk.ack("office");
    types(&mut desk, "us", "az/");
    assert_eq!(text(desk.last("office"), "fr"), "az/");
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.go("office");
    for _ in 0..100 {
        types(&mut desk, "us", "/@");
    }
    let last = desk.last("office");
    assert!(last.keys.is_empty());
    assert!("/@".repeat(100).starts_with(&text(last, "de")));
    assert!(desk.state().notice.expect("told").contains("no more keys"));
}

#[test]
fn a_configuration_that_cannot_be_is_told() {
    let target = TargetConfig {
        translate: true,
        ..TargetConfig::default()
    };
    let wrong = |config: Config| config.check().expect_err("it is wrong");
    let unknown = wrong(Config {
        keyboard: Some("klingon".into()),
        ..Config::default()
    });
    assert_eq!(unknown.key, "keyboard");
    assert!(unknown.reason.contains("de-nodeadkeys"), "{unknown:?}");
    let silent = wrong(Config {
        target: [("office".to_owned(), target)].into(),
        ..Config::default()
    });
    assert!(silent.reason.contains("keyboard = \"us\""), "{silent:?}");
}
