//! Single cases of what the target has beside six keys and notches.

use crate::{
    page::Page,
    world::{Port, Seen, World},
};
use dkvm_hid::{
    core::{Bus, Event, Usb},
    reports::{Form, Function, Kind, Report},
};

const A: u8 = 4;
const VOLUME_UP: u16 = 0xe9;
/// The feature report that sets both multipliers: with its ID, and without.
const FINE_BY_ID: [u8; 2] = [6, 5];
const FINE: [u8; 2] = [5, 0];

fn said(world: &World, kind: Kind) -> Vec<Report> {
    let of = |report: &&Report| report.kind() == kind;
    world.fetched.iter().filter(of).copied().collect()
}

fn usb(binding: u32, bus: Bus) -> Event {
    Event::Usb(Usb {
        binding: Some(binding),
        bus,
        form: Some(Form::FULL),
    })
}

/// What the wheel turned in each report of the absolute mouse.
fn turns(world: &World) -> Vec<i8> {
    let absolute = said(world, Kind::Absolute);
    let turns = absolute.iter().map(|report| report.bytes()[5] as i8);
    turns.filter(|turn| *turn != 0).collect()
}

fn turn(world: &mut World, page: &mut Page, parts: i32) {
    world.clear();
    page.at(1, 1).state.motion.fine_wheel += parts;
    world.input(&page.message());
    world.settle();
}

#[test]
fn twelve_keys_are_held_and_none_moves() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    (A..A + 12).for_each(|usage| {
        page.key(usage, true);
    });
    (A..A + 3).for_each(|usage| {
        page.key(usage, false);
    });
    page.key(0x20, true);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, page.did);
    assert_eq!(world.core.held().keys.beyond.len(), 6);
    assert_eq!(world.core.held().keys.pressed.len(), 4);
}

#[test]
fn a_target_that_does_not_poll_the_bitmap_loses_no_seventh_key() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.ports[Function::Absolute.index()] = Port::Down;
    world.feed(Event::Down(Function::Absolute));
    (A..A + 7).for_each(|usage| {
        page.key(usage, true);
    });
    page.key(A, false);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen.last(), Some(&Seen::Key(A + 6, true)));
    assert_eq!(world.ack().lost, 0);
}

#[test]
fn keys_beyond_the_first_six_are_released_also_while_the_keyboard_is_not_polled() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    (A..A + 8).for_each(|usage| {
        page.key(usage, true);
    });
    world.input(&page.message());
    world.settle();
    world.clear();
    world.advance(600);
    for _ in 0..4 {
        world.poll(Function::Absolute);
    }
    assert_eq!(
        world.seen,
        [Seen::Key(A + 6, false), Seen::Key(A + 7, false)]
    );
}

#[test]
fn a_plain_target_takes_what_it_does_not_have_for_done() {
    let (mut world, mut page) = (World::of(Form::PLAIN), Page::new(1, 1));
    page.consumer(VOLUME_UP, true)
        .touch(0, true)
        .system(0x82, true);
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, [Seen::Key(A, true)]);
    assert_eq!((world.ack().steps, world.ack().lost), (4, 0));
    assert!(world
        .fetched
        .iter()
        .all(|report| report.kind() == Kind::Keyboard));
}

#[test]
fn silence_releases_a_media_key_and_its_return_does_not_press_it_again() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.consumer(VOLUME_UP, true).touch(2, true);
    world.input(&page.message());
    world.settle();
    world.advance(600);
    world.settle();
    assert!(world.nothing_pressed());
    world.clear();
    world.input(&page.message());
    world.settle();
    assert!(world.seen.is_empty());
}

#[test]
fn parts_of_a_notch_are_told_once_the_target_asks_for_them() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    turn(&mut world, &mut page, 0);
    turn(&mut world, &mut page, 90);
    assert!(turns(&world).is_empty());
    turn(&mut world, &mut page, 30);
    assert_eq!(turns(&world), [1]);
    world.feed(Event::Feature(Function::Absolute, FINE_BY_ID));
    turn(&mut world, &mut page, 15);
    assert_eq!(turns(&world), [15]);
    // Another report, and one of the mouse without IDs.
    world.feed(Event::Feature(Function::Absolute, [7, 0]));
    world.feed(Event::Feature(Function::Relative, FINE));
    turn(&mut world, &mut page, -15);
    assert_eq!(turns(&world), [-15]);
}

#[test]
fn what_the_target_asked_for_outlives_a_death_and_no_new_binding() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    turn(&mut world, &mut page, 0);
    world.feed(Event::Feature(Function::Absolute, FINE_BY_ID));
    world.restart();
    world.settle();
    turn(&mut world, &mut page, 15);
    assert_eq!(turns(&world), [15]);
    world.feed(usb(2, Bus::Awake));
    world.settle();
    turn(&mut world, &mut page, 15);
    assert!(turns(&world).is_empty());
}

#[test]
fn a_target_that_configures_anew_asks_anew() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    turn(&mut world, &mut page, 0);
    world.feed(Event::Feature(Function::Absolute, FINE_BY_ID));
    world.unconfigure();
    world.configure();
    world.settle();
    turn(&mut world, &mut page, 15);
    assert!(turns(&world).is_empty());
}

#[test]
fn a_target_that_wakes_need_not_ask_anew() {
    // Reset while Linux here still says asleep, and soon after it said awake.
    for bus in [Bus::Asleep, Bus::Awake] {
        let (mut world, mut page) = (World::new(), Page::new(1, 1));
        turn(&mut world, &mut page, 0);
        world.feed(Event::Feature(Function::Absolute, FINE_BY_ID));
        world.feed(usb(1, Bus::Asleep));
        rest(&mut world, 60_000);
        world.feed(usb(1, bus));
        world.unconfigure();
        rest(&mut world, 1000);
        world.feed(usb(1, Bus::Awake));
        world.configure();
        world.settle();
        turn(&mut world, &mut page, 0);
        turn(&mut world, &mut page, 15);
        assert_eq!(turns(&world), [15]);
    }
}

#[test]
fn long_after_its_sleep_or_by_another_plug_a_target_asks_anew() {
    let wakes: [fn(&mut World); 2] = [
        |world| rest(world, 6000),
        |world| {
            world.feed(usb(1, Bus::Unplugged));
            world.feed(usb(1, Bus::Awake));
        },
    ];
    for goes_on in wakes {
        let (mut world, mut page) = (World::new(), Page::new(1, 1));
        turn(&mut world, &mut page, 0);
        world.feed(Event::Feature(Function::Absolute, FINE_BY_ID));
        world.feed(usb(1, Bus::Asleep));
        world.feed(usb(1, Bus::Awake));
        goes_on(&mut world);
        world.unconfigure();
        world.configure();
        world.settle();
        turn(&mut world, &mut page, 0);
        turn(&mut world, &mut page, 15);
        assert!(turns(&world).is_empty());
    }
}

#[test]
fn a_finger_that_lies_still_is_told_again_before_the_target_lifts_it() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.touch(1, true);
    world.input(&page.message());
    world.settle();
    world.clear();
    for _ in 0..4 {
        world.advance(50);
        world.settle();
    }
    assert!(said(&world, Kind::Touch).len() >= 4);
    assert!(world.seen.is_empty());
    page.touch(1, false);
    world.input(&page.message());
    world.settle();
    world.clear();
    world.advance(300);
    world.settle();
    assert!(said(&world, Kind::Touch).is_empty());
}

/// What the relative mouse moved to the right, report by report.
fn ways(world: &World) -> Vec<i8> {
    let told = said(world, Kind::Relative);
    told.iter().map(|report| report.bytes()[1] as i8).collect()
}

fn rest(world: &mut World, millis: u64) {
    for _ in 0..millis / 100 {
        world.advance(100);
        world.settle();
    }
}

#[test]
fn the_jiggler_moves_to_and_fro_and_only_when_nobody_does() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.feed(Event::Jiggle(2));
    rest(&mut world, 1900);
    assert!(ways(&world).is_empty());
    rest(&mut world, 1000);
    assert_eq!(ways(&world), [1, -1]);
    world.input(&page.message());
    rest(&mut world, 1900);
    assert_eq!(ways(&world), [1, -1]);
    assert_eq!(world.core.state().jiggle, 2);
    world.feed(Event::Jiggle(0));
    rest(&mut world, 9000);
    assert_eq!(ways(&world), [1, -1]);
}

#[test]
fn the_jiggler_lets_a_target_sleep() {
    let mut world = World::new();
    world.feed(Event::Jiggle(1));
    world.feed(usb(1, Bus::Asleep));
    rest(&mut world, 5000);
    assert!(ways(&world).is_empty());
    world.feed(usb(1, Bus::Awake));
    rest(&mut world, 1200);
    assert_eq!(
        ways(&world).iter().map(|way| i32::from(*way)).sum::<i32>(),
        0
    );
    assert!(!ways(&world).is_empty());
}

#[test]
fn other_reports_release_what_was_held_by_the_old_ones() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    (A..A + 8).for_each(|usage| {
        page.key(usage, true);
    });
    world.input(&page.message());
    world.settle();
    world.feed(Event::Usb(Usb {
        binding: Some(2),
        bus: Bus::Awake,
        form: Some(Form::PLAIN),
    }));
    world.settle();
    assert!(world.core.held().is_neutral());
}
