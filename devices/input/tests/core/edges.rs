//! Over the edges.

use super::desk::{busy, Desk};
use dkvm_input::{
    config::{Config, Neighbour},
    core::{
        pointer::Side,
        types::{Edge, Event},
        How,
    },
};

fn beside(of: Option<&str>, edge: Side, node: &str) -> Neighbour {
    Neighbour {
        of: of.map(str::to_owned),
        edge,
        node: node.into(),
    }
}

/// This machine, office at its right, lab at office's right.
fn row() -> Desk {
    Desk::with(Config {
        screen: (1000, 500),
        layout: vec![
            beside(None, Side::Right, "office"),
            beside(Some("office"), Side::Right, "lab"),
        ],
        ..Config::default()
    })
}

/// Pushes on at a wall, until it gives way.
fn push(desk: &mut Desk, dx: i32) {
    let before = desk.state().moves;
    for _ in 0..4 {
        if desk.state().moves == before {
            desk.shift(dx, 0);
        }
    }
}

#[test]
fn out_at_one_side_in_at_the_other_and_back() {
    let mut desk = row();
    desk.step(Event::Screen("office".into(), (2000, 1000)));
    desk.shift(0, -250);
    desk.shift(560, 0);
    assert_eq!(desk.state().node, None, "resistance");
    push(&mut desk, 60);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    let at = desk.last("office").at.expect("absolute");
    assert_eq!(at.y, 0, "at the same height");
    assert!(at.x < 3000, "{at:?}");
    desk.ack("office");
    desk.shift(300, 0);
    desk.shift(-350, 0);
    assert_eq!(desk.state().node.as_deref(), Some("office"), "resistance");
    push(&mut desk, -60);
    assert_eq!(desk.state().node, None);
    assert!(desk.grabbed.is_empty());
}

#[test]
fn from_target_to_target_and_back() {
    let mut desk = row();
    desk.shift(560, 0);
    push(&mut desk, 60);
    desk.ack("office");
    desk.shift(1950, 0);
    push(&mut desk, 60);
    assert_eq!(desk.state().node.as_deref(), Some("lab"));
    desk.ack("lab");
    push(&mut desk, -60);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    assert_eq!(desk.last("office").at.expect("absolute").x, 32767);
}

#[test]
fn a_button_that_is_down_keeps_it_where_it_is() {
    let mut desk = row();
    desk.button(Edge::Down);
    desk.shift(560, 0);
    push(&mut desk, 200);
    assert_eq!(desk.state().node, None);
    desk.button(Edge::Up);
    push(&mut desk, 200);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    desk.ack("office");
    desk.button(Edge::Down);
    desk.shift(-5000, 0);
    push(&mut desk, -200);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}

#[test]
fn an_edge_never_steals() {
    let mut desk = row();
    desk.step(Event::Hid("office".into(), busy(8, 5)));
    desk.shift(560, 0);
    for _ in 0..50 {
        push(&mut desk, 200);
    }
    assert_eq!(desk.state().node, None);
    assert!(desk
        .state()
        .notice
        .expect("told")
        .contains("at work at office"));
}

#[test]
fn a_wall_without_a_neighbour_is_a_wall() {
    let mut desk = row();
    desk.shift(-5000, -5000);
    push(&mut desk, -500);
    assert_eq!(desk.state().node, None);
}

#[test]
fn after_a_hotkey_the_edges_hold_too() {
    let mut desk = row();
    desk.focus(Some("office"), How::Call).expect("free");
    desk.ack("office");
    desk.shift(-5000, 0);
    push(&mut desk, -60);
    assert_eq!(desk.state().node, None);
}
