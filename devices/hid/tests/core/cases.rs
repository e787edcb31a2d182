//! Single cases, each with its reason.

use crate::{
    page::Page,
    world::{Port, Seen, World},
};
use dkvm_hid::{
    core::{focus::Source, Bus, Event, Usb},
    reports::{Function, Kind},
};
use dkvm_wire::vocab::input::{Link, Position};

const A: u8 = 4;
const B: u8 = 5;

/// Time goes by, and the page speaks as often as a page does.
fn wait(world: &mut World, page: &mut Page, millis: u64) {
    for _ in 0..millis / 100 {
        world.input(&page.message());
        world.advance(100);
    }
}

#[test]
fn a_tap_within_one_poll_interval_is_two_reports() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true).key(A, false);
    world.input(&page.message());
    assert_eq!(world.ack().steps, 0);
    world.settle();
    assert_eq!(world.seen, page.did);
    assert_eq!((world.ack().steps, world.ack().lost), (2, 0));
}

#[test]
fn a_long_hold_never_drops() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    for _ in 0..600 {
        world.input(&page.message());
        world.settle();
        world.advance(100);
    }
    assert_eq!(world.seen, [Seen::Key(A, true)]);
}

#[test]
fn silence_releases_after_the_lease_and_not_before() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true).button(0, true);
    world.input(&page.message());
    world.settle();
    world.advance(499);
    world.settle();
    assert_eq!(world.seen.len(), 2);
    world.advance(1);
    world.settle();
    assert!(world.nothing_pressed());
}

#[test]
fn a_holder_that_comes_back_holds_again() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.advance(2000);
    world.settle();
    world.input(&page.message());
    world.settle();
    // Not at once: it may be the backlog of a link that stood.
    assert!(world.nothing_pressed());
    world.advance(100);
    world.settle();
    assert_eq!(
        world.seen,
        [Seen::Key(A, true), Seen::Key(A, false), Seen::Key(A, true)]
    );
}

#[test]
fn what_is_typed_with_shift_over_a_silence_is_typed_with_shift() {
    const SHIFT: u8 = 0xe1;
    for holds_on in [true, false] {
        let (mut world, mut page) = (World::new(), Page::new(1, 1));
        page.key(SHIFT, true);
        world.input(&page.message());
        world.settle();
        world.advance(800);
        world.settle();
        assert!(world.nothing_pressed());
        page.key(A, true).key(A, false);
        if !holds_on {
            page.key(SHIFT, false);
        }
        world.input(&page.message());
        world.settle();
        let mut seen = vec![
            Seen::Key(SHIFT, true),
            Seen::Key(SHIFT, false),
            Seen::Key(SHIFT, true),
            Seen::Key(A, true),
            Seen::Key(A, false),
        ];
        if !holds_on {
            seen.push(Seen::Key(SHIFT, false));
        }
        assert_eq!(world.seen, seen);
    }
}

#[test]
fn a_modifier_alone_is_not_tapped_again_after_a_silence() {
    const SUPER: u8 = 0xe3;
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(SUPER, true);
    world.input(&page.message());
    world.settle();
    world.advance(800);
    world.settle();
    page.key(SUPER, false);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, page.did);
}

#[test]
fn a_source_that_is_gone_holds_nothing() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.feed(Event::SourceGone(Source {
        name: "web".into(),
        generation: 0,
    }));
    world.settle();
    assert!(!world.nothing_pressed());
    world.feed(Event::SourceGone(Source {
        name: "web".into(),
        generation: 1,
    }));
    world.settle();
    assert!(world.nothing_pressed());
}

#[test]
fn a_new_holder_begins_with_nothing_pressed_and_the_old_one_is_told() {
    let (mut world, mut old, mut new) = (World::new(), Page::new(1, 1), Page::new(2, 2));
    old.key(A, true);
    world.input(&old.message());
    world.settle();
    new.key(B, true);
    world.input(&new.message());
    world.settle();
    assert_eq!(
        world.seen,
        [Seen::Key(A, true), Seen::Key(A, false), Seen::Key(B, true)]
    );
    old.key(A, false);
    world.input(&old.message());
    assert_eq!((world.ack().holder, world.ack().focus), (1, 2));
    assert_eq!(world.core.state().holder, 2);
}

#[test]
fn steps_keep_their_order_across_keyboard_and_mouse() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.at(10, 10)
        .key(0xe0, true)
        .button(0, true)
        .button(0, false)
        .key(0xe0, false);
    world.input(&page.message());
    for _ in 0..9 {
        // The mouse is asked first, and still comes after the key.
        [Function::Relative, Function::Absolute, Function::Keyboard]
            .into_iter()
            .for_each(|function| world.poll(function));
    }
    assert_eq!(world.seen, page.did);
}

#[test]
fn a_mouse_that_nobody_polls_does_not_hold_up_the_keyboard() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.at(10, 10).button(0, true).button(0, false);
    for key in 4..20 {
        page.key(key, true).key(key, false);
    }
    world.input(&page.message());
    world.advance(100);
    assert_eq!(world.core.state().absolute, Link::Stalled);
    (0..40).for_each(|_| world.poll(Function::Keyboard));
    assert_eq!(world.seen, page.did[2..]);
    wait(&mut world, &mut page, 2800);
    assert_eq!(world.ack().lost, 0);
    wait(&mut world, &mut page, 100);
    assert_eq!((world.ack().steps, world.ack().lost), (34, 2));
}

#[test]
fn a_target_that_stops_polling_gets_the_present_and_not_the_past() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    for key in 4..12 {
        page.key(key, true).key(key, false);
        world.input(&page.message());
        world.advance(100);
    }
    assert_eq!(world.core.state().keyboard, Link::Stalled);
    wait(&mut world, &mut page, 3000);
    page.key(0x28, true);
    world.input(&page.message());
    world.settle();
    // The report that Linux had taken before the stall cannot be taken back.
    assert_eq!(
        world.seen,
        [
            Seen::Key(4, true),
            Seen::Key(4, false),
            Seen::Key(0x28, true)
        ]
    );
}

#[test]
fn a_target_that_stands_still_for_a_second_gets_what_was_typed_ahead() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    for key in 4..12 {
        page.key(key, true).key(key, false);
        world.input(&page.message());
        world.advance(100);
    }
    wait(&mut world, &mut page, 1000);
    world.settle();
    assert_eq!(world.seen, page.did);
    assert_eq!(world.ack().lost, 0);
}

/// Ctrl+C, and a target that stands still before it is let go; what is typed much later is not Ctrl+W.
#[test]
fn what_was_let_go_in_vain_is_let_go_for_what_comes_after() {
    const CTRL: u8 = 0xe0;
    const C: u8 = 6;
    const W: u8 = 0x1a;
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(CTRL, true);
    world.input(&page.message());
    world.settle();
    page.key(C, true).key(C, false).key(CTRL, false);
    wait(&mut world, &mut page, 2900);
    page.key(W, true).key(W, false);
    wait(&mut world, &mut page, 300);
    world.settle();
    let w = world
        .seen
        .iter()
        .position(|seen| *seen == Seen::Key(W, true));
    let ctrl = world
        .seen
        .iter()
        .position(|seen| *seen == Seen::Key(CTRL, false));
    assert!(w.is_some() && ctrl < w, "{:?}", world.seen);
}

#[test]
fn a_row_of_deaths_does_not_hold_a_key_for_ever() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    for _ in 0..6 {
        world.dead = true;
        world.micros += 400_000;
        world.restart();
        world.settle();
    }
    assert!(world.nothing_pressed());
}

#[test]
fn a_sleeping_target_asks_for_no_ticks() {
    let mut world = World::unconfigured();
    world.ports = [Port::Down; 3];
    world.advance(500);
    world.feed(Event::Usb(Usb {
        form: None,
        binding: Some(1),
        bus: Bus::Asleep,
    }));
    assert_eq!(world.core.deadline(), None);
}

#[test]
fn hid_is_usable_as_soon_as_the_target_is_configured() {
    let (mut world, mut page) = (World::unconfigured(), Page::new(1, 1));
    world.advance(5000);
    assert_eq!(world.core.state().keyboard, Link::Absent);
    world.ports = [Port::Down; 3];
    world.advance(100);
    assert_eq!(world.core.state().keyboard, Link::NotConfigured);
    world.configure();
    assert_eq!(world.core.state().keyboard, Link::Ok);
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    let neutral = world
        .fetched
        .iter()
        .take(3)
        .all(|report| report.bytes()[0] == 0 && report.bytes()[2..].iter().all(|b| *b != A));
    assert!(neutral && world.seen == [Seen::Key(A, true)]);
}

#[test]
fn a_driver_that_does_not_wake_us_is_asked_again() {
    let mut world = World::unconfigured();
    world.ports = [Port::Down; 3];
    world.advance(200);
    world.ports = [Port::Up(None); 3];
    world.advance(100);
    world.settle();
    assert_eq!(world.core.state().keyboard, Link::Ok);
}

#[test]
fn a_reboot_of_the_target_leaves_nothing_pressed_that_is_not_held() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.unconfigure();
    page.key(A, false);
    world.input(&page.message());
    world.advance(300);
    world.configure();
    world.settle();
    assert!(world.nothing_pressed());
    assert_eq!((world.ack().steps, world.ack().lost), (2, 0));
}

#[test]
fn a_new_binding_opens_the_files_anew() {
    let mut world = World::new();
    let usb = |binding| {
        Event::Usb(Usb {
            form: None,
            binding: Some(binding),
            bus: Bus::Awake,
        })
    };
    world.feed(usb(1));
    world.settle();
    assert_eq!(world.fetched, []);
    world.feed(usb(2));
    world.settle();
    assert_eq!(world.fetched.len(), Kind::ALL.len());
}

#[test]
fn what_is_typed_at_a_sleeping_target_is_not_typed_when_it_wakes() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.feed(Event::Usb(Usb {
        form: None,
        binding: Some(1),
        bus: Bus::Asleep,
    }));
    assert_eq!(world.core.state().keyboard, Link::NotConfigured);
    page.key(A, true).key(A, false);
    world.input(&page.message());
    world.advance(600);
    world.feed(Event::Usb(Usb {
        form: None,
        binding: Some(1),
        bus: Bus::Awake,
    }));
    world.settle();
    assert_eq!((world.seen.len(), world.ack().lost), (0, 2));
}

#[test]
fn a_death_is_not_seen_by_the_target_while_the_holder_holds() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.advance(100);
    world.restart();
    world.settle();
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, [Seen::Key(A, true)]);
    page.key(A, false);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, page.did);
}

#[test]
fn a_long_death_releases() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.micros += 1_600_000;
    world.restart();
    world.settle();
    assert!(world.nothing_pressed());
}

#[test]
fn a_key_on_its_way_at_a_long_death_is_not_typed_twice() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true).key(A, false).key(B, true).key(B, false);
    world.input(&page.message());
    world.dead = true;
    world.poll(Function::Keyboard);
    world.micros += 1_600_000;
    world.restart();
    world.settle();
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, page.did);
}

#[test]
fn clicks_come_after_the_motion_before_them() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    world.input(&page.message());
    page.state.motion.x = 200;
    page.button(0, true);
    world.input(&page.message());
    world.settle();
    let moves: Vec<_> = world
        .fetched
        .iter()
        .map(|report| (report.bytes()[0], report.bytes()[1]))
        .collect();
    assert_eq!(moves, [(0, 127), (0, 73), (1, 0)]);
}

#[test]
fn motion_that_was_lost_at_the_end_of_a_visit_is_not_played_at_the_next() {
    for another in [true, false] {
        let (mut world, mut page) = (World::new(), Page::new(1, 1));
        world.input(&page.message());
        // Said to nobody: the link was dead.
        page.state.motion.x = 200;
        page.state.motion.wheel = 7;
        page.message();
        if another {
            world.input(&Page::new(2, 2).message());
        }
        page.state.focus = 3;
        world.input(&page.message());
        world.settle();
        assert_eq!(world.fetched, [], "another in between: {another}");
        page.state.motion.x += 5;
        world.input(&page.message());
        world.settle();
        let moves: Vec<_> = world.fetched.iter().map(|one| one.bytes()[1]).collect();
        assert_eq!(moves, [5]);
    }
}

#[test]
fn absolute_motion_is_the_latest_and_a_click_is_where_it_was() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    for x in 1..50 {
        page.at(x, 0);
        world.input(&page.message());
    }
    page.button(0, true).button(0, false).at(99, 0);
    world.input(&page.message());
    world.settle();
    let places: Vec<_> = world
        .fetched
        .iter()
        .map(|report| (report.bytes()[0], report.bytes()[1]))
        .collect();
    assert_eq!(places, [(0, 1), (1, 49), (0, 49), (0, 99)]);
    assert_eq!(world.core.held().pointer.at, Position { x: 99, y: 0 });
}

#[test]
fn after_a_goodbye_nothing_is_pressed() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true).button(2, true);
    world.input(&page.message());
    world.settle();
    world.feed(Event::Goodbye);
    assert!(!world.core.is_quiet());
    world.settle();
    assert!(world.nothing_pressed() && world.core.is_quiet());
}

#[test]
fn a_long_queue_that_moves_is_typed_to_its_end() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    (0..250).for_each(|i| page.toggle(Seen::Key(4 + i / 2 % 9, false)));
    let message = page.message();
    for _ in 0..300 {
        world.input(&message);
        world.poll_all();
        world.advance(10);
    }
    assert_eq!((world.seen.len(), world.ack().lost), (250, 0));
    assert_eq!(world.seen, page.did);
}

#[test]
fn what_waits_when_the_holder_falls_silent_is_typed_when_it_speaks_again() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    for _ in 0..50 {
        page.key(A, true).key(A, false);
    }
    world.input(&page.message());
    for _ in 0..60 {
        world.advance(10);
        world.poll_all();
    }
    assert!(world.nothing_pressed() && world.seen.len() < 100);
    world.input(&page.message());
    world.settle();
    assert_eq!((world.seen, world.acks.last().unwrap().lost), (page.did, 0));
}

#[test]
fn a_key_that_no_step_pressed_is_not_pressed() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.state.keys = vec![A];
    page.state.buttons = 1;
    world.input(&page.message());
    world.settle();
    assert!(world.nothing_pressed());
}

#[test]
fn hostile_numbers_do_no_harm() {
    let (mut world, mut page) = (World::new(), Page::new(1, u32::MAX));
    page.state.first = u32::MAX - 1;
    page.state.motion.x = i32::MIN;
    page.key(A, true).key(A, false).key(B, true).key(B, false);
    page.state.keys = (0..=255).cycle().take(5000).collect();
    page.state.buttons = 255;
    for _ in 0..3 {
        world.input(&page.message());
        world.settle();
    }
    world.advance(600);
    world.settle();
    assert!(world.nothing_pressed());
}

/// Seen under load: dead for 370 ms, and back for less than the lease's rest before the holder was heard again.
#[test]
fn a_lapse_after_a_death_types_nothing_twice() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    // The target took the press, and nobody lived to hear of it.
    world.dies_in = Some(0);
    world.settle();
    page.key(A, false);
    world.dead = true;
    world.micros += 370_000;
    world.restart();
    world.advance(2000);
    world.settle();
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, page.did);
    assert_eq!((world.ack().steps, world.ack().lost), (2, 1));
}

#[test]
fn the_time_of_its_own_death_is_not_the_holder_s_silence() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    world.dead = true;
    world.micros += 700_000;
    world.restart();
    world.advance(400);
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, [Seen::Key(A, true)]);
}

#[test]
fn a_device_that_was_held_up_hears_the_holder_before_it_judges() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    // No tick in all that time: the whole machine stood still.
    world.micros += 1_400_000;
    world.tick();
    world.settle();
    world.input(&page.message());
    world.settle();
    assert_eq!(world.seen, [Seen::Key(A, true)]);
    // Once: a machine that crawls releases in the end.
    for _ in 0..2 {
        world.micros += 1_400_000;
        world.tick();
    }
    world.settle();
    assert!(world.nothing_pressed());
}

/// Another profile, or a soft unplug: the gadget device says so before it goes.
#[test]
fn what_is_held_when_usb_is_unplugged_is_released_and_stays_so() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    let usb = |binding, bus| {
        Event::Usb(Usb {
            form: None,
            binding: Some(binding),
            bus,
        })
    };
    world.feed(usb(1, Bus::Awake));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    assert!(!world.nothing_pressed());
    world.feed(usb(1, Bus::Unplugged));
    world.settle();
    assert!(world.nothing_pressed());
    // What is pressed between the word and the deed is not typed either.
    world.input(&page.message());
    world.settle();
    world.feed(usb(2, Bus::Awake));
    world.settle();
    world.input(&page.message());
    world.settle();
    assert!(world.nothing_pressed());
    page.key(A, false).key(A, true);
    world.input(&page.message());
    world.settle();
    assert!(!world.nothing_pressed());
}

#[test]
fn a_backlog_of_old_refreshes_presses_nothing_again() {
    let (mut world, mut page) = (World::new(), Page::new(1, 1));
    page.key(A, true);
    world.input(&page.message());
    world.settle();
    page.hear(&world.ack().clone());
    let backlog: Vec<_> = (0..4).map(|_| page.message()).collect();
    page.key(A, false);
    world.advance(800);
    world.settle();
    world.clear();
    backlog.iter().for_each(|message| world.input(message));
    world.advance(20);
    world.settle();
    world.input(&page.message());
    world.advance(400);
    world.settle();
    assert!(world.seen.is_empty());
}
