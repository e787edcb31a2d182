//! What holds whatever happens, in whatever order.

use super::desk::{busy, hid, peers, Desk, HOLDER, MOUSE};
use dkvm_input::{
    codes::{usage, Usage},
    config::{Config, Neighbour},
    core::{
        pointer::Side,
        types::{DeviceId, Edge, Event, KeysOf, Move},
        How,
    },
};
use dkvm_wire::vocab::{
    desk::DeskDevice,
    input::{InputAck, InputState, Step, MAX_STEPS},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A, left Shift, both Ctrl, left Alt, 1, 2, the left button.
const CODES: [u16; 8] = [30, 42, 29, 97, 56, 2, 3, 0x110];
const NODES: [&str; 2] = ["lab", "office"];

#[derive(Debug, Clone)]
enum Act {
    Key(usize),
    Shift(i32),
    Focus(Option<usize>, bool),
    Ack(usize, u32),
    Hid(usize, u32, u64),
    Busy(usize),
    Gone(usize),
    Unpaired,
    Paired,
    Replug,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => (0..CODES.len()).prop_map(Act::Key),
        4 => (-900..900).prop_map(Act::Shift),
        3 => (proptest::option::of(0..2_usize), any::<bool>()).prop_map(|(node, steal)| Act::Focus(node, steal)),
        8 => (0..2_usize, 0..3_u32).prop_map(|(node, ahead)| Act::Ack(node, ahead / 2)),
        2 => (0..2_usize, 0..20_u32, prop_oneof![Just(HOLDER), Just(5), Just(0)]).prop_map(|(node, focus, holder)| Act::Hid(node, focus, holder)),
        1 => (0..2_usize).prop_map(Act::Busy),
        1 => (0..2_usize).prop_map(Act::Gone),
        1 => Just(Act::Unpaired),
        2 => Just(Act::Paired),
        1 => Just(Act::Replug),
        6 => (0..4000_u64).prop_map(Act::Wait),
    ]
}

/// What a node's hid would hold after all messages: the model of the other end, without loss.
#[derive(Debug, Default)]
struct Far {
    next: u32,
    held: BTreeSet<Usage>,
}

impl Far {
    fn take(&mut self, state: &InputState) {
        assert!(state.steps.len() <= MAX_STEPS);
        // Steps that were given up are never seen.
        self.next = self.next.max(state.first);
        let known = usize::try_from(self.next - state.first).expect("small");
        for step in state.steps.iter().skip(known) {
            self.next += 1;
            let (usage, down) = match *step {
                Step::Key { usage, down } => (Usage::Key(usage), down),
                Step::Button { button, down, .. } => (Usage::Button(button), down),
                _ => continue,
            };
            if down {
                self.held.insert(usage);
            } else {
                self.held.remove(&usage);
            }
        }
        // The held set releases what it does not name.
        self.held.retain(|usage| match usage {
            Usage::Key(key) => state.keys.contains(key),
            Usage::Button(button) => state.buttons & (1 << button) != 0,
            _ => true,
        });
        let named = state.keys.len() + usize::try_from(state.buttons.count_ones()).expect("few");
        assert_eq!(self.held.len(), named, "it names what no step pressed");
    }
}

struct World {
    desk: Desk,
    far: BTreeMap<String, Far>,
    seen: usize,
    /// What this machine was shown as pressed: while a device is not grabbed, it sees what the core sees.
    here: BTreeSet<(DeviceId, u16)>,
}

impl World {
    fn new() -> Self {
        let right = Neighbour {
            of: None,
            edge: Side::Right,
            node: "office".into(),
        };
        Self {
            desk: Desk::with(Config {
                layout: vec![right],
                ..Config::default()
            }),
            far: BTreeMap::new(),
            seen: 0,
            here: BTreeSet::new(),
        }
    }

    fn key(&mut self, index: usize) {
        let code = CODES[index];
        let id = if code == 0x110 {
            MOUSE
        } else {
            self.desk.keyboard
        };
        let edge = match self.desk.down.contains(&(id, code)) {
            true => Edge::Up,
            false => Edge::Down,
        };
        let seen_here = !self.desk.grabbed.contains(&id);
        match edge {
            Edge::Down => drop(self.desk.down.insert((id, code))),
            Edge::Up => drop(self.desk.down.remove(&(id, code))),
        }
        match edge {
            Edge::Down if seen_here => drop(self.here.insert((id, code))),
            Edge::Up if seen_here => drop(self.here.remove(&(id, code))),
            _ => {}
        }
        self.desk
            .step(Event::Moved(id, vec![Move::Key(code, edge)]));
    }

    fn replug(&mut self) {
        let old = self.desk.keyboard;
        self.desk.down.retain(|(id, _)| *id != old);
        self.here.retain(|(id, _)| *id != old);
        self.desk.grabbed.remove(&old);
        self.desk.step(Event::Unplugged(old));
        self.desk.keyboard = DeviceId(old.0 + 10);
        let info = DeskDevice {
            name: "Keys".into(),
            path: String::new(),
            keyboard: true,
            mouse: false,
        };
        self.desk
            .step(Event::Plugged(self.desk.keyboard, info, KeysOf::every()));
    }

    fn ack(&mut self, node: &str, ahead: u32) {
        let Some((_, last)) = self.desk.sent.iter().rev().find(|(to, _)| to == node) else {
            return;
        };
        let ack = InputAck {
            holder: HOLDER,
            seq: last.seq,
            steps: last.first + u32::try_from(last.steps.len()).expect("few"),
            focus: last.focus + ahead,
            lost: 0,
        };
        self.desk.step(Event::Ack(node.into(), ack));
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Key(index) => self.key(index),
            Act::Shift(by) => self.desk.shift(by, by / 3),
            Act::Focus(node, steal) => {
                let how = if steal { How::Steal } else { How::Call };
                let _ = self.desk.focus(node.map(|node| NODES[node]), how);
            }
            Act::Ack(node, ahead) => self.ack(NODES[node], ahead),
            Act::Hid(node, focus, holder) => {
                let event = Event::Hid(NODES[node].into(), hid(focus, holder));
                self.desk.step(event);
            }
            Act::Busy(node) => self.desk.step(Event::Hid(NODES[node].into(), busy(9, 5))),
            Act::Gone(node) => self.desk.step(Event::HidGone(NODES[node].into())),
            Act::Unpaired => self.desk.step(Event::Peers(peers(&[]))),
            Act::Paired => self.desk.step(Event::Peers(peers(&NODES))),
            Act::Replug => self.replug(),
            Act::Wait(millis) => self.desk.wait(millis),
        }
        self.look();
    }

    /// The laws.
    fn look(&mut self) {
        for (id, codes) in std::mem::take(&mut self.desk.let_up) {
            self.here
                .retain(|(one, code)| *one != id || !codes.contains(code));
        }
        let sent: Vec<_> = self.desk.sent[self.seen..].to_vec();
        self.seen = self.desk.sent.len();
        for (node, state) in sent {
            self.far.entry(node).or_default().take(&state);
        }
        for (id, code) in &self.here {
            if !self.desk.grabbed.contains(id) {
                continue;
            }
            let held = usage(*code).expect("known");
            let there = self.far.values().any(|far| far.held.contains(&held));
            assert!(!there, "key {code} is both here and there");
            panic!("key {code} of a grabbed device stays down here");
        }
        let state = self.desk.state();
        if let Some(taken) = &state.taken {
            // Who takes the focus there releases all of the one before.
            self.far.entry(taken.node.clone()).or_default().held.clear();
        }
        for (node, far) in &self.far {
            if state.node.as_deref() != Some(node) {
                assert!(far.held.is_empty(), "{node} was left with {:?}", far.held);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nothing is down where input is not; no key is both here and there; this machine is left with none.
    #[test]
    fn nothing_stays_down(acts in proptest::collection::vec(act(), 1..120)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        // Whatever happened: the release chord, and time.
        world.desk.press("leftctrl");
        world.desk.press("rightctrl");
        prop_assert_eq!(world.desk.state().node, None);
        world.desk.wait(4000);
        prop_assert!(world.desk.grabbed.is_empty(), "it is let go whatever is down");
        prop_assert!(world.desk.core.is_done());
        world.look();
    }
}
