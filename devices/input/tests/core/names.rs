//! Names that are too long.

use super::desk::{busy, Desk};
use dkvm_input::{
    config::{Config, DeskConfig, HeadConfig},
    core::{types::Event, How},
};
use dkvm_wire::vocab::input::HidState;

#[test]
fn no_name_is_so_long_that_telling_it_is_too_much() {
    let mut desk = Desk::new();
    let refusal = desk.focus(Some(&"ö".repeat(200_000)), How::Call);
    let told = refusal.expect_err("no such target").to_string();
    assert!(told.contains("so long a name"), "{told}");
    let talker = HidState {
        by: "ö".repeat(30_000),
        ..busy(9, 5)
    };
    desk.step(Event::Hid("office".into(), talker.clone()));
    desk.focus(Some("office"), How::Call)
        .expect_err("somebody is at work there");
    desk.focus(Some("office"), How::Steal).expect("by force");
    let again = HidState {
        focus: 12,
        ..talker
    };
    desk.step(Event::Hid("office".into(), again));
    let state = desk.state();
    assert!(state.taken.is_some(), "{:?}", state.node);
    let size = format!("{state:?}").len();
    assert!(size < 5000, "{size} bytes");
}

#[test]
fn a_desk_may_have_a_long_name() {
    let name = "pc".repeat(40);
    let heads = [("office", 0), ("lab", 5000)].map(|(node, left)| HeadConfig {
        node: node.into(),
        at: (left, 0),
        size: None,
    });
    let heads = DeskConfig {
        heads: heads.into(),
    };
    let mut desk = Desk::with(Config {
        desk: [(name.clone(), heads)].into(),
        ..Config::default()
    });
    desk.focus(Some(&name), How::Call).expect("it is there");
}
