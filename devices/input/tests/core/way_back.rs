//! Nobody is led to where he cannot come back from.

use super::desk::{device, Desk, KEYBOARD, MOUSE};
use dkvm_input::{
    codes::named_code,
    config::{Config, Neighbour, PointerKind, TargetConfig},
    core::{
        pointer::Side,
        types::{DeviceId, Event, KeysOf},
        How,
    },
};
use dkvm_wire::vocab::desk::DeskDevice;

#[test]
fn who_could_not_come_back_does_not_go() {
    let mut desk = Desk::new();
    desk.step(Event::Unplugged(KEYBOARD));
    let info = DeskDevice {
        name: "Pad".into(),
        path: String::new(),
        keyboard: true,
        mouse: false,
    };
    let with = |names: &[&str]| KeysOf {
        all: names.iter().filter_map(|name| named_code(name)).collect(),
        down: vec![],
    };
    let numbers = with(&["kp1", "2", "numlock"]);
    desk.step(Event::Plugged(DeviceId(9), info.clone(), numbers));
    let refusal = desk
        .focus(Some("office"), How::Call)
        .expect_err("no way back");
    let told = refusal.to_string();
    assert!(
        told.contains("left Ctrl + right Ctrl, or left Ctrl + left Alt + 2"),
        "{told}"
    );
    assert_eq!(desk.state().notice, Some(told));
    // The hotkey is a way back too, and its keys may be those of two keyboards.
    desk.step(Event::Plugged(
        DeviceId(10),
        info,
        with(&["leftctrl", "leftalt"]),
    ));
    desk.go("office");
}

fn with_an_edge(pointer: PointerKind) -> Desk {
    let left = Neighbour {
        of: None,
        edge: Side::Left,
        node: "office".into(),
    };
    let target = TargetConfig {
        pointer,
        ..TargetConfig::default()
    };
    let mut desk = Desk::with(Config {
        layout: vec![left],
        target: [("office".to_owned(), target)].into(),
        ..Config::default()
    });
    desk.step(Event::Unplugged(KEYBOARD));
    desk
}

#[test]
fn who_has_a_mouse_alone_goes_where_an_edge_leads_back() {
    let mut desk = with_an_edge(PointerKind::Absolute);
    desk.focus(Some("lab"), How::Call).expect_err("no edge");
    desk.go("office");
    let mut desk = with_an_edge(PointerKind::Relative);
    let refusal = desk.focus(Some("office"), How::Call);
    let told = refusal.expect_err("its place is not known").to_string();
    assert!(told.contains("no edge of it leads here"), "{told}");
}

/// Less than the patience that there is, and what is wanting.
const SOON: u64 = 2900;
const REST: u64 = 200;

fn home_again(desk: &mut Desk) -> String {
    desk.wait(SOON);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    desk.wait(REST);
    assert_eq!(desk.state().node, None);
    assert!(desk.grabbed.is_empty(), "{:?}", desk.grabbed);
    desk.state().notice.expect("it is told")
}

#[test]
fn a_keyboard_that_another_program_has_leads_nobody_back() {
    let mut desk = Desk::new();
    desk.others.insert(KEYBOARD);
    for _ in 0..2 {
        desk.go("office");
        assert_eq!(desk.grabbed, [MOUSE].into());
        let refusal = desk.focus(Some("lab"), How::Call);
        refusal.expect_err("from there nothing leads back either");
        let told = home_again(&mut desk);
        assert!(
            told.contains("Keys is grabbed by another program")
                && told.contains("left Ctrl + right Ctrl, or left Ctrl + left Alt + 2")
                && told.contains("here again"),
            "{told}"
        );
    }
    // That program has ended.
    desk.others.clear();
    desk.go("office");
    desk.wait(60_000);
    assert_eq!(desk.grabbed, [KEYBOARD, MOUSE].into());
}

#[test]
fn a_keyboard_that_is_gone_leads_nobody_back() {
    let mut desk = Desk::at("office");
    desk.grabbed.remove(&KEYBOARD);
    desk.step(Event::Unplugged(KEYBOARD));
    let told = home_again(&mut desk);
    assert!(
        told.starts_with("no keyboard that is read has left Ctrl"),
        "{told}"
    );
}

#[test]
fn a_keyboard_that_comes_again_soon_leads_back_as_before() {
    let mut desk = Desk::at("office");
    for id in 3..6 {
        desk.grabbed.remove(&desk.keyboard);
        desk.step(Event::Unplugged(desk.keyboard));
        desk.wait(SOON);
        desk.keyboard = DeviceId(id);
        let plugged = Event::Plugged(desk.keyboard, device(true), KeysOf::every());
        desk.step(plugged);
    }
    desk.wait(60_000);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    desk.chord(&["leftctrl", "rightctrl"]);
    assert_eq!(desk.state().node, None);
}

#[test]
fn where_an_edge_leads_back_a_keyboard_is_not_missed() {
    let mut desk = with_an_edge(PointerKind::Absolute);
    desk.go("office");
    desk.wait(60_000);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}
