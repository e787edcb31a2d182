//! Several nodes at one PC, as one target.

use super::desk::{hid, peers, Desk, HOLDER};
use dkvm_input::{
    config::{Config, DeskConfig, HeadConfig, Neighbour},
    core::{pointer::Side, types::Event, How},
};
use dkvm_wire::vocab::peer::LinkState;

fn head(node: &str, at: (i32, i32)) -> HeadConfig {
    HeadConfig {
        node: node.into(),
        at,
        size: None,
    }
}

/// `pc` of office, which has the keyboard, and at its right lab.
fn config() -> Config {
    let heads = vec![head("office", (0, 0)), head("lab", (1000, 0))];
    Config {
        screen: (1000, 500),
        desk: [("pc".to_owned(), DeskConfig { heads })].into(),
        ..Config::default()
    }
}

fn desk() -> Desk {
    desk_of(config())
}

fn desk_of(config: Config) -> Desk {
    let mut desk = Desk::with(config);
    desk.step(Event::Screen("office".into(), (1000, 500)));
    desk.step(Event::Screen("lab".into(), (1000, 500)));
    desk
}

/// Input goes to the desk; the messages to its first head.
fn go(desk: &mut Desk) {
    desk.focus(Some("pc"), How::Call).expect("it is free");
    desk.ack("office");
    desk.sent.clear();
}

#[test]
fn they_are_one_target_by_the_desks_name() {
    let mut desk = desk();
    let state = desk.state();
    let names: Vec<&str> = state.targets.iter().map(|one| &*one.node).collect();
    assert_eq!(names, ["pc"]);
    let heads = &state.targets[0].heads;
    assert_eq!((&*heads[0].node, heads[0].at), ("office", (0, 0)));
    assert_eq!((&*heads[1].node, heads[1].at), ("lab", (1000, 0)));
    assert!(state.targets[0].up, "{state:?}");
    desk.hotkey("1");
    assert_eq!(desk.state().node.as_deref(), Some("pc"));
    desk.ack("office");
    desk.tap("a");
    assert_eq!(desk.last("office").steps.len(), 2);
    assert!(desk.sent.iter().all(|(node, _)| node == "office"));
    desk.step(Event::Hid("office".into(), hid(9, HOLDER)));
    desk.step(Event::Hid("lab".into(), hid(40, 5)));
    assert_eq!(
        desk.state().node.as_deref(),
        Some("pc"),
        "lab's keyboard is nothing to it"
    );
    desk.chord(&["leftctrl", "rightctrl"]);
    assert_eq!(desk.state().node, None);
}

#[test]
fn a_head_is_no_target() {
    let mut desk = desk();
    let refusal = desk
        .focus(Some("lab"), How::Call)
        .expect_err("it is a head");
    assert!(refusal.to_string().contains("dkvm focus pc"), "{refusal}");
    let refusal = desk
        .focus(Some("office"), How::Call)
        .expect_err("it is a head");
    assert!(refusal.to_string().contains("dkvm focus pc"), "{refusal}");
}

#[test]
fn the_pointer_goes_over_all_of_it() {
    let mut desk = desk();
    go(&mut desk);
    desk.shift(-5000, -5000);
    desk.shift(999, 0);
    let middle = desk.last("office").at.expect("absolute").x;
    assert!((16_300..16_400).contains(&middle), "{middle}");
    desk.shift(1000, 0);
    assert_eq!(desk.last("office").at.expect("absolute").x, 32767);
}

#[test]
fn a_screen_that_changes_makes_the_box_another() {
    let mut desk = desk();
    go(&mut desk);
    desk.step(Event::Screen("lab".into(), (3000, 1000)));
    desk.shift(-9000, -9000);
    desk.shift(2000, 500);
    let at = desk.last("office").at.expect("absolute");
    assert!(
        (16_300..16_500).contains(&at.x) && (16_300..16_500).contains(&at.y),
        "{at:?}"
    );
}

#[test]
fn screens_that_lie_over_each_other_are_told() {
    let mut desk = desk();
    assert_eq!(desk.state().problem, None);
    desk.step(Event::Screen("office".into(), (1920, 500)));
    let problem = desk.state().problem.expect("it is told");
    assert!(
        problem.contains("office has 1920 × 500 pixels, and lab stands at 1000, 0"),
        "{problem}"
    );
}

#[test]
fn who_is_paired_has_to_be_known_first() {
    let core = dkvm_input::core::Core::new(config(), HOLDER).expect("right");
    let detail = core.state().targets[0].detail.clone().expect("why");
    assert!(detail.contains("not known yet"), "{detail}");
}

#[test]
fn places_may_be_left_of_the_first_and_sizes_be_configured() {
    let mut config = config();
    let heads = &mut config.desk.get_mut("pc").expect("it").heads;
    heads[0].size = Some((1000, 500));
    heads[1].at = (-1000, -500);
    heads[1].size = Some((1000, 500));
    let mut desk = Desk::with(config);
    go(&mut desk);
    desk.shift(-9000, -9000);
    desk.shift(1999, 999);
    let at = desk.last("office").at.expect("absolute");
    assert_eq!((at.x, at.y), (32767, 32767));
}

#[test]
fn edges_are_those_of_all_of_it() {
    let right = Neighbour {
        of: None,
        edge: Side::Right,
        node: "pc".into(),
    };
    let mut desk = desk_of(Config {
        layout: vec![right],
        ..config()
    });
    desk.shift(560, 0);
    for _ in 0..4 {
        desk.shift(60, 0);
    }
    assert_eq!(desk.state().node.as_deref(), Some("pc"));
    desk.ack("office");
    // Over the border between both screens nothing happens.
    for _ in 0..20 {
        desk.shift(60, 0);
    }
    assert_eq!(desk.state().node.as_deref(), Some("pc"));
    for _ in 0..40 {
        if desk.state().node.is_some() {
            desk.shift(-60, 0);
        }
    }
    assert_eq!(desk.state().node, None);
}

#[test]
fn a_head_that_is_not_paired_is_told() {
    let mut desk = desk();
    desk.step(Event::Peers(peers(&["office"])));
    let target = desk.state().targets[0].clone();
    assert!(!target.up);
    let detail = target.detail.expect("why");
    assert!(detail.contains("head lab: dkvm pair lab"), "{detail}");
    desk.step(Event::Peers(peers(&["office", "lab", "pc"])));
    let detail = desk.state().targets[0].detail.clone().expect("why");
    assert!(detail.contains("another one"), "{detail}");
    assert_eq!(desk.state().targets.len(), 1);
}

#[test]
fn another_heads_node_that_is_down_costs_nothing() {
    let mut desk = desk();
    go(&mut desk);
    let mut state = peers(&["office", "lab"]);
    state.peers[1].link = LinkState::Connecting;
    desk.step(Event::Peers(state));
    desk.step(Event::HidGone("lab".into()));
    desk.wait(10_000);
    assert!(desk.state().targets[0].up);
    desk.shift(-5000, 0);
    desk.shift(1999, 0);
    assert_eq!(
        desk.last("office").at.expect("absolute").x,
        32767,
        "as large as it was"
    );
}

#[test]
fn the_first_heads_node_that_is_down_gives_back() {
    let mut desk = desk();
    go(&mut desk);
    let mut state = peers(&["office", "lab"]);
    state.peers[0].link = LinkState::Connecting;
    desk.step(Event::Peers(state));
    desk.wait(4000);
    let state = desk.state();
    assert_eq!(state.node, None);
    assert!(state.notice.expect("why").contains("no link to office"));
    assert!(!state.targets[0].up);
}
