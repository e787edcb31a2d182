//! Frames in virtual time.

use super::*;

const MS: Duration = Duration::from_millis(1);
const FREE: H264Settings = H264Settings {
    max_rate: 0,
    max_kbit: 0,
};

fn watched() -> Policy {
    let mut policy = Policy::new(FREE);
    policy.demand(1, Duration::ZERO);
    policy
}

/// Frames at 60 Hz for so many milliseconds; what was made of them.
fn run(policy: &mut Policy, change: Change, from: u32, to: u32) -> Vec<(Kind, Quantiser)> {
    let mut made = Vec::new();
    for at in (from..to).step_by(16).map(|ms| MS * ms) {
        if !policy.is_due(at, at) {
            continue;
        }
        if let Verdict::Encode(kind, quantiser) = policy.judge(change, at) {
            policy.made(kind, quantiser, 1000, at);
            made.push((kind, quantiser));
        }
    }
    made
}

fn keys(made: &[(Kind, Quantiser)]) -> usize {
    made.iter().filter(|(kind, _)| *kind == Kind::Key).count()
}

#[test]
fn nobody_watches_nothing_is_done() {
    assert_eq!(run(&mut Policy::new(FREE), Change::Changed, 0, 1000), []);
}

#[test]
fn the_first_frame_is_a_key_frame_and_no_other() {
    let made = run(&mut watched(), Change::Changed, 0, 1000);
    assert_eq!((made[0].0, keys(&made), made.len()), (Kind::Key, 1, 63));
}

#[test]
fn a_still_picture_becomes_fine_and_then_costs_nothing() {
    let mut policy = watched();
    let made = run(&mut policy, Change::Same, 0, 5000);
    let quantisers: Vec<u8> = made.iter().map(|(_, quantiser)| quantiser.0).collect();
    assert_eq!(quantisers, [24, 18, 14]);
    assert_eq!(run(&mut policy, Change::Same, 5000, 60_000), []);
}

#[test]
fn over_a_slow_link_it_becomes_fine_slowly() {
    let mut policy = watched();
    let load = LinkLoad {
        slowest: Some(2_000),
        fastest: None,
    };
    policy.link("web", load, MS);
    let made = run(&mut policy, Change::Same, 0, 400);
    assert!((2..=3).contains(&made.len()), "{made:?}");
    assert_eq!(made[1], (Kind::Delta, Quantiser(22)));
    let made = run(&mut policy, Change::Same, 400, 20_000);
    assert_eq!(made.last().map(|(_, quantiser)| *quantiser), Some(RESTING));
}

#[test]
fn a_picture_that_moves_is_not_made_finer_in_between() {
    let mut policy = watched();
    run(&mut policy, Change::Same, 0, 1000);
    for step in 0..20 {
        let from = 1000 + step * 160;
        run(&mut policy, Change::Changed, from, from + 1);
        assert_eq!(run(&mut policy, Change::Same, from + 16, from + 160), []);
    }
}

#[test]
fn a_new_reader_gets_a_key_frame_of_a_still_picture_at_once() {
    let mut policy = watched();
    run(&mut policy, Change::Same, 0, 1000);
    policy.demand(2, Duration::ZERO);
    assert_eq!(keys(&run(&mut policy, Change::Same, 1000, 1001)), 1);
}

#[test]
fn key_frames_that_are_asked_for_have_their_distance() {
    let mut policy = watched();
    let mut made = Vec::new();
    for at in (0..5000).step_by(16) {
        policy.ask_key();
        made.extend(run(&mut policy, Change::Changed, at, at + 1));
    }
    assert!((9..=10).contains(&keys(&made)), "{}", keys(&made));
    assert_eq!(made.len(), 313, "the others go on in between");
}

#[test]
fn a_chain_that_broke_begins_anew_at_once() {
    let mut policy = watched();
    run(&mut policy, Change::Changed, 0, 100);
    policy.broke();
    assert_eq!(keys(&run(&mut policy, Change::Changed, 112, 300)), 1);
}

#[test]
fn who_makes_nothing_wants_nothing_and_says_why() {
    let mut policy = watched();
    for at in (0..3000).step_by(16) {
        policy.failed("too wide", MS * at);
    }
    assert!(!policy.is_wanted());
    assert_eq!(run(&mut policy, Change::Changed, 3000, 3100), []);
    let detail = policy.news(MS * 3100).expect("told").detail;
    assert!(detail.is_some_and(|detail| detail.contains("too wide")));
}

#[test]
fn the_rate_has_its_limit() {
    let mut policy = watched();
    policy.set(H264Settings {
        max_rate: 10,
        max_kbit: 0,
    });
    let sent = run(&mut policy, Change::Changed, 0, 10_000).len();
    assert!((98..=102).contains(&sent), "{sent}");
}

#[test]
fn the_last_frame_is_let_go_when_no_other_comes() {
    let mut policy = watched();
    run(&mut policy, Change::Changed, 0, 17);
    assert!(!policy.lets_go(MS * 500));
    assert!(policy.lets_go(MS * 1016));
    policy.demand(0, Duration::ZERO);
    assert!(policy.lets_go(MS * 20));
}

#[test]
fn state_is_told_when_it_changes_and_only_then() {
    let mut policy = watched();
    assert!(policy.news(MS).is_some());
    assert_eq!(policy.news(MS * 2), None);
    run(&mut policy, Change::Changed, 16, 1500);
    let state = policy.news(MS * 1500).expect("a rate");
    assert!((60..=64).contains(&state.rate), "{}", state.rate);
    assert!((450..=550).contains(&state.kbit), "{}", state.kbit);
    assert_eq!(policy.news(MS * 1501), None);
}
