use super::*;
use dkvm_wire::{encode_body, vocab::power::PowerState};
use proptest::prelude::*;

const NOW: Moment = Moment(1000);
const FIRST: Generation = Generation(1);

fn source(name: &str) -> SourceName {
    SourceName::try_from(name).expect("a name")
}

fn power(lit: bool) -> Vec<u8> {
    encode_body(&PowerState {
        buttons: vec![],
        pressed: None,
        power_led: Some(lit),
        disk_led: None,
        wake: vec![],
    })
}

fn layout(name: &str) -> Vec<u8> {
    let state = TypistState {
        holder: 1,
        typing: None,
        last: None,
        layouts: vec![],
        layout: name.to_owned(),
    };
    encode_body(&state)
}

fn tell(targets: &mut Targets, from: &str, body: &[u8], now: Moment) -> Result<(), Untold> {
    tell_life(targets, from, FIRST, body, now)
}

fn tell_life(
    targets: &mut Targets,
    from: &str,
    life: Generation,
    body: &[u8],
    now: Moment,
) -> Result<(), Untold> {
    let what = match from.ends_with("typist") {
        true => (Part::Typist, topics::TYPIST_STATE),
        false => (Part::Power, topics::POWER_STATE),
    };
    targets.tell((&source(from), life), what, body, now)
}

fn is(change: &Change) -> &FarTarget {
    match change {
        Change::Is(target) => target,
        Change::Gone(node) => panic!("{node} is gone"),
    }
}

#[test]
fn each_topic_has_its_part() {
    for topic in [
        topics::HID_STATE,
        topics::GADGET_STATE,
        topics::VIDEO_STATE,
        topics::ENCODE_STATE,
        topics::H264_STATE,
        topics::AUDIO_STATE,
        topics::POWER_STATE,
        topics::TYPIST_STATE,
    ] {
        assert!(Part::of(topic).is_some(), "{topic}");
    }
    assert_eq!(Part::of(topics::UPDATE_STATE), None);
}

#[test]
fn what_a_nodes_devices_tell_is_one_target_and_ends_with_the_last_of_them() {
    let mut targets = Targets::default();
    tell(&mut targets, "office/power", &power(true), NOW).unwrap();
    tell(&mut targets, "office/typist", &layout("de"), NOW).unwrap();
    let due = targets.due(NOW);
    assert_eq!(due.len(), 1);
    let target = is(&due[0]);
    assert_eq!(target.node, "office");
    assert_eq!(target.layout.as_deref(), Some("de"));
    assert!(target.power.is_some() && target.hid.is_none());
    assert!(targets.due(NOW).is_empty());

    assert_eq!(targets.gone(&source("office/power"), FIRST), [Part::Power]);
    let due = targets.due(NOW);
    assert!(is(&due[0]).power.is_none() && is(&due[0]).layout.is_some());
    assert!(targets.gone(&source("office/nothing"), FIRST).is_empty());
    targets.gone(&source("office/typist"), FIRST);
    assert_eq!(targets.due(NOW), [Change::Gone("office".into())]);
    assert_eq!(targets.deadline(), None);
}

#[test]
fn the_end_of_an_earlier_life_takes_nothing_back() {
    let mut targets = Targets::default();
    tell_life(
        &mut targets,
        "office/power",
        Generation(2),
        &power(true),
        NOW,
    )
    .unwrap();
    assert!(targets.gone(&source("office/power"), FIRST).is_empty());
    assert_eq!(targets.teller("office", Part::Power), Some("office/power"));
    assert!(targets.teller("office", Part::Hid).is_none());
}

#[test]
fn one_that_comes_back_before_it_was_told_gone_is_not() {
    let mut targets = Targets::default();
    tell(&mut targets, "office/power", &power(true), NOW).unwrap();
    targets.due(NOW);
    targets.gone(&source("office/power"), FIRST);
    tell(&mut targets, "office/power", &power(true), NOW).unwrap();
    let due = targets.due(NOW);
    assert_eq!((due.len(), &*is(&due[0]).node), (1, "office"));
}

#[test]
fn a_node_that_tells_without_end_is_told_at_a_pace_and_the_latest_of_it() {
    let mut targets = Targets::default();
    let mut told = 0;
    for n in 0..1000 {
        tell(&mut targets, "office/power", &power(n % 2 == 0), NOW).unwrap();
        told += targets.due(NOW).len();
    }
    assert_eq!(told, AT_ONCE as usize);
    let due = targets.deadline().expect("there is more");
    assert_eq!(due, NOW.after(EVERY));
    assert!(targets.due(Moment(due.0 - 1)).is_empty());
    let last = targets.due(due);
    let led = is(&last[0])
        .power
        .as_ref()
        .and_then(|power| power.power_led);
    assert_eq!(led, Some(false));
    assert_eq!(targets.deadline(), None);
}

#[test]
fn what_is_told_again_is_no_news() {
    let mut targets = Targets::default();
    tell(&mut targets, "office/power", &power(true), NOW).unwrap();
    targets.due(NOW);
    tell(&mut targets, "office/power", &power(true), NOW).unwrap();
    assert!(targets.due(NOW).is_empty() && targets.deadline().is_none());
}

#[test]
fn nodes_and_what_they_tell_are_bounded() {
    let mut targets = Targets::default();
    for n in 0..MAX_TARGETS {
        tell(&mut targets, &format!("n{n}/power"), &power(true), NOW).unwrap();
    }
    let full = tell(&mut targets, "more/power", &power(true), NOW).unwrap_err();
    assert!(matches!(full, Untold::Full), "{full}");
    tell(&mut targets, "n0/power", &power(false), NOW).unwrap();
    targets.gone(&source("n0/power"), FIRST);
    tell(&mut targets, "more/power", &power(true), NOW).unwrap();
    let long = layout(&"x".repeat(LONGEST));
    let long = tell(&mut targets, "more/typist", &long, NOW).unwrap_err();
    assert!(matches!(long, Untold::Long(_)), "{long}");
    // Together they are no more than one alone.
    let half = layout(&"x".repeat(LONGEST - 200));
    tell(&mut targets, "more/typist", &half, NOW).unwrap();
    tell(&mut targets, "more/typist", &half, NOW).unwrap();
    for _ in 0..2 {
        tell(&mut targets, "more/power", &power(false), NOW).unwrap();
    }
    let longer = layout(&"x".repeat(LONGEST - 60));
    let long = tell(&mut targets, "more/typist", &longer, NOW).unwrap_err();
    assert!(matches!(long, Untold::Long(_)), "{long}");
}

#[test]
fn who_tells_much_is_told_more_seldom() {
    let mut told = [0, 0];
    for (at, length) in [(0, 2), (1, LONGEST / 2)] {
        let mut targets = Targets::default();
        for ms in 0..2000_u64 {
            let now = NOW.after(Duration::from_millis(ms));
            let name = format!("{}{}", "x".repeat(length), ms % 2);
            tell(&mut targets, "office/typist", &layout(&name), now).unwrap();
            told[at] += targets.due(now).len();
        }
    }
    assert!(told[1] * 4 < told[0] && told[1] > 2, "{told:?}");
}

proptest! {
    #[test]
    fn nonsense_is_an_error_and_leaves_no_node_behind(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut targets = Targets::default();
        if tell(&mut targets, "office/power", &bytes, NOW).is_err() {
            prop_assert!(targets.due(NOW).is_empty());
        }
    }
}
