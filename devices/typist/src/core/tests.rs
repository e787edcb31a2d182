//! The core against a pretended hid, in virtual time.

use super::{job, plan::plan, *};
use dkvm_keymap::{find, Keys};
use dkvm_wire::vocab::{
    input::{Leds, Step},
    typist::Ending,
};
use proptest::prelude::*;

const HOLDER: u64 = 77;
const CAPS_LOCK: u8 = 0x39;

fn hid() -> HidState {
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds::default(),
        focus: 4,
        holder: 1,
        extras: Vec::new(),
        jiggle: 0,
        by: String::new(),
        busy: false,
    }
}

/// hid and the target: takes each step once, in order.
struct World {
    core: Core,
    hid: HidState,
    now: Time,
    /// Steps below are taken.
    taken: u32,
    lost: u32,
    keys: Vec<Step>,
    /// Whether the target has a Caps Lock that can be switched.
    locks: bool,
    /// The last message.
    state: Option<InputState>,
}

impl World {
    fn new(hid: HidState) -> Self {
        let mut world = Self {
            core: Core::new(HOLDER),
            hid,
            now: Time::at(Duration::from_secs(1)),
            taken: 0,
            lost: 0,
            keys: Vec::new(),
            locks: true,
            state: None,
        };
        let told = Event::Hid(world.hid.clone());
        assert_eq!(world.core.step(told, world.now), None);
        world
    }

    fn start(&mut self, layout: &str, text: &str, pace_ms: u64) {
        let keys = plan(&find(layout).expect("a layout"), text).expect("typable");
        let keys = keys.into_iter().map(Item::Keys).collect();
        let pace = Duration::from_millis(pace_ms);
        let sent = self.core.start(keys, pace, self.now).expect("it starts");
        self.hear(sent);
    }

    fn step(&mut self, event: Event) {
        let sent = self.core.step(event, self.now);
        self.hear(sent);
    }

    fn hear(&mut self, sent: Option<InputState>) {
        let Some(state) = sent else { return };
        assert_eq!(state.holder, HOLDER);
        assert!(state.steps.len() <= 32, "{} steps", state.steps.len());
        assert!(state.first <= self.taken);
        self.state = Some(state);
    }

    /// The target takes so many steps, and hid says so.
    fn take(&mut self, count: usize) {
        let Some(state) = self.state.clone() else {
            return;
        };
        self.hid.focus = state.focus;
        let known = usize::try_from(self.taken - state.first).expect("small");
        for step in state.steps.iter().skip(known).take(count) {
            self.keys.push(*step);
            self.taken += 1;
            let caps = Step::Key {
                usage: CAPS_LOCK,
                down: true,
            };
            if *step == caps && self.locks {
                self.hid.leds.caps = !self.hid.leds.caps;
            }
        }
        self.step(Event::Hid(self.hid.clone()));
        self.acknowledge(self.hid.focus);
    }

    fn acknowledge(&mut self, focus: u32) {
        let seq = self.state.as_ref().map_or(0, |state| state.seq);
        let ack = InputAck {
            holder: HOLDER,
            seq,
            steps: self.taken,
            focus,
            lost: self.lost,
        };
        self.step(Event::Ack(ack));
    }

    /// As the device does: it comes again at least every 100 ms.
    fn wait(&mut self, ms: u64) {
        let mut left = ms;
        loop {
            let step = left.min(100);
            self.now = self.now.after(Duration::from_millis(step));
            self.step(Event::Tick);
            left -= step;
            if left == 0 {
                return;
            }
        }
    }

    fn run(&mut self, count: usize) {
        for _ in 0..100_000 {
            if self.core.typing().is_none() {
                return;
            }
            self.take(count);
            self.wait(1);
        }
        panic!("it never ends");
    }

    fn ending(&self) -> Option<Ending> {
        self.core.last().map(|last| last.ending)
    }

    /// What the strokes are, as (usage, modifiers held).
    fn strokes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut held = Vec::new();
        let mut strokes = Vec::new();
        for step in &self.keys {
            let Step::Key { usage, down } = *step else {
                panic!("{step:?}")
            };
            match (usage >= 0xe0, down) {
                (true, true) => held.push(usage),
                (true, false) => held.retain(|one| *one != usage),
                (false, true) => strokes.push((usage, held.clone())),
                (false, false) => {}
            }
        }
        assert_eq!(held, [] as [u8; 0], "nothing stays pressed");
        strokes
    }
}

fn expected(layout: &str, text: &str) -> Vec<(u8, Vec<u8>)> {
    let keys = plan(&find(layout).expect("a layout"), text).expect("typable");
    let strokes = keys.into_iter().flat_map(Keys::strokes);
    strokes
        .map(|stroke| (stroke.usage, stroke.modifiers.usages()))
        .collect()
}

#[test]
fn a_text_is_typed_under_a_focus_of_its_own() {
    let mut world = World::new(hid());
    world.start("de", "Grüße, É@\n", 0);
    assert_eq!(world.state.as_ref().map(|state| state.focus), Some(5));
    world.run(3);
    assert_eq!(world.ending(), Some(Ending::Done));
    assert_eq!(world.strokes(), expected("de", "Grüße, É@\n"));
    let typed = world.core.last().expect("it ended").typing;
    assert_eq!((typed.done, typed.total), (10, 10));
}

#[test]
fn what_is_not_acknowledged_is_sent_again_and_numbered_on() {
    let mut world = World::new(hid());
    world.start("us", "aB", 0);
    let first = world.state.take().expect("sent");
    world.wait(99);
    assert_eq!(world.state, None);
    world.wait(1);
    let again = world.state.clone().expect("sent again");
    assert_eq!((again.first, &again.steps), (first.first, &first.steps));
    assert!(again.seq > first.seq);
    world.run(1);
    world.start("us", "c", 0);
    let next = world.state.as_ref().expect("sent");
    assert_eq!((next.first, next.focus), (world.taken, 6));
}

#[test]
fn a_pause_follows_each_character_and_nothing_is_held_in_it() {
    let mut world = World::new(hid());
    world.start("us", "AB", 50);
    world.take(100);
    assert_eq!(world.keys.len(), 4);
    world.wait(49);
    world.take(100);
    assert_eq!(world.keys.len(), 4);
    world.wait(1);
    world.take(100);
    assert_eq!(world.strokes(), expected("us", "AB"));
}

#[test]
fn a_cancel_ends_within_what_is_on_its_way() {
    let mut world = World::new(hid());
    world.start("us", &"aB".repeat(500), 0);
    world.take(10);
    world.step(Event::Cancel);
    world.run(4);
    assert_eq!(world.ending(), Some(Ending::Cancelled));
    let strokes = world.strokes();
    assert!(strokes.len() < 32, "{} strokes", strokes.len());
    let done = world.core.last().expect("it ended").typing.done;
    assert_eq!(usize::try_from(done), Ok(strokes.len()));
}

#[test]
fn a_cancel_at_a_target_that_stands_still_ends_at_once() {
    for stalled_first in [true, false] {
        let mut world = World::new(hid());
        world.start("us", &"aB".repeat(500), 0);
        world.take(10);
        let stalled = HidState {
            keyboard: Link::Stalled,
            ..world.hid.clone()
        };
        if stalled_first {
            world.step(Event::Hid(stalled));
            world.step(Event::Cancel);
        } else {
            world.step(Event::Cancel);
            assert!(world.core.typing().is_some(), "some is on its way");
            world.step(Event::Hid(stalled));
        }
        assert_eq!(world.ending(), Some(Ending::Cancelled));
        // hid keeps what it has for as long as it hears of us.
        world.state = None;
        world.wait(999);
        let start = |world: &mut World| world.core.start(vec![], Duration::ZERO, world.now);
        assert_eq!(start(&mut world), Err(StartError::LettingGo));
        world.wait(1);
        assert_eq!(world.state, None, "nothing more is sent");
        start(&mut world).expect("hid has nothing of it any more");
    }
}

#[test]
fn a_text_that_is_typed_but_for_what_is_on_its_way_waits_for_a_target_that_stands_still() {
    let mut world = World::new(hid());
    world.start("us", "ab", 0);
    world.take(1);
    let stalled = HidState {
        keyboard: Link::Stalled,
        ..world.hid.clone()
    };
    world.step(Event::Hid(stalled));
    world.wait(1000);
    world.run(4);
    assert_eq!(world.ending(), Some(Ending::Done));
    assert_eq!(world.strokes(), expected("us", "ab"));
}

#[test]
fn whoever_takes_the_focus_ends_it_at_once() {
    for by_ack in [false, true] {
        let mut world = World::new(hid());
        world.start("us", &"a".repeat(100), 0);
        world.take(4);
        let before = world.state.clone();
        if by_ack {
            world.acknowledge(6);
        } else {
            world.hid.focus = 6;
            world.step(Event::Hid(world.hid.clone()));
        }
        assert_eq!(world.ending(), Some(Ending::FocusTaken));
        world.wait(1000);
        assert_eq!(world.state, before, "nothing more is sent");
        assert_eq!(world.core.deadline(), None);
    }
}

#[test]
fn the_next_text_begins_beyond_what_hid_may_have_heard() {
    let mut world = World::new(hid());
    world.start("us", "aaaa", 0);
    let heard = world.state.as_ref().map(|state| state.first + 8);
    world.hid.focus = 9;
    world.step(Event::Hid(world.hid.clone()));
    world.taken = 9;
    world.lost = 3;
    world.start("us", "b", 0);
    assert!(world.state.as_ref().map(|state| state.first) >= heard);
    // What hid gave up of the text before is not this one's.
    world.taken = world.state.as_ref().map_or(0, |state| state.first);
    world.acknowledge(10);
    world.run(1);
    assert_eq!(world.ending(), Some(Ending::Done));
}

#[test]
fn a_target_that_takes_nothing_ends_it() {
    let mut world = World::new(hid());
    world.start("us", &"a".repeat(100), 0);
    world.take(4);
    world.lost = 2;
    world.taken += 2;
    world.take(0);
    world.run(4);
    assert_eq!(world.ending(), Some(Ending::Failed));
    assert_eq!(
        world.core.last().map(|last| last.message.as_str()),
        Some(job::LOST.1)
    );
}

#[test]
fn a_hid_that_is_silent_for_long_ends_it_and_one_that_returns_does_not() {
    let mut world = World::new(hid());
    world.start("us", "aaaaaaaaaaaaaaaaaaaa", 0);
    world.step(Event::HidGone);
    world.wait(3000);
    world.run(1);
    assert_eq!(world.ending(), Some(Ending::Done));
    world.start("us", "b", 0);
    world.step(Event::HidGone);
    world.wait(9_999);
    assert!(world.core.typing().is_some());
    world.wait(1);
    assert_eq!(world.ending(), Some(Ending::Failed));
    assert_eq!(
        world.core.start(vec![], Duration::ZERO, world.now),
        Err(StartError::NoHid)
    );
}

#[test]
fn a_typist_that_was_held_up_types_nothing_without_its_modifiers() {
    let mut world = World::new(hid());
    world.start("us", "AAAA", 0);
    world.take(1);
    let before = world.state.clone();
    world.now = world.now.after(Duration::from_millis(400));
    world.step(Event::Tick);
    assert_eq!(world.ending(), Some(Ending::Failed));
    assert_eq!(world.state, before, "nothing more is sent");
}

#[test]
fn caps_lock_is_switched_off_and_on_again() {
    let mut state = hid();
    state.leds.caps = true;
    let mut world = World::new(state);
    world.start("us", "aB", 0);
    world.run(1);
    let caps = (CAPS_LOCK, vec![]);
    let mut all = vec![caps.clone()];
    all.extend(expected("us", "aB"));
    all.push(caps);
    assert_eq!(world.strokes(), all);
    assert_eq!(
        (world.ending(), world.hid.leds.caps),
        (Some(Ending::Done), true)
    );
}

#[test]
fn a_caps_lock_that_stays_on_is_told_before_the_first_key() {
    let mut state = hid();
    state.leds.caps = true;
    let mut world = World::new(state);
    world.locks = false;
    world.start("us", "aB", 0);
    world.take(2);
    world.wait(1999);
    assert!(world.core.typing().is_some());
    world.wait(1);
    world.wait(0);
    assert_eq!(world.ending(), Some(Ending::Failed));
    assert_eq!(world.strokes(), [(CAPS_LOCK, vec![])]);
}

#[test]
fn a_caps_lock_that_nobody_can_tell_of_is_not_taken_to_be_off() {
    let mut state = hid();
    state.leds.caps = true;
    let mut world = World::new(state);
    world.locks = false;
    world.start("us", "aB", 0);
    world.take(2);
    world.step(Event::HidGone);
    world.wait(1_900);
    assert_eq!(world.strokes(), [(CAPS_LOCK, vec![])], "no character");
    world.wait(200);
    assert_eq!(world.ending(), Some(Ending::Failed));
    let last = world.state.expect("it said that it is there");
    assert_eq!(last.steps, [], "Caps Lock is not pressed blindly");
}

#[test]
fn a_cancel_while_caps_lock_goes_off_leaves_it_as_it_was() {
    let mut state = hid();
    state.leds.caps = true;
    let mut world = World::new(state);
    world.start("us", "aB", 0);
    world.step(Event::Cancel);
    world.run(1);
    assert_eq!(
        (world.ending(), world.hid.leds.caps),
        (Some(Ending::Cancelled), true)
    );
}

#[test]
fn nothing_starts_without_a_keyboard_or_beside_another_text() {
    let mut core = Core::new(HOLDER);
    let now = Time::at(Duration::ZERO);
    let start = |core: &mut Core| core.start(vec![], Duration::ZERO, now);
    assert_eq!(start(&mut core), Err(StartError::NoHid));
    for keyboard in [Link::Absent, Link::NotConfigured] {
        core.step(Event::Hid(HidState { keyboard, ..hid() }), now);
        assert_eq!(start(&mut core), Err(StartError::NoKeyboard));
    }
    let mut world = World::new(hid());
    world.start("us", "a", 0);
    assert_eq!(start(&mut world.core), Err(StartError::Busy));
}

/// Numbers as hid says them, and any others.
fn near(limit: u32) -> impl Strategy<Value = u32> {
    prop_oneof![0..limit, any::<u32>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However slowly and in whatever portions the target takes keys: all of them, once, in order.
    #[test]
    fn any_pace_of_the_target_gets_all(text in "[a-zA-Z@äß^é\n]{1,80}", portions in proptest::collection::vec((0_usize..9, 0_u64..300), 1..40), pace in prop_oneof![Just(0_u64), 1_u64..30]) {
        let mut world = World::new(hid());
        world.start("de", &text, pace);
        for (count, ms) in portions {
            world.take(count);
            world.wait(ms);
        }
        world.run(5);
        prop_assert_eq!(world.ending(), Some(Ending::Done));
        prop_assert_eq!(world.strokes(), expected("de", &text));
    }

    /// Nothing that hid can say makes it panic, or type on without an end.
    #[test]
    fn any_ack_is_survived(acks in proptest::collection::vec((near(40), near(7), near(3)), 0..40)) {
        let mut world = World::new(hid());
        world.start("us", "some text", 0);
        for (steps, focus, lost) in acks {
            let ack = InputAck { holder: HOLDER, seq: 0, steps, focus, lost };
            let _ = world.core.step(Event::Ack(ack), world.now);
        }
        // Whatever hid said that it took.
        world.taken = u32::MAX;
        world.wait(11_000);
        prop_assert_eq!(world.core.typing(), None);
        prop_assert!(world.ending().is_some());
    }
}
