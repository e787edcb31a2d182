//! A viewer and its link, in virtual time.

use super::*;
use proptest::prelude::*;

fn unit(number: u64, key: bool, length: usize) -> Arc<Unit> {
    Arc::new(Unit {
        info: FrameInfo {
            sequence: number,
            ..FrameInfo::default()
        },
        key,
        bytes: vec![0; length].into(),
    })
}

fn numbers(lane: &mut Lane) -> Vec<u64> {
    numbers_at(lane, at(0))
}

fn numbers_at(lane: &mut Lane, now: Moment) -> Vec<u64> {
    std::iter::from_fn(|| lane.take(now))
        .map(|unit| unit.info.sequence)
        .collect()
}

/// ms.
fn at(ms: u64) -> Moment {
    Moment(1000).after(Duration::from_millis(ms))
}

#[test]
fn nothing_is_shown_before_a_key_frame() {
    let mut lane = Lane::new(at(0));
    lane.offer(&unit(1, false, 10), at(1));
    assert!(numbers(&mut lane).is_empty());
    lane.offer(&unit(2, true, 10), at(2));
    lane.offer(&unit(3, false, 10), at(3));
    assert_eq!(numbers(&mut lane), [2, 3]);
}

#[test]
fn who_falls_behind_loses_all_until_the_next_key_frame() {
    let mut lane = Lane::new(at(0));
    lane.offer(&unit(0, true, 10), at(0));
    let mut asked = 0;
    for number in 1..100 {
        asked += usize::from(lane.offer(&unit(number, false, 10), at(number)) == Ask::KeyFrame);
        numbers(&mut lane);
    }
    assert_eq!(asked, 0, "with a link that is full nothing is asked for");
    for _ in 0..CREDITS {
        asked += usize::from(lane.shown(at(2000)) == Ask::KeyFrame);
    }
    assert_eq!((asked, numbers(&mut lane).len()), (1, 0));
    lane.offer(&unit(200, true, 10), at(2001));
    lane.offer(&unit(201, false, 10), at(2002));
    assert_eq!(numbers(&mut lane), [200, 201]);
}

#[test]
fn who_falls_behind_again_and_again_asks_less_and_less() {
    let mut lane = Lane::new(at(0));
    let mut asked = 0;
    for ms in (0..60_000).step_by(10) {
        if lane.offer(&unit(ms, false, 10), at(ms)) == Ask::KeyFrame {
            asked += 1;
            lane.offer(&unit(ms, true, 10), at(ms));
            lane.lose(at(ms));
        }
    }
    assert!((7..=12).contains(&asked), "{asked}");
}

/// It fell behind just before all came to rest: nothing is offered any more, and all answers came before it might ask again.
#[test]
fn a_lost_chain_is_asked_for_without_another_frame() {
    let mut lane = Lane::new(at(0));
    lane.offer(&unit(0, true, 10), at(0));
    lane.lose(at(1000));
    assert_eq!(lane.offer(&unit(1, false, 10), at(2000)), Ask::KeyFrame);
    lane.offer(&unit(2, true, 10), at(2100));
    numbers(&mut lane);
    lane.lose(at(2200));
    assert_eq!(lane.shown(at(2300)), Ask::Nothing);
    assert_eq!(lane.ask(at(2400)), Ask::Nothing);
    assert_eq!(lane.ask(at(2000 + 4000)), Ask::KeyFrame);
    assert_eq!(lane.ask(at(2000 + 4001)), Ask::Nothing);
}

#[test]
fn a_key_frame_makes_what_waits_useless() {
    let mut lane = Lane::new(at(0));
    lane.offer(&unit(1, true, 10), at(0));
    lane.offer(&unit(2, false, 10), at(1));
    lane.offer(&unit(3, true, 10), at(2));
    assert_eq!(numbers(&mut lane), [3]);
}

#[test]
fn a_link_that_is_full_tells_what_it_carries_whether_its_chain_holds_or_not() {
    let mut lane = Lane::new(at(0));
    lane.offer(&unit(0, true, 1000), at(0));
    let mut loads = Vec::new();
    // 1000 bytes each 10 ms are offered, and each 100 ms as many arrive: 10 kB a second.
    for step in 1..=300 {
        let now = at(step * 10);
        lane.offer(&unit(step, step == 150, 1000), now);
        numbers_at(&mut lane, now);
        if step % 10 == 0 {
            lane.shown(now);
        }
        if step % 50 == 0 {
            loads.push(lane.load(now));
        }
    }
    assert_eq!(loads[0], Load::KeepsUp, "it was empty at first");
    let told: Vec<u32> = loads
        .iter()
        .filter_map(|load| match load {
            Load::Carries(bytes) => Some(*bytes),
            Load::KeepsUp | Load::Unknown => None,
        })
        .collect();
    assert!(told.len() >= 2, "{loads:?}");
    assert!(
        told.iter().all(|bytes| (9_000..=11_500).contains(bytes)),
        "{loads:?}"
    );
}

#[test]
fn a_link_that_keeps_up_and_one_that_sleeps_tell_nothing() {
    let mut lane = Lane::new(at(0));
    for step in 0..100 {
        lane.offer(&unit(step, step == 0, 1000), at(step * 10));
        numbers_at(&mut lane, at(step * 10));
        lane.shown(at(step * 10 + 1));
    }
    assert_eq!(lane.load(at(1000)), Load::KeepsUp);
    for step in 100..120 {
        lane.offer(&unit(step, false, 1000), at(step * 10));
        numbers_at(&mut lane, at(step * 10));
    }
    lane.load(at(1200));
    assert_eq!(lane.load(at(1700)), Load::Unknown);
    assert!(!lane.is_stalled(at(1700)) && lane.is_stalled(at(4000)));
}

proptest! {
    /// Whatever comes: what is sent is a chain, and little waits.
    #[test]
    fn no_viewer_is_sent_a_gap(steps in prop::collection::vec((0_u8..8, 1_usize..600_000), 1..400)) {
        let mut lane = Lane::new(at(0));
        let mut last = None;
        for (number, (what, length)) in steps.into_iter().enumerate() {
            let (number, now) = (number as u64, at(number as u64 * 7));
            match what {
                0 => lane.lose(now),
                1 => drop(lane.shown(now)),
                2 => drop(lane.load(now)),
                _ => drop(lane.offer(&unit(number, what == 3, length), now)),
            }
            prop_assert!(lane.waiting.len() <= WAITING_MAX && lane.under_way.len() <= CREDITS);
            if what % 2 == 0 {
                while let Some(unit) = lane.take(now) {
                    prop_assert!(unit.key || last.is_some());
                    last = Some(unit.info.sequence);
                }
            }
        }
    }
}
