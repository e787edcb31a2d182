//! Pictures that need none before them.

use crate::{
    node::{linked, linked_by, TestNode},
    way,
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    service::Want,
    topics,
    vocab::{
        peer::{Grant, LinkState},
        video::FrameInfo,
    },
};
use std::time::{Duration, Instant};

const QUIET: Duration = Duration::from_millis(300);
/// What is waited for is there long before.
const PATIENCE: Duration = Duration::from_secs(90);
/// Who begins to read is known there, and has what rests.
const TURN: Duration = Duration::from_secs(2);
const SOURCE: &str = "office/encode";
const ALL: &str = "*/encode";

fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let rest = (2..length).map(|at| u8::try_from((at as u64 * 7 + number) % 251).expect("small"));
    bytes.extend(rest);
    bytes
}

/// The desk reads the office's JPEGs.
fn watch((mut desk, mut office): (TestNode, TestNode)) -> Result<(TestNode, TestNode), Failure> {
    desk.kernel.demand_from(topics::VIDEO_JPEG, SOURCE, 1)?;
    let want: Want = office.kernel.expect(topics::WANT)?;
    assert_eq!((want.topic.as_str(), want.want), (topics::VIDEO_JPEG, true));
    Ok((desk, office))
}

fn publish(office: &mut TestNode, number: u64, bytes: &[u8]) -> Result<(), Failure> {
    let info = FrameInfo {
        sequence: number,
        captured_ns: number,
        width: 1280,
        height: 720,
        format: "MJPG".to_owned(),
        ..FrameInfo::default()
    };
    let lease = office.kernel.lend(bytes)?;
    office
        .kernel
        .emit_with("encode", topics::VIDEO_JPEG, &info, &[lease])?;
    office.kernel.expect_release(&lease)
}

/// The number of the next that comes, if one does.
fn next(desk: &mut TestNode, patience: Duration, length: usize) -> Result<Option<u64>, Failure> {
    let Some(event) = desk.kernel.within(patience, topics::VIDEO_JPEG)? else {
        return Ok(None);
    };
    let source = event.source.as_ref().map(|(name, _)| name.as_str());
    assert_eq!(source, Some(SOURCE));
    let number = event.decode::<FrameInfo>()?.captured_ns;
    let [lease] = event.leases[..] else {
        return Err(Failure::new("one lease"));
    };
    assert!(desk.kernel.read(&lease)? == bytes(number, length));
    desk.kernel.give_back(&lease)?;
    Ok(Some(number))
}

#[test]
fn each_that_the_link_carries_is_shown_and_what_is_none_costs_nobody_the_link(
) -> Result<(), Failure> {
    let (mut desk, mut office) = watch(linked(&[Grant::View])?)?;
    for number in 1..20 {
        publish(&mut office, number, &bytes(number, 40_000))?;
        assert_eq!(next(&mut desk, PATIENCE, 40_000)?, Some(number));
    }
    publish(&mut office, 20, b"GIF89a")?;
    publish(&mut office, 21, &bytes(21, 3 * 1024 * 1024 + 1))?;
    assert_eq!(next(&mut desk, QUIET, 0)?, None);
    // Capture has begun anew: its count, not its clock.
    publish(&mut office, 22, &bytes(22, 900_000))?;
    assert_eq!(next(&mut desk, PATIENCE, 900_000)?, Some(22));
    Ok(())
}

#[test]
fn who_begins_to_read_sees_a_picture_that_rests() -> Result<(), Failure> {
    let (mut desk, mut office) = watch(linked(&[Grant::View])?)?;
    let mut attic = TestNode::start("attic")?;
    office.authorise(&mut attic, &[Grant::View], "")?;
    let address = office.address();
    attic.authorise(&mut office, &[], &address)?;
    attic.until_link("office", LinkState::Up)?;
    let until = Instant::now() + PATIENCE;
    // On a slow machine it may be one of long ago when the attic begins: then again, with a new one.
    for number in 7.. {
        publish(&mut office, number, &bytes(number, 9000))?;
        assert_eq!(next(&mut desk, PATIENCE, 9000)?, Some(number));
        attic.kernel.demand_from(topics::VIDEO_JPEG, ALL, 1)?;
        if next(&mut attic, TURN, 9000)? == Some(number) {
            break;
        }
        assert!(Instant::now() < until, "it sees none");
        attic.kernel.demand_from(topics::VIDEO_JPEG, ALL, 0)?;
        next(&mut attic, TURN, 9000)?;
    }
    assert_eq!(next(&mut desk, QUIET, 9000)?, None, "it has it");
    // What rests comes again each second: this is a picture of long ago.
    std::thread::sleep(Duration::from_millis(3200));
    let mut cellar = TestNode::start("cellar")?;
    office.authorise(&mut cellar, &[Grant::View], "")?;
    cellar.authorise(&mut office, &[], &address)?;
    cellar.kernel.demand_from(topics::VIDEO_JPEG, ALL, 1)?;
    cellar.until_link("office", LinkState::Up)?;
    assert_eq!(next(&mut cellar, QUIET, 9000)?, None);
    Ok(())
}

#[test]
fn readers_that_hold_all_get_the_newest_when_they_let_go() -> Result<(), Failure> {
    let (mut desk, mut office) = watch(linked(&[Grant::View])?)?;
    let mut held = Vec::new();
    for number in 1..12 {
        publish(&mut office, number, &bytes(number, 5000))?;
        held.extend(desk.kernel.within(QUIET, topics::VIDEO_JPEG)?);
    }
    if held.is_empty() {
        held.push(desk.kernel.expect_event(topics::VIDEO_JPEG)?);
    }
    assert!(held.len() < 11, "{}", held.len());
    for event in &held {
        desk.kernel.give_back(&event.leases[0])?;
    }
    // What rests is sent again, as `encode` does it: the last may be one of long ago by now.
    let until = Instant::now() + PATIENCE;
    for number in 12.. {
        if next(&mut desk, QUIET, 5000)?.is_some_and(|shown| shown >= 11) {
            return Ok(());
        }
        assert!(Instant::now() < until, "none comes");
        publish(&mut office, number, &bytes(number, 5000))?;
    }
    Ok(())
}

#[test]
fn a_narrow_link_shows_fewer_in_order_and_the_newest_last() -> Result<(), Failure> {
    const MADE: u64 = 40;
    let pair = linked_by(&[Grant::View], |office| {
        way::lay(office.port(), way::NARROW).expect("a way")
    })?;
    let (mut desk, mut office) = watch(pair)?;
    let (mut shown, begun) = (Vec::new(), Instant::now());
    for number in 1..=MADE {
        publish(&mut office, number, &bytes(number, 50_000))?;
        shown.extend(next(&mut desk, Duration::from_millis(20), 50_000)?);
    }
    // Five a second is what the link carries, some are under way, and a slow machine gives it more time.
    let most = 8 + 6 * begun.elapsed().as_millis() / 1000;
    while shown.last() != Some(&MADE) {
        let number = next(&mut desk, PATIENCE, 50_000)?;
        shown.push(number.ok_or_else(|| Failure::new(format!("only {shown:?} came")))?);
    }
    assert!(shown.is_sorted(), "{shown:?}");
    assert!(shown.len() as u128 <= most, "{} of {MADE}", shown.len());
    Ok(())
}
