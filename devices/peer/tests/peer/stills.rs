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
use std::time::Duration;

const QUIET: Duration = Duration::from_millis(300);
/// While a narrow link carries it.
const LONG: Duration = Duration::from_secs(5);
const SOURCE: &str = "office/encode";

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
        assert_eq!(next(&mut desk, LONG, 40_000)?, Some(number));
    }
    publish(&mut office, 20, b"GIF89a")?;
    publish(&mut office, 21, &bytes(21, 3 * 1024 * 1024 + 1))?;
    assert_eq!(next(&mut desk, QUIET, 0)?, None);
    // Capture has begun anew: its count, not its clock.
    publish(&mut office, 22, &bytes(22, 900_000))?;
    assert_eq!(next(&mut desk, LONG, 900_000)?, Some(22));
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
    publish(&mut office, 7, &bytes(7, 9000))?;
    assert_eq!(next(&mut desk, LONG, 9000)?, Some(7));
    attic
        .kernel
        .demand_from(topics::VIDEO_JPEG, "*/encode", 1)?;
    assert_eq!(next(&mut attic, LONG, 9000)?, Some(7));
    assert_eq!(next(&mut desk, QUIET, 9000)?, None, "it has it");
    // What rests comes again each second: this is a picture of long ago.
    std::thread::sleep(Duration::from_millis(3200));
    let mut cellar = TestNode::start("cellar")?;
    office.authorise(&mut cellar, &[Grant::View], "")?;
    cellar.authorise(&mut office, &[], &address)?;
    cellar
        .kernel
        .demand_from(topics::VIDEO_JPEG, "*/encode", 1)?;
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
    assert!((1..11).contains(&held.len()), "{}", held.len());
    for event in &held {
        desk.kernel.give_back(&event.leases[0])?;
    }
    assert_eq!(next(&mut desk, LONG, 5000)?, Some(11));
    Ok(())
}

#[test]
fn a_narrow_link_shows_fewer_in_order_and_the_newest_last() -> Result<(), Failure> {
    const MADE: u64 = 40;
    let pair = linked_by(&[Grant::View], |office| {
        way::lay(office.port(), way::NARROW).expect("a way")
    })?;
    let (mut desk, mut office) = watch(pair)?;
    let mut shown = Vec::new();
    for number in 1..=MADE {
        publish(&mut office, number, &bytes(number, 50_000))?;
        shown.extend(next(&mut desk, Duration::from_millis(20), 50_000)?);
    }
    while shown.last() != Some(&MADE) {
        let number = next(&mut desk, LONG, 50_000)?;
        shown.push(number.ok_or_else(|| Failure::new(format!("only {shown:?} came")))?);
    }
    assert!(shown.is_sorted(), "{shown:?}");
    assert!(shown.len() < 30, "{} of {MADE}", shown.len());
    Ok(())
}
