//! What must hold whatever happens.

use crate::{
    page::Page,
    world::{Port, Seen, World},
};
use dkvm_hid::reports::Function;
use dkvm_wire::vocab::input::{Contact, Extra, InputState, Motion, Position, Step};
use proptest::{collection::vec, option, prelude::*};

/// What the channel does to a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    Late,
    Cut(usize),
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Toggle(Seen),
    Send(Fate),
    Acks,
    Poll(u8),
    Wait(u64),
    Stall(u64),
    /// The target fetches nothing, and the page speaks on.
    Frozen(u64),
    Die {
        after: u32,
        dead: u64,
    },
    Reset(u64),
}

fn thing() -> impl Strategy<Value = Seen> {
    prop_oneof![
        5 => (4u8..9).prop_map(|usage| Seen::Key(usage, false)),
        // Enough of them for the report of the keys beyond six.
        5 => (9u8..22).prop_map(|usage| Seen::Key(usage, false)),
        2 => (1u16..5).prop_map(|usage| Seen::Consumer(usage + 0xe0, false)),
        1 => (0x81u8..0x84).prop_map(|usage| Seen::System(usage, false)),
        2 => (0u8..5).prop_map(|contact| Seen::Touch(contact, false)),
        1 => (0xe0u8..0xe2).prop_map(|usage| Seen::Key(usage, false)),
        2 => (0u8..2).prop_map(|button| Seen::Button(button, false)),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 1 => Just(Fate::Twice), 1 => Just(Fate::Late)]
}

fn kind_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => thing().prop_map(Act::Toggle),
        6 => fate().prop_map(Act::Send),
        2 => Just(Act::Acks),
        6 => any::<u8>().prop_map(Act::Poll),
        3 => (0u64..30).prop_map(Act::Wait),
    ]
}

fn rough_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => kind_act(),
        2 => (0usize..4).prop_map(|keep| Act::Send(Fate::Cut(keep))),
        1 => (0u64..700).prop_map(Act::Stall),
        1 => (0u32..9, 0u64..700).prop_map(|(after, dead)| Act::Die { after, dead }),
        1 => (0u64..700).prop_map(Act::Reset),
    ]
}

struct Play {
    world: World,
    page: Page,
    late: Vec<InputState>,
    heard: usize,
}

impl Play {
    fn new() -> Self {
        Self {
            world: World::new(),
            page: Page::new(7, 1),
            late: vec![],
            heard: 0,
        }
    }

    /// Plays acts to their end, some of them behind a tap of a key.
    fn with_taps(acts: Vec<(Option<Seen>, Act)>) -> Self {
        let mut play = Self::new();
        for (tap, act) in acts {
            if let Some(what) = tap {
                play.page.tap(what);
            }
            play.act(act);
        }
        play.finish();
        play
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Toggle(what) => self.page.toggle(what),
            Act::Send(fate) => self.send(fate),
            Act::Acks => self.hear(),
            Act::Poll(order) => {
                (0..3).for_each(|i| self.world.poll(Function::ALL[usize::from((order ^ i) % 3)]))
            }
            Act::Wait(millis) => {
                self.world.advance(millis);
                self.world.poll_all();
            }
            Act::Stall(millis) => self.world.advance(millis),
            Act::Frozen(millis) => (0..millis / 100).for_each(|_| {
                self.send(Fate::Arrives);
                self.world.advance(100);
            }),
            Act::Die { after, dead } => self.die(after, dead),
            Act::Reset(millis) => {
                self.world.unconfigure();
                self.world.advance(millis);
                self.world.configure();
            }
        }
    }

    fn send(&mut self, fate: Fate) {
        let message = self.page.message();
        match fate {
            Fate::Arrives => self.world.input(&message),
            Fate::Lost => {}
            Fate::Twice => (0..2).for_each(|_| self.world.input(&message)),
            Fate::Late => self.late.push(message),
            Fate::Cut(keep) => self.world.input(&InputState {
                steps: message.steps.iter().copied().take(keep).collect(),
                ..message
            }),
        }
        if !matches!(fate, Fate::Late) {
            self.late
                .drain(..)
                .for_each(|message| self.world.input(&message));
        }
    }

    fn hear(&mut self) {
        self.world.acks[self.heard..]
            .iter()
            .for_each(|ack| self.page.hear(ack));
        self.heard = self.world.acks.len();
    }

    fn die(&mut self, after: u32, dead: u64) {
        self.world.dies_in = Some(after);
        let message = self.page.message();
        self.world.input(&message);
        self.world.settle();
        self.world.dead = true;
        self.world.micros += dead * 1000;
        self.world.restart();
    }

    /// Everything arrives from now on.
    fn finish(&mut self) {
        for _ in 0..8 {
            self.send(Fate::Arrives);
            self.world.settle();
            self.hear();
            self.world.advance(20);
        }
        self.world.settle();
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let position = option::of((any::<u16>(), any::<u16>()).prop_map(|(x, y)| Position { x, y }));
    prop_oneof![
        (any::<u8>(), any::<bool>()).prop_map(|(usage, down)| Step::Key { usage, down }),
        (any::<u16>(), any::<bool>()).prop_map(|(usage, down)| Step::Consumer { usage, down }),
        (0u16..9, any::<bool>()).prop_map(|(usage, down)| Step::Consumer { usage, down }),
        (any::<u8>(), any::<bool>()).prop_map(|(usage, down)| Step::System { usage, down }),
        (0u8..7, any::<bool>(), any::<(u16, u16)>()).prop_map(|(contact, down, (x, y))| {
            Step::Touch {
                contact,
                down,
                at: Position { x, y },
            }
        }),
        (any::<u8>(), any::<bool>(), position).prop_map(|(button, down, at)| Step::Button {
            button,
            down,
            at
        }),
    ]
}

prop_compose! {
    fn any_extra()(
        consumer in vec(0u16..9, 0..4), system in vec(any::<u8>(), 0..3), touches in vec(any::<(u8, u16, u16)>(), 0..7),
    ) -> Extra {
        let touches = touches.into_iter().map(|(contact, x, y)| Contact { contact: contact % 7, at: Position { x, y } });
        Extra { consumer, system, touches: touches.collect() }
    }
}

prop_compose! {
    fn any_state()(
        holder in 0u64..3, focus in 0u32..4, seq in 0u32..20, first in 0u32..10,
        steps in vec(any_step(), 0..6), keys in vec(any::<u8>(), 0..9), buttons: u8,
        at in option::of((any::<u16>(), any::<u16>())), motion in any::<(i32, i32, i32, i32)>(), fine: (i32, i32), extra in any_extra(),
    ) -> InputState {
        let (x, y, wheel, pan) = motion;
        let at = at.map(|(x, y)| Position { x, y });
        let motion = Motion { x, y, wheel, pan, fine_wheel: fine.0, fine_pan: fine.1 };
        InputState { holder, focus, seq, first, steps, keys, buttons, at, motion, extra }
    }
}

const SHIFT: u8 = 0xe1;
/// Keys from here on are held, to fill the keyboard's report; those below are tapped.
const HELD: u8 = 30;

fn held_key() -> impl Strategy<Value = Seen> {
    (HELD..HELD + 8).prop_map(|usage| Seen::Key(usage, false))
}

fn taps() -> Vec<Seen> {
    let keys = (4..8).map(|key| Seen::Key(key, true));
    let others = [
        Seen::Consumer(0xe9, true),
        Seen::System(0x82, true),
        Seen::Touch(1, true),
    ];
    keys.chain(others).collect()
}

fn tap() -> impl Strategy<Value = Seen> {
    prop::sample::select(taps())
}

/// The keys that were pressed, each with whether Shift was down.
fn with_shift(log: &[Seen]) -> Vec<(u8, bool)> {
    let mut shift = false;
    let mut presses = vec![];
    for seen in log {
        match *seen {
            Seen::Key(SHIFT, down) => shift = down,
            Seen::Key(key, true) => presses.push((key, shift)),
            _ => {}
        }
    }
    presses
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Loss, duplication, reordering: each step is seen once, in order, and acknowledged only when it was.
    #[test]
    fn every_step_is_seen_once_and_in_order(acts in vec(kind_act(), 0..80)) {
        let mut play = Play::new();
        for act in acts {
            play.act(act);
            // A page refreshes, so no silence is as long as the lease here.
            play.send(Fate::Arrives);
            let settled = play.world.acks.last().map_or(0, |ack| ack.steps as usize);
            prop_assert!(settled <= play.world.seen.len(), "acknowledged before it was seen");
        }
        play.finish();
        prop_assert_eq!(&play.world.seen, &play.page.did);
        prop_assert_eq!(play.world.ack().steps as usize, play.page.did.len());
        prop_assert_eq!(play.world.ack().lost, 0);
    }

    /// The device's own death at any point, as long as it is back within the lease: nothing is typed twice or lost.
    #[test]
    fn a_death_types_nothing_twice(
        acts in vec(prop_oneof![8 => kind_act(), 1 => (0u32..12, 0u64..300).prop_map(|(after, dead)| Act::Die { after, dead })], 0..60)
    ) {
        let mut play = Play::new();
        for act in acts {
            play.act(act);
            play.send(Fate::Arrives);
        }
        play.finish();
        prop_assert_eq!(&play.world.seen, &play.page.did);
        prop_assert_eq!(play.world.ack().lost, 0);
    }

    /// Deaths and silences of any length: a tap may be lost then, and is counted, but it is never typed twice.
    #[test]
    fn a_tap_is_never_typed_twice(
        acts in vec(prop_oneof![
            4 => tap().prop_map(|what| (Some(what), Act::Acks)),
            1 => held_key().prop_map(|what| (None, Act::Toggle(what))),
            4 => kind_act().prop_filter("taps alone", |act| !matches!(act, Act::Toggle(_)))
                .prop_map(|act| (None, act)),
            1 => (0u32..9, 0u64..2500).prop_map(|(after, dead)| (None, Act::Die { after, dead })),
            1 => (0u64..900).prop_map(|millis| (None, Act::Wait(millis))),
        ], 0..60)
    ) {
        let play = Play::with_taps(acts);
        for what in taps() {
            let presses = |log: &[Seen]| log.iter().filter(|seen| **seen == what.to(true)).count();
            let (typed, meant) = (presses(&play.world.seen), presses(&play.page.did));
            prop_assert!(typed <= meant, "{what:?}: {typed} of {meant}");
            prop_assert!(typed + play.world.ack().lost as usize >= meant, "{what:?}: {typed} of {meant}, lost {}", play.world.ack().lost);
        }
    }

    /// Shift may be let go by silence or death and pressed again, but what is typed with it is never seen without, nor the other way.
    #[test]
    fn a_key_keeps_its_shift(
        acts in vec(prop_oneof![
            6 => (4u8..8).prop_map(|key| (Some(Seen::Key(key, true)), Act::Acks)),
            2 => Just((None, Act::Toggle(Seen::Key(SHIFT, false)))),
            2 => held_key().prop_map(|what| (None, Act::Toggle(what))),
            6 => kind_act().prop_filter("taps alone", |act| !matches!(act, Act::Toggle(_))).prop_map(|act| (None, act)),
            1 => (0u32..9, 0u64..2500).prop_map(|(after, dead)| (None, Act::Die { after, dead })),
            2 => (0u64..900).prop_map(|millis| (None, Act::Wait(millis))),
            1 => (0u64..4500).prop_map(|millis| (None, Act::Frozen(millis))),
        ], 0..60)
    ) {
        let play = Play::with_taps(acts);
        let mut meant = with_shift(&play.page.did);
        // A key that is held through a silence is pressed again, by whatever is held then.
        let taps = |press: &(u8, bool)| press.0 < HELD;
        for press in with_shift(&play.world.seen).into_iter().filter(taps) {
            let place = meant.iter().position(|other| *other == press);
            prop_assert!(place.is_some(), "{press:?} was not typed so: {:?} of {:?}", play.world.seen, play.page.did);
            place.map(|place| meant.remove(place));
        }
    }

    /// Cut messages too: each key and button goes up and down just as its holder's did.
    #[test]
    fn cut_messages_change_no_key_s_story(
        acts in vec(prop_oneof![8 => kind_act(), 2 => (0usize..4).prop_map(|keep| Act::Send(Fate::Cut(keep)))], 0..60)
    ) {
        let mut play = Play::new();
        for act in acts {
            play.act(act);
        }
        play.finish();
        prop_assert_eq!(Page::did_with(&play.world.seen), Page::did_with(&play.page.did));
    }

    /// Whatever happened, after the holder's last neutral state nothing is pressed.
    #[test]
    fn a_neutral_state_releases_all(acts in vec(rough_act(), 0..80)) {
        let mut play = Play::new();
        acts.into_iter().for_each(|act| play.act(act));
        play.page.release_all();
        play.finish();
        prop_assert!(play.world.nothing_pressed());
        prop_assert_eq!(play.world.ack().steps as usize, play.page.did.len());
    }

    /// Or after silence.
    #[test]
    fn silence_releases_all(acts in vec(rough_act(), 0..80)) {
        let mut play = Play::new();
        acts.into_iter().for_each(|act| play.act(act));
        play.world.advance(500);
        play.world.settle();
        prop_assert!(play.world.nothing_pressed());
        prop_assert_eq!(play.world.ports, [Port::Up(None); 3]);
    }

    /// Any states at all, from several holders, in any order.
    #[test]
    fn any_states_end_in_silence_and_nothing_pressed(states in vec((any_state(), 0u64..200, any::<bool>()), 0..40)) {
        let mut world = World::new();
        for (state, millis, polls) in states {
            world.input(&state);
            world.advance(millis);
            if polls {
                world.poll_all();
            }
        }
        world.advance(500);
        world.settle();
        prop_assert!(world.nothing_pressed());
    }
}
