//! Pictures of another node's devices.

use crate::{
    cable::Cable,
    node::{linked, linked_by, TestNode},
    way,
};
use dkvm_testkit::{Event, Failure};
use dkvm_wire::{
    decode_body, encode_body,
    service::{Nothing, Want},
    topics,
    vocab::{
        peer::Grant,
        video::{AccessUnit, FrameInfo, LinkLoad},
    },
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

const QUIET: Duration = Duration::from_millis(300);
/// What is waited for is there long before.
const PATIENCE: Duration = Duration::from_secs(90);
pub const SOURCE: &str = "office/h264";

pub fn info(number: u64, key: bool) -> FrameInfo {
    FrameInfo {
        sequence: number,
        width: 1280,
        height: 720,
        format: "H264".to_owned(),
        unit: Some(AccessUnit { number, key }),
        ..FrameInfo::default()
    }
}

pub fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 1];
    let rest = (4..length).map(|at| u8::try_from((at as u64 * 7 + number) % 251).expect("small"));
    bytes.extend(rest);
    bytes
}

/// Two of which the desk reads the office's pictures, and how often a key frame was asked for.
pub fn watched() -> Result<(TestNode, TestNode, Rc<Cell<u32>>), Failure> {
    watch(linked(&[Grant::View, Grant::Type])?)
}

fn watch(
    (mut desk, mut office): (TestNode, TestNode),
) -> Result<(TestNode, TestNode, Rc<Cell<u32>>), Failure> {
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    office.kernel.answer("h264/video.key_frame", move |_| {
        count.set(count.get() + 1);
        Ok(encode_body(&Nothing {}))
    });
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 1)?;
    assert_eq!(wanted(&mut office)?, (topics::VIDEO_H264.to_owned(), true));
    Ok((desk, office, asked))
}

/// Of all devices: what one node asks for by name, any name, is nothing that another may miss.
pub fn wanted(node: &mut TestNode) -> Result<(String, bool), Failure> {
    let want: Want = node.kernel.expect(topics::WANT)?;
    assert_eq!(want.from, None);
    Ok((want.topic, want.want))
}

pub fn publish(office: &mut TestNode, info: &FrameInfo, bytes: &[u8]) -> Result<(), Failure> {
    let lease = office.kernel.lend(bytes)?;
    office
        .kernel
        .emit_with("h264", topics::VIDEO_H264, info, &[lease])?;
    office.kernel.expect_release(&lease)
}

/// Key frames that were asked for till now; the last call for one may wait for half a second.
fn asked_by_now(office: &mut TestNode, asked: &Cell<u32>) -> Result<u32, Failure> {
    let end = Instant::now() + Duration::from_millis(700);
    while Instant::now() < end {
        office.kernel.within(Duration::from_millis(20), "nothing")?;
    }
    Ok(asked.get())
}

pub fn expect(desk: &mut TestNode, number: u64, length: usize) -> Result<(), Failure> {
    let event = desk.kernel.expect_event(topics::VIDEO_H264)?;
    let source = event.source.as_ref().map(|(name, _)| name.as_str());
    assert_eq!(source, Some(SOURCE));
    let shown: FrameInfo = event.decode()?;
    assert_eq!(shown.unit.map(|unit| unit.number), Some(number));
    let [lease] = event.leases[..] else {
        return Err(Failure::new("one lease"));
    };
    assert!(desk.kernel.read(&lease)? == bytes(number, length));
    desk.kernel.give_back(&lease)
}

#[test]
fn pictures_arrive_whole_and_in_order_with_a_key_frame_first() -> Result<(), Failure> {
    let (mut desk, mut office, asked) = watched()?;
    publish(&mut office, &info(6, false), &bytes(6, 100))?;
    for number in 7..60 {
        // One that grows out of the first pool's slots, too.
        let length = if number == 30 { 300_000 } else { 20_000 };
        publish(
            &mut office,
            &info(number, number % 20 == 7),
            &bytes(number, length),
        )?;
        expect(&mut desk, number, length)?;
    }
    assert!(asked.get() >= 1, "it is asked for when a reader comes");
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 0)?;
    assert_eq!(wanted(&mut office)?, (topics::VIDEO_H264.to_owned(), false));
    publish(&mut office, &info(60, true), &bytes(60, 100))?;
    assert_eq!(desk.kernel.within(QUIET, topics::VIDEO_H264)?, None);
    let count = |method: &str| {
        desk.kernel
            .calls()
            .iter()
            .filter(|one| *one == method)
            .count()
    };
    // The memory is there for pictures of another target.
    assert_eq!((count("memory.pool"), count("memory.close")), (2, 2));
    Ok(())
}

#[test]
fn who_has_lost_one_asks_for_a_key_frame_and_shows_nothing_torn() -> Result<(), Failure> {
    let (mut desk, mut office, asked) = watched()?;
    publish(&mut office, &info(7, true), &bytes(7, 5000))?;
    expect(&mut desk, 7, 5000)?;
    let before = asked_by_now(&mut office, &asked)?;
    publish(&mut office, &info(9, false), &bytes(9, 5000))?;
    publish(&mut office, &info(10, false), &bytes(10, 5000))?;
    assert_eq!(desk.kernel.within(QUIET, topics::VIDEO_H264)?, None);
    // A reader here that asks, as it does, by wanting it anew.
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 0)?;
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 1)?;
    until_asked(&mut office, &asked, before)?;
    publish(&mut office, &info(11, true), &bytes(11, 5000))?;
    expect(&mut desk, 11, 5000)
}

/// Time passes, in which a key frame is asked for.
fn until_asked(office: &mut TestNode, asked: &Cell<u32>, before: u32) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    while asked.get() == before {
        if Instant::now() > until {
            return Err(Failure::new("no key frame is asked for").with_log(office.kernel.log()));
        }
        office.kernel.within(Duration::from_millis(20), "nothing")?;
    }
    Ok(())
}

#[test]
fn one_that_a_cut_has_swallowed_is_known_to_be_lost_even_where_the_picture_rests(
) -> Result<(), Failure> {
    let mut cable = None;
    let pair = linked_by(&[Grant::View], |office| {
        let laid = Cable::lay(office.port()).expect("a cable");
        let address = laid.address.clone();
        cable = Some(laid);
        address
    })?;
    let cable = cable.expect("it is laid");
    let (mut desk, mut office, asked) = watch(pair)?;
    publish(&mut office, &info(7, true), &bytes(7, 5000))?;
    expect(&mut desk, 7, 5000)?;
    let before = asked_by_now(&mut office, &asked)?;
    cable.pull_out();
    publish(&mut office, &info(8, false), &bytes(8, 5000))?;
    // Shorter than the link waits for a node that is silent.
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        office.kernel.within(Duration::from_millis(20), "nothing")?;
        desk.kernel.within(Duration::from_millis(1), "nothing")?;
    }
    cable.plug_in();
    until_asked(&mut office, &asked, before)?;
    publish(&mut office, &info(9, true), &bytes(9, 5000))?;
    expect(&mut desk, 9, 5000)
}

#[test]
fn readers_that_hold_all_lose_pictures_and_nothing_else() -> Result<(), Failure> {
    let (mut desk, mut office, asked) = watched()?;
    // For who began to read.
    until_asked(&mut office, &asked, 0)?;
    let before = asked_by_now(&mut office, &asked)?;
    for number in 0..12 {
        publish(
            &mut office,
            &info(number, number == 0),
            &bytes(number, 5000),
        )?;
    }
    let mut held: Vec<Event> = Vec::new();
    for _ in 0..2 {
        held.push(desk.kernel.expect_event(topics::VIDEO_H264)?);
    }
    // For one that was lost: before that nothing is known of it.
    let (turn, until) = (Duration::from_millis(20), Instant::now() + PATIENCE);
    while asked.get() == before {
        held.extend(desk.kernel.within(turn, topics::VIDEO_H264)?);
        office.kernel.within(turn, "nothing")?;
        assert!(Instant::now() < until, "no key frame is asked for");
    }
    while let Some(event) = desk.kernel.within(QUIET, topics::VIDEO_H264)? {
        held.push(event);
    }
    assert!(held.len() < 12, "{}", held.len());
    for event in &held {
        desk.kernel.give_back(&event.leases[0])?;
    }
    let before = asked.get();
    for number in 12..14 {
        publish(&mut office, &info(number, false), &bytes(number, 5000))?;
    }
    assert_eq!(shown_after(&mut desk, 11)?, None);
    until_asked(&mut office, &asked, before)?;
    let until = Instant::now() + PATIENCE;
    for number in 14.. {
        publish(&mut office, &info(number, true), &bytes(number, 5000))?;
        if shown_after(&mut desk, 13)?.is_some() {
            return Ok(());
        }
        assert!(Instant::now() < until, "no key frame is shown");
    }
    Ok(())
}

/// The number of the next that comes soon, of those after that one.
fn shown_after(desk: &mut TestNode, last: u64) -> Result<Option<u64>, Failure> {
    while let Some(event) = desk.kernel.within(QUIET, topics::VIDEO_H264)? {
        desk.kernel.give_back(&event.leases[0])?;
        let unit = event.decode::<FrameInfo>()?.unit;
        let number = unit.map(|unit| unit.number);
        if number > Some(last) {
            return Ok(number);
        }
    }
    Ok(None)
}

/// What the encoder there is told of the links.
pub type Told = Rc<RefCell<Vec<LinkLoad>>>;

pub fn told_of_links(office: &mut TestNode) -> Told {
    let told = Told::default();
    let notes = told.clone();
    office.kernel.answer("h264/h264.link", move |body| {
        let load = decode_body("h264.link", body).expect("a load");
        notes.borrow_mut().push(load);
        Ok(encode_body(&Nothing {}))
    });
    told
}

/// A film of thirty pictures a second, each of that length, until there is enough of what is shown.
fn film(
    (desk, office, asked): &mut (TestNode, TestNode, Rc<Cell<u32>>),
    number: &mut u64,
    length: usize,
    enough: impl Fn(&[u64]) -> bool,
) -> Result<(), Failure> {
    let (mut shown, until) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while !enough(&shown) {
        if Instant::now() > until {
            let told = format!("not enough of {length} bytes each: {shown:?}");
            return Err(Failure::new(told).with_log(office.kernel.log()));
        }
        let key = asked.replace(0) > 0;
        publish(office, &info(*number, key), &bytes(*number, length))?;
        *number += 1;
        let due = Instant::now() + Duration::from_millis(33);
        while let Some(event) = desk.kernel.within(
            due.saturating_duration_since(Instant::now()),
            topics::VIDEO_H264,
        )? {
            shown.extend(event.decode::<FrameInfo>()?.unit.map(|unit| unit.number));
            desk.kernel.give_back(&event.leases[0])?;
        }
    }
    Ok(())
}

#[test]
fn an_encoder_is_told_what_a_narrow_link_carries_and_then_it_carries_all() -> Result<(), Failure> {
    /// Of 2 Mbit/s, as a machine that has much else to do may see it.
    const CARRIES: std::ops::Range<u32> = 30_000..375_000;
    let mut pair = watch(linked_by(&[Grant::View], |office| {
        way::lay(office.port(), way::NARROW).expect("a way")
    })?)?;
    let told = told_of_links(&mut pair.1);
    let carries = || {
        let told = told.borrow();
        let mut slowest = told.iter().filter_map(|load| load.slowest);
        slowest.find(|bytes| CARRIES.contains(bytes))
    };
    let mut number = 0;
    film(&mut pair, &mut number, 20_000, |_| carries().is_some())?;
    // As an encoder does: less than all.
    let length = carries().map_or(0, |bytes| bytes / 50) as usize;
    film(&mut pair, &mut number, length, |shown| {
        let mut unbroken = shown.chunk_by(|one, next| one + 1 == *next);
        unbroken.any(|run| run.len() >= 60)
    })
}

#[test]
fn of_a_key_frame_that_the_link_does_not_carry_in_time_the_encoder_is_told() -> Result<(), Failure>
{
    let (_desk, mut office, _) = watch(linked_by(&[Grant::View], |office| {
        way::lay(office.port(), way::NARROW).expect("a way")
    })?)?;
    let told = told_of_links(&mut office);
    let is_told = || {
        let told = told.borrow();
        let mut slowest = told.iter().filter_map(|load| load.slowest);
        slowest.any(|bytes| bytes < 400_000)
    };
    // Each takes four seconds. Where the machine has much else to do the link stands still meanwhile, which says nothing of it.
    for number in 0..8 {
        publish(&mut office, &info(number, true), &bytes(number, 1_000_000))?;
        let until = Instant::now() + Duration::from_secs(6);
        while Instant::now() < until {
            if is_told() {
                return Ok(());
            }
            office.kernel.within(Duration::from_millis(20), "nothing")?;
        }
    }
    Err(Failure::new(format!("{:?}", told.borrow())))
}

#[test]
fn who_is_gone_is_told_as_gone_and_a_free_link_as_nothing() -> Result<(), Failure> {
    let (mut desk, mut office, _) = watched()?;
    let told = told_of_links(&mut office);
    for number in 0..40 {
        publish(
            &mut office,
            &info(number, number == 0),
            &bytes(number, 5000),
        )?;
        expect(&mut desk, number, 5000)?;
        office.kernel.within(Duration::from_millis(20), "nothing")?;
    }
    assert_eq!(*told.borrow(), []);
    desk.kernel.demand_from(topics::VIDEO_H264, SOURCE, 0)?;
    let until = Instant::now() + Duration::from_secs(30);
    while told.borrow().is_empty() && Instant::now() < until {
        office.kernel.within(Duration::from_millis(20), "nothing")?;
    }
    assert_eq!(*told.borrow(), [LinkLoad::default()]);
    Ok(())
}
