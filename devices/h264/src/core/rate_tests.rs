//! Links in virtual time: a picture whose bytes follow from its quantiser, as an encoder's do.

use super::*;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);
const FREE: H264Settings = H264Settings {
    max_rate: 0,
    max_kbit: 0,
};

/// Bytes of a frame that has so many at [`MOVING`].
fn unit(fine: usize, Quantiser(quantiser): Quantiser) -> usize {
    let coarser = f64::from(quantiser) - f64::from(MOVING.0);
    (fine as f64 / (coarser / 6.0).exp2()) as usize
}

/// A second at 30 frames; how many left, and their bytes. Web tells only of links that are full.
fn second(rate: &mut Rate, from: u32, fine: usize, load: LinkLoad) -> (usize, usize) {
    let (mut frames, mut bytes) = (0, 0);
    for frame in 0..30 {
        let now = MS * (from * 1000 + frame * 33);
        if frame % 15 == 0 && load != NONE {
            rate.told("web", load, now);
        }
        if rate.admits(now) {
            let length = unit(fine, rate.moving());
            rate.spent(length, now);
            (frames, bytes) = (frames + 1, bytes + length);
        }
    }
    (frames, bytes)
}

fn run(
    rate: &mut Rate,
    seconds: std::ops::Range<u32>,
    fine: usize,
    load: LinkLoad,
) -> (usize, usize) {
    seconds
        .map(|at| second(rate, at, fine, load))
        .last()
        .unwrap_or_default()
}

const NONE: LinkLoad = LinkLoad {
    slowest: None,
    fastest: None,
};

fn all(bytes: u32) -> LinkLoad {
    LinkLoad {
        slowest: Some(bytes),
        fastest: Some(bytes),
    }
}

#[test]
fn while_all_links_keep_up_nothing_is_held_back() {
    let mut rate = Rate::new(FREE);
    assert_eq!(run(&mut rate, 0..5, 100_000, NONE).0, 30);
    assert_eq!(rate.moving(), MOVING);
}

#[test]
fn a_slow_link_gets_a_coarser_picture_and_most_of_its_frames() {
    let mut rate = Rate::new(FREE);
    let (frames, bytes) = run(&mut rate, 0..6, 20_000, all(200_000));
    assert!(bytes <= 200_000, "{bytes}");
    assert!(frames >= 24, "{frames}");
    assert!(rate.moving() > MOVING);
}

#[test]
fn a_very_slow_link_gets_fewer_frames_too() {
    let mut rate = Rate::new(FREE);
    let (frames, bytes) = run(&mut rate, 0..6, 100_000, all(50_000));
    assert_eq!(rate.moving(), COARSEST);
    assert!((1..20).contains(&frames), "{frames}");
    assert!(bytes <= 80_000, "{bytes}");
}

#[test]
fn a_slow_link_beside_a_fast_one_costs_that_no_frame() {
    let mut rate = Rate::new(FREE);
    let load = LinkLoad {
        slowest: Some(50_000),
        fastest: None,
    };
    assert_eq!(run(&mut rate, 0..6, 100_000, load).0, 30);
    assert!(rate.moving() > MOVING);
}

#[test]
fn when_the_link_is_free_again_the_picture_becomes_fine_again() {
    let mut rate = Rate::new(FREE);
    run(&mut rate, 0..6, 50_000, all(100_000));
    let (frames, _) = run(&mut rate, 6..30, 50_000, NONE);
    assert_eq!((frames, rate.moving()), (30, MOVING));
}

/// A limit that was told while a large frame was under way says too little: what is typed then has to be seen.
#[test]
fn a_large_frame_under_a_low_limit_holds_the_next_up_for_a_moment_only() {
    let mut rate = Rate::new(FREE);
    rate.told("web", all(10_000), MS);
    rate.spent(200_000, MS);
    assert!(!rate.admits(MS * 1000));
    rate.told("web", all(10_000), MS * 3000);
    assert!(rate.admits(MS + SETTLES));
}

#[test]
fn without_a_limit_nothing_waits_for_what_was_sent_under_one() {
    let mut rate = Rate::new(H264Settings {
        max_rate: 0,
        max_kbit: 100,
    });
    rate.spent(200_000, MS);
    assert!(!rate.admits(MS * 2));
    rate.set(FREE);
    assert!(rate.admits(MS * 2));
}

#[test]
fn when_the_slow_one_is_gone_it_is_forgotten_at_once() {
    let mut rate = Rate::new(FREE);
    run(&mut rate, 0..6, 50_000, all(10_000));
    assert!(!rate.is_settled(MS * 6000));
    rate.told("web", NONE, MS * 6000);
    assert!(rate.is_settled(MS * 6000) && !rate.is_limited(MS * 6000));
    assert_eq!(second(&mut rate, 6, 50_000, NONE).0, 30);
}

#[test]
fn the_slowest_of_all_callers_decides_on_the_quantiser_and_the_fastest_on_the_frames() {
    let mut rate = Rate::new(FREE);
    rate.read_by(2, MS);
    let ends = |rate: &Rate| (rate.aim(MS * 500), rate.pace(MS * 500));
    let told = |bytes: f64| Some(bytes * SHARE);
    rate.told("peer", all(30_000), MS);
    assert_eq!(ends(&rate), (told(30_000.0), None), "web's pages keep up");
    rate.told("web", all(90_000), MS);
    assert_eq!(ends(&rate), (told(30_000.0), told(90_000.0)));
    rate.told("web", NONE, MS);
    assert_eq!(
        ends(&rate),
        (told(30_000.0), None),
        "peer is still believed"
    );
    rate.told("web", all(10_000), MS);
    rate.read_by(1, MS);
    assert_eq!(ends(&rate), (None, None), "who stays tells again");
    rate.told("peer", all(30_000), MS);
    assert_eq!(ends(&rate), (told(30_000.0), told(30_000.0)));
}

#[test]
fn of_callers_there_are_only_so_many_and_who_told_long_ago_makes_room() {
    let mut rate = Rate::new(FREE);
    for caller in 0..100 {
        rate.told(&caller.to_string(), all(20_000), MS);
    }
    assert_eq!(rate.links.len(), CALLERS_MOST);
    let later = MS * 100_000;
    rate.told("late", all(10_000), later);
    assert_eq!(rate.links.len(), 1);
}

#[test]
fn what_is_asked_for_is_kept_to() {
    let mut rate = Rate::new(H264Settings {
        max_rate: 0,
        max_kbit: 800,
    });
    let (_, bytes) = run(&mut rate, 0..6, 50_000, NONE);
    assert!((50_000..=115_000).contains(&bytes), "{bytes}");
    assert!(rate.kbit(MS * 5999) <= 920);
}

/// Links as they are, and whatever else may be told.
fn carried() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..100_000, any::<u32>()]
}

proptest! {
    #[test]
    fn no_link_brings_it_down(told in prop::collection::vec((carried(), carried(), 0_usize..2_000_000, 0_u64..5_000), 0..60)) {
        let mut rate = Rate::new(FREE);
        let mut now = Duration::ZERO;
        for (slowest, fastest, bytes, wait) in told {
            now += Duration::from_millis(wait);
            rate.told("web", LinkLoad { slowest: Some(slowest), fastest: Some(fastest) }, now);
            if rate.admits(now) {
                rate.spent(bytes, now);
            }
            prop_assert!((MOVING..=COARSEST).contains(&rate.moving()));
        }
        // Whatever was told: in a while there is a picture again.
        prop_assert!(rate.admits(now + SETTLES));
    }
}
