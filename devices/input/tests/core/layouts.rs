//! A target whose layout is another than this machine's.

use super::{
    desk::{peers, Desk},
    far::Far,
};
use dkvm_input::{
    codes::{code, Usage},
    config::{Config, TargetConfig},
    core::{
        types::{Edge, Event, Move},
        How,
    },
};
use dkvm_keymap::find;
use dkvm_wire::vocab::input::{InputState, Step};

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

fn told(desk: &Desk) -> Option<String> {
    let targets = desk.state().targets.into_iter();
    let mut office = targets.filter(|one| one.node == "office");
    office.next().and_then(|one| one.translation)
}

#[test]
fn a_target_that_tells_its_layout_is_typed_at_by_it() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.go("office");
    assert_eq!(desk.state().notice, None);
    assert_eq!(
        told(&desk).as_deref(),
        Some("keys are translated from us to de")
    );
    types(&mut desk, "us", "z/@^");
    let last = desk.last("office");
    assert_eq!(text(last, "de"), "z/@^");
    assert!(last.keys.is_empty());
    desk.focus(None, How::Call).expect("here");
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
        assert_eq!(told(&desk), Some(notice));
        types(&mut desk, "us", "z/@^");
        assert_eq!(text(desk.last("office"), "us"), "z/@^");
    }
}

#[test]
fn a_layout_that_comes_a_little_later_takes_the_notice_away() {
    let mut desk = translating("us");
    desk.go("office");
    assert!(desk.state().notice.is_some());
    desk.step(Event::Layout("office".into(), "de".into()));
    assert_eq!(desk.state().notice, None);
}

#[test]
fn a_layout_that_becomes_unknown_is_told() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.go("office");
    desk.step(Event::Layout("office".into(), "klingon".into()));
    let notice = desk.state().notice.expect("it is told");
    assert!(notice.contains("\"klingon\" is not known here"), "{notice}");
    types(&mut desk, "us", "z");
    assert_eq!(text(desk.last("office"), "us"), "z");
}

#[test]
fn another_node_of_that_name_has_a_layout_of_its_own() {
    let mut desk = translating("us");
    desk.step(Event::Layout("office".into(), "de".into()));
    desk.step(Event::Peers(peers(&["lab", "office"])));
    assert!(told(&desk).is_some_and(|told| told.contains("us to de")));
    desk.step(Event::Peers(peers(&["lab"])));
    desk.step(Event::Peers(peers(&["lab", "office"])));
    assert!(told(&desk).is_some_and(|told| told.contains("not translated")));
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
