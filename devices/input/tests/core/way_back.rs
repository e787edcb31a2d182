//! Nobody is led to where he cannot come back from.

use super::desk::{Desk, KEYBOARD};
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
