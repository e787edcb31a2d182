//! What keys and mice do at a target.

use super::desk::{Desk, KEYBOARD, MOUSE};
use dkvm_input::{
    config::{Config, PointerKind, TargetConfig},
    core::types::{DeviceId, Edge, Event, KeysOf, Move},
};
use dkvm_wire::vocab::{
    desk::DeskDevice,
    input::{HidState, Leds, Link, Step, MAX_STEPS},
};

const A: u8 = 4;

#[test]
fn a_tap_is_two_steps_that_are_said_until_they_are_heard() {
    let mut desk = Desk::at("office");
    desk.tap("a");
    let last = desk.last("office");
    let down = Step::Key {
        usage: A,
        down: true,
    };
    let up = Step::Key {
        usage: A,
        down: false,
    };
    assert_eq!(last.steps, [down, up]);
    assert!(last.keys.is_empty());
    desk.sent.clear();
    desk.wait(1000);
    // After 20, 40, 80 ms, and then every 100.
    assert_eq!(desk.sent.len(), 11);
    desk.ack("office");
    desk.sent.clear();
    desk.wait(10_000);
    assert!(desk.sent.is_empty(), "nothing is held and all is heard");
}

#[test]
fn what_is_held_is_said_every_100_ms() {
    let mut desk = Desk::at("office");
    desk.press("a");
    desk.ack("office");
    desk.sent.clear();
    for _ in 0..20 {
        desk.wait(100);
        assert_eq!(desk.last("office").keys, [A]);
        desk.ack("office");
    }
    assert!((19..=21).contains(&desk.sent.len()), "{}", desk.sent.len());
}

#[test]
fn a_key_of_two_keyboards_is_up_when_both_are() {
    let mut desk = Desk::at("office");
    let second = DeviceId(9);
    let info = DeskDevice {
        name: "Second".into(),
        path: String::new(),
        keyboard: true,
        mouse: false,
    };
    desk.step(Event::Plugged(second, info, KeysOf::every()));
    assert!(desk.grabbed.contains(&second), "plugged while there");
    desk.press("a");
    desk.step(Event::Moved(second, vec![Move::Key(30, Edge::Down)]));
    desk.release("a");
    assert_eq!(desk.last("office").keys, [A]);
    desk.step(Event::Moved(second, vec![Move::Key(30, Edge::Up)]));
    assert!(desk.last("office").keys.is_empty());
}

#[test]
fn an_unplugged_keyboard_holds_nothing() {
    let mut desk = Desk::at("office");
    desk.press("leftshift");
    desk.press("a");
    desk.step(Event::Unplugged(KEYBOARD));
    let last = desk.last("office");
    assert!(last.keys.is_empty());
    assert_eq!(last.steps.len(), 4);
    let notice = desk.state().notice.expect("it is told");
    assert!(
        notice.contains("Keys") && notice.contains("office"),
        "{notice}"
    );
}

#[test]
fn when_no_more_fits_keys_are_refused_and_told_and_releases_are_not() {
    let mut desk = Desk::at("office");
    desk.press("leftshift");
    for _ in 0..MAX_STEPS {
        desk.tap("a");
    }
    desk.release("leftshift");
    let last = desk.last("office");
    assert!(last.steps.len() <= MAX_STEPS);
    assert!(last.keys.is_empty());
    let shift = Step::Key {
        usage: 0xe1,
        down: false,
    };
    assert_eq!(last.steps.last(), Some(&shift));
    assert!(desk.state().notice.expect("told").contains("no more keys"));
    desk.ack("office");
    desk.tap("b");
    assert_eq!(desk.last("office").steps.len(), 2);
}

#[test]
fn the_wheel_counts_notches_and_parts_of_them() {
    let mut desk = Desk::at("office");
    let wheel = |desk: &mut Desk, by| desk.step(Event::Moved(MOUSE, vec![Move::Wheel(by)]));
    wheel(&mut desk, 120);
    wheel(&mut desk, -240);
    wheel(&mut desk, 15);
    desk.step(Event::Moved(MOUSE, vec![Move::Pan(-130)]));
    let motion = desk.last("office").motion;
    assert_eq!((motion.wheel, motion.fine_wheel), (-1, 15));
    assert_eq!((motion.pan, motion.fine_pan), (-1, -10));
}

#[test]
fn the_last_motion_is_said_until_it_is_heard() {
    let mut desk = Desk::at("office");
    desk.shift(7, -3);
    desk.sent.clear();
    desk.wait(500);
    assert!(desk.sent.len() > 4);
    desk.ack("office");
    desk.sent.clear();
    desk.wait(500);
    assert!(desk.sent.is_empty());
}

#[test]
fn a_target_is_pointed_at_by_its_pixels() {
    let mut desk = Desk::new();
    desk.step(Event::Screen("office".into(), (1000, 500)));
    desk.go("office");
    desk.shift(-10_000, -10_000);
    let at = desk.last("office").at.expect("absolute");
    assert_eq!((at.x, at.y), (0, 0));
    desk.shift(999, 0);
    assert_eq!(desk.last("office").at.expect("absolute").x, 32767);
    desk.button(Edge::Down);
    let step = desk.last("office").steps.last().copied();
    assert!(
        matches!(step, Some(Step::Button { button: 0, down: true, at: Some(at) }) if at.x == 32767),
        "{step:?}"
    );
}

fn relative() -> Desk {
    let target = TargetConfig {
        pointer: PointerKind::Relative,
        ..TargetConfig::default()
    };
    Desk::with(Config {
        target: [("office".to_owned(), target)].into(),
        ..Config::default()
    })
}

#[test]
fn a_relative_mouse_counts_and_a_click_is_where_it_was() {
    let mut desk = relative();
    desk.go("office");
    let left = |edge| Move::Key(0x110, edge);
    let moves = vec![
        Move::Pointer(5, 0),
        left(Edge::Down),
        left(Edge::Up),
        Move::Pointer(100, 0),
    ];
    desk.step(Event::Moved(MOUSE, moves));
    let at_click = desk.sent.first().expect("sent").1.clone();
    assert_eq!((at_click.motion.x, at_click.steps.len()), (5, 2));
    let last = desk.last("office");
    assert_eq!((last.motion.x, last.at), (105, None));
}

#[test]
fn a_target_that_loses_its_absolute_mouse_is_worked_by_the_other() {
    let mut desk = Desk::at("office");
    desk.shift(5, 5);
    assert!(desk.last("office").at.is_some());
    let state = HidState {
        absolute: Link::Absent,
        ..super::desk::hid(9, super::desk::HOLDER)
    };
    desk.step(Event::Hid("office".into(), state));
    desk.shift(7, 0);
    let last = desk.last("office");
    assert_eq!((last.at, last.motion.x), (None, 7));
}

#[test]
fn lights_are_the_targets() {
    let mut desk = Desk::at("office");
    let leds = Leds {
        caps: true,
        ..Leds::default()
    };
    let state = HidState {
        leds,
        ..super::desk::hid(9, super::desk::HOLDER)
    };
    desk.step(Event::Hid("office".into(), state));
    assert_eq!(desk.lit.get(&KEYBOARD), Some(&leds));
    assert!(!desk.lit.contains_key(&MOUSE));
}

#[test]
fn keys_that_no_target_has_are_nothing() {
    let mut desk = Desk::at("office");
    desk.step(Event::Moved(
        KEYBOARD,
        vec![Move::Key(0x2ff, Edge::Down), Move::Key(0x2ff, Edge::Up)],
    ));
    assert!(desk.sent.is_empty());
}
