//! Taking, losing, giving back.

use super::desk::{busy, hid, peer, peers, Desk, HOLDER, KEYBOARD, MOUSE};
use dkvm_input::{
    config::Config,
    core::{
        types::{Edge, Event},
        How, Refusal,
    },
};
use dkvm_wire::vocab::{
    desk::Grab,
    input::{InputAck, Step},
    peer::{LinkState, PeerState},
};

#[test]
fn a_hotkey_takes_the_focus_and_grabs_when_all_keys_are_up() {
    let mut desk = Desk::new();
    for key in ["leftctrl", "leftalt", "2"] {
        desk.press(key);
    }
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    assert_eq!(desk.state().grab, Grab::Waiting);
    assert!(!desk.grabbed.contains(&KEYBOARD), "it holds the chord");
    let claim = desk.last("office");
    assert_eq!((claim.holder, claim.focus), (HOLDER, 9));
    assert!(claim.steps.is_empty() && claim.keys.is_empty());
    for key in ["2", "leftalt", "leftctrl"] {
        desk.release(key);
    }
    assert_eq!(desk.state().grab, Grab::Grabbed);
    assert_eq!(desk.grabbed.len(), 2);
    desk.tap("a");
    assert_eq!(desk.last("office").steps.len(), 2);
}

#[test]
fn a_key_that_stays_down_holds_it_up_for_two_seconds() {
    let mut desk = Desk::new();
    desk.press("w");
    desk.focus(Some("office"), How::Call).expect("free");
    assert!(!desk.grabbed.contains(&KEYBOARD));
    desk.ack("office");
    desk.wait(1900);
    assert!(!desk.grabbed.contains(&KEYBOARD));
    desk.wait(200);
    assert!(desk.grabbed.contains(&KEYBOARD));
    assert_eq!(
        desk.let_up,
        [(KEYBOARD, vec![17])],
        "it is not left with it"
    );
    desk.release("w");
    assert!(desk.sent.iter().all(|(_, state)| state.steps.is_empty()));
}

#[test]
fn what_is_held_at_a_late_grab_is_nobodys_though_the_keyboard_tells_it_again() {
    let mut desk = Desk::new();
    desk.press("w");
    desk.focus(Some("office"), How::Call).expect("free");
    desk.wait(2100);
    desk.ack("office");
    desk.press("w");
    desk.release("w");
    assert!(desk.sent.iter().all(|(_, state)| state.steps.is_empty()));
    desk.tap("w");
    assert_eq!(desk.last("office").steps.len(), 2);
}

#[test]
fn what_is_held_when_it_comes_home_late_is_not_repeated_here() {
    let mut desk = Desk::at("office");
    desk.press("w");
    desk.focus(None, How::Call).expect("always");
    desk.wait(1900);
    assert!(desk.let_up.is_empty());
    desk.wait(200);
    assert!(desk.grabbed.is_empty());
    assert_eq!(desk.let_up, [(KEYBOARD, vec![17])]);
}

#[test]
fn the_release_chord_needs_nobody() {
    let mut desk = Desk::at("office");
    // No link, no answer.
    desk.step(Event::PeersGone);
    desk.press("a");
    desk.press("leftctrl");
    desk.press("rightctrl");
    assert_eq!(desk.state().node, None);
    let last = desk.last("office").clone();
    assert!(last.keys.is_empty());
    assert!(
        !last
            .steps
            .iter()
            .any(|step| matches!(step, Step::Key { usage: 0xe4, .. })),
        "the chord's last key never went there"
    );
    assert_eq!(desk.state().grab, Grab::Waiting);
    for key in ["rightctrl", "leftctrl", "a"] {
        desk.release(key);
    }
    assert_eq!(desk.state().grab, Grab::Free);
    assert!(desk.grabbed.is_empty());
    desk.sent.clear();
    desk.wait(3000);
    let count = desk.sent.len();
    assert!((8..=14).contains(&count), "said for a second: {count}");
}

#[test]
fn the_last_word_is_said_until_it_is_heard() {
    let mut desk = Desk::at("office");
    desk.press("a");
    desk.focus(None, How::Call).expect("always");
    desk.ack("office");
    desk.sent.clear();
    desk.wait(3000);
    assert!(desk.sent.is_empty());
    assert!(desk.core.is_done());
}

#[test]
fn the_hotkey_of_the_target_that_is_worked_leads_home() {
    let mut desk = Desk::new();
    desk.hotkey("2");
    desk.ack("office");
    desk.press("a");
    desk.hotkey("2");
    assert_eq!(desk.state().node, None);
    assert!(desk.last("office").keys.is_empty());
    desk.release("a");
    assert!(desk.grabbed.is_empty());
}

#[test]
fn from_one_target_to_another_without_passing_here() {
    let mut desk = Desk::at("office");
    desk.press("leftctrl");
    desk.press("leftalt");
    desk.press("1");
    assert_eq!(desk.state().node.as_deref(), Some("lab"));
    assert!(desk.last("office").keys.is_empty(), "nothing stays there");
    for key in ["1", "leftalt", "leftctrl"] {
        desk.release(key);
    }
    desk.tap("b");
    let lab = desk.last("lab");
    assert_eq!((lab.focus, lab.steps.len()), (4, 2), "only the b");
    assert_eq!(desk.grabbed.len(), 2);
    assert!(desk.let_up.is_empty());
}

#[test]
fn who_is_at_work_is_not_pushed_away_by_one_press() {
    let mut desk = Desk::new();
    desk.step(Event::Hid("office".into(), busy(8, 5)));
    desk.hotkey("2");
    assert_eq!(desk.state().node, None);
    let notice = desk.state().notice.expect("told");
    assert!(notice.contains("its page is at work at office"), "{notice}");
    desk.wait(2500);
    desk.hotkey("2");
    assert_eq!(desk.state().node, None, "the first press again");
    desk.wait(500);
    desk.hotkey("2");
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}

#[test]
fn a_call_is_refused_unless_it_steals() {
    let mut desk = Desk::new();
    desk.step(Event::Hid("office".into(), busy(8, 5)));
    let refusal = desk.focus(Some("office"), How::Call);
    assert!(matches!(refusal, Err(Refusal::Busy { hint, .. }) if hint.contains("--steal")));
    desk.focus(Some("office"), How::Steal).expect("it steals");
    assert_eq!(desk.last("office").focus, 9);
}

#[test]
fn who_was_busy_and_is_ours_is_no_obstacle() {
    let mut desk = Desk::new();
    desk.step(Event::Hid("office".into(), busy(8, HOLDER)));
    desk.focus(Some("office"), How::Call).expect("ours");
}

#[test]
fn its_own_last_life_is_no_obstacle() {
    let mut desk = Desk::new();
    desk.core.succeed(5);
    desk.step(Event::Hid("office".into(), busy(8, 5)));
    desk.hotkey("2");
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}

fn ack(focus: u32) -> Event {
    let ack = InputAck {
        holder: HOLDER,
        seq: 1,
        steps: 0,
        focus,
        lost: 0,
    };
    Event::Ack("office".into(), ack)
}

#[test]
fn it_is_lost_to_whoever_takes_it_and_that_is_told() {
    let mut desk = Desk::at("office");
    desk.press("a");
    desk.step(ack(10));
    assert_eq!(desk.state().node, None);
    desk.step(Event::Hid("office".into(), hid(10, 5)));
    let state = desk.state();
    assert_eq!(state.taken.expect("told").by, "web");
    assert!(state.notice.expect("told").contains("taken by its page"));
    desk.sent.clear();
    desk.release("a");
    desk.wait(2000);
    assert!(desk.sent.is_empty(), "nothing is said to it any more");
    assert_eq!(desk.state().grab, Grab::Free);
}

#[test]
fn it_is_lost_by_a_state_as_well() {
    let mut desk = Desk::at("office");
    desk.step(Event::Hid("office".into(), hid(10, 5)));
    assert_eq!(desk.state().node, None);
}

#[test]
fn an_old_epoch_is_followed_by_a_higher_one() {
    let mut desk = Desk::new();
    desk.focus(Some("office"), How::Call).expect("free");
    desk.step(ack(30));
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    assert_eq!(desk.last("office").focus, 31);
    desk.ack("office");
    desk.step(ack(40));
    assert_eq!(desk.state().node, None, "granted once, it is lost");
}

#[test]
fn two_that_take_at_once_end_with_one() {
    let mut desk = Desk::new();
    desk.focus(Some("office"), How::Call).expect("free");
    for round in 0..10 {
        desk.step(ack(100 + 10 * round));
    }
    assert_eq!(desk.state().node, None, "it does not fight for ever");
}

#[test]
fn a_node_that_forgot_is_told_again() {
    let mut desk = Desk::at("office");
    desk.press("a");
    desk.ack("office");
    desk.step(Event::HidGone("office".into()));
    desk.sent.clear();
    desk.step(Event::Hid("office".into(), hid(0, 0)));
    assert_eq!(desk.last("office").keys, [4]);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}

#[test]
fn a_link_that_is_away_for_three_seconds_gives_back() {
    for gone in [
        Event::Peers(down()),
        Event::HidGone("office".into()),
        Event::PeersGone,
    ] {
        let mut desk = Desk::at("office");
        desk.step(gone.clone());
        desk.wait(2900);
        assert_eq!(desk.state().node.as_deref(), Some("office"), "{gone:?}");
        desk.wait(200);
        assert_eq!(desk.state().node, None, "{gone:?}");
        assert!(desk.state().notice.expect("told").contains("here again"));
        assert!(desk.grabbed.is_empty());
    }
}

fn down() -> PeerState {
    let mut office = peer("office");
    office.link = LinkState::Stalled;
    PeerState {
        peers: vec![peer("lab"), office],
        ..PeerState::default()
    }
}

#[test]
fn a_link_that_comes_back_in_time_changes_nothing() {
    let mut desk = Desk::at("office");
    desk.step(Event::Peers(down()));
    desk.press("a");
    desk.wait(2000);
    desk.step(Event::Peers(peers(&["office", "lab"])));
    for _ in 0..50 {
        desk.ack("office");
        desk.wait(100);
    }
    assert_eq!(desk.last("office").keys, [4]);
    assert_eq!(desk.state().node.as_deref(), Some("office"));
}

#[test]
fn silence_gives_back_too() {
    let mut desk = Desk::at("office");
    desk.tap("a");
    desk.wait(3100);
    assert_eq!(desk.state().node, None);
    assert!(desk
        .state()
        .notice
        .expect("told")
        .contains("does not answer"));
}

#[test]
fn a_forgotten_node_is_left_at_once() {
    let mut desk = Desk::at("office");
    desk.step(Event::Peers(peers(&["lab"])));
    assert_eq!(desk.state().node, None);
}

#[test]
fn what_cannot_be_reached_is_told() {
    let mut desk = Desk::new();
    desk.step(Event::Peers(down()));
    desk.hotkey("2");
    assert_eq!(desk.state().node, None);
    assert!(desk.state().notice.expect("told").contains("office"));
    let refusal = desk
        .focus(Some("attic"), How::Call)
        .expect_err("not paired");
    assert!(refusal.to_string().contains("dkvm pair attic"), "{refusal}");
    let mut mute = peer("office");
    mute.granted = vec![];
    let state = PeerState {
        peers: vec![mute],
        ..PeerState::default()
    };
    desk.step(Event::Peers(state));
    let refusal = desk.focus(Some("office"), How::Call).expect_err("no grant");
    assert!(refusal.to_string().contains("does not let this node type"));
}

#[test]
fn what_was_not_taken_in_an_earlier_turn_is_not_typed_in_a_later_one() {
    let mut desk = Desk::at("office");
    desk.tap("a");
    desk.focus(None, How::Call).expect("always");
    desk.wait(2000);
    desk.focus(Some("office"), How::Call).expect("free");
    assert!(desk.last("office").steps.is_empty());
    assert_eq!(desk.last("office").first, 2);
}

#[test]
fn a_quick_return_types_what_is_under_way() {
    let mut desk = Desk::at("office");
    desk.tap("a");
    desk.focus(None, How::Call).expect("always");
    desk.wait(100);
    desk.focus(Some("office"), How::Call).expect("free");
    assert_eq!(desk.last("office").steps.len(), 2);
}

#[test]
fn a_key_pressed_while_it_is_grabbed_stays_this_machines() {
    let mut desk = Desk::new();
    // Linux knows of it, word of it is on its way.
    desk.down.insert((KEYBOARD, 30));
    desk.focus(Some("office"), How::Call).expect("free");
    assert!(!desk.grabbed.contains(&KEYBOARD), "given back at once");
    assert!(desk.grabbed.contains(&MOUSE));
    desk.press("a");
    desk.release("a");
    assert!(desk.grabbed.contains(&KEYBOARD));
    assert!(desk.sent.iter().all(|(_, state)| state.steps.is_empty()));
}

#[test]
fn what_another_program_has_grabbed_is_told() {
    let mut desk = Desk::new();
    desk.broken = Some("Keys is grabbed by another program".into());
    desk.focus(Some("office"), How::Call).expect("free");
    assert!(desk
        .state()
        .problem
        .expect("told")
        .contains("another program"));
    desk.tap("a");
    assert!(desk.sent.iter().all(|(_, state)| state.steps.is_empty()));
}

#[test]
fn the_order_of_the_hotkeys_can_be_configured() {
    let mut desk = Desk::with(Config {
        targets: vec!["office".into()],
        ..Config::default()
    });
    desk.hotkey("1");
    assert_eq!(desk.state().node.as_deref(), Some("office"));
    let named: Vec<String> = desk
        .state()
        .targets
        .into_iter()
        .map(|one| one.node)
        .collect();
    assert_eq!(named, ["office", "lab"]);
}

#[test]
fn why_nothing_can_be_read_is_told() {
    let mut desk = Desk::new();
    desk.step(Event::Trouble(Some(
        "put the user into the group input".into(),
    )));
    assert!(desk.state().problem.expect("told").contains("group input"));
    desk.step(Event::Trouble(None));
    assert_eq!(desk.state().problem, None);
}

#[test]
fn the_end_leaves_nothing_down() {
    let mut desk = Desk::at("office");
    desk.button(Edge::Down);
    desk.step(Event::Goodbye);
    assert_eq!(desk.last("office").buttons, 0);
    desk.ack("office");
    assert!(desk.core.is_done());
}
