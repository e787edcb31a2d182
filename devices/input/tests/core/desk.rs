//! A desk to try the core at: a keyboard, a mouse, nodes that are what the test says.

use dkvm_input::{
    codes::named_code,
    config::Config,
    core::{
        types::{Action, DeviceId, Edge, Event, Grip, KeysOf, Move},
        Core, How, Refusal,
    },
};
use dkvm_sdk::Time;
use dkvm_wire::vocab::{
    desk::{DeskDevice, DeskState},
    input::{HidState, InputAck, InputState, Leds, Link},
    peer::{Grant, LinkState, PeerInfo, PeerState},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub const HOLDER: u64 = 77;
pub const KEYBOARD: DeviceId = DeviceId(1);
pub const MOUSE: DeviceId = DeviceId(2);

pub struct Desk {
    pub core: Core,
    pub now: Time,
    /// The one that is typed on.
    pub keyboard: DeviceId,
    /// All that was sent.
    pub sent: Vec<(String, InputState)>,
    pub grabbed: BTreeSet<DeviceId>,
    pub lit: BTreeMap<DeviceId, Leds>,
    /// What was said to be up here though it is not.
    pub let_up: Vec<(DeviceId, Vec<u16>)>,
    /// What is down on each, as Linux knows it.
    pub down: BTreeSet<(DeviceId, u16)>,
    /// A grab fails so.
    pub broken: Option<String>,
    /// Another program has these.
    pub others: BTreeSet<DeviceId>,
}

pub fn peer(node: &str) -> PeerInfo {
    PeerInfo {
        node: node.into(),
        fingerprint: String::new(),
        address: String::new(),
        grants: vec![],
        granted: vec![Grant::View, Grant::Type],
        link: LinkState::Up,
        detail: None,
        rtt_us: 300,
        version: "0.1.0".into(),
    }
}

pub fn peers(nodes: &[&str]) -> PeerState {
    PeerState {
        peers: nodes.iter().map(|node| peer(node)).collect(),
        ..PeerState::default()
    }
}

pub fn hid(focus: u32, holder: u64) -> HidState {
    HidState {
        keyboard: Link::Ok,
        absolute: Link::Ok,
        relative: Link::Ok,
        leds: Leds::default(),
        focus,
        holder,
        extras: Vec::new(),
        jiggle: 0,
        by: if holder == 0 { "" } else { "web" }.into(),
        busy: false,
    }
}

pub fn busy(focus: u32, holder: u64) -> HidState {
    HidState {
        busy: true,
        ..hid(focus, holder)
    }
}

pub fn device(keyboard: bool) -> DeskDevice {
    DeskDevice {
        name: if keyboard { "Keys" } else { "Mouse" }.into(),
        path: String::new(),
        keyboard,
        mouse: !keyboard,
    }
}

impl Desk {
    /// With two nodes, `lab` (hotkey 1) and `office` (2), of which nobody works either.
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let mut desk = Self {
            core: Core::new(config, HOLDER).expect("a right configuration"),
            now: Time::default(),
            keyboard: KEYBOARD,
            sent: Vec::new(),
            grabbed: BTreeSet::new(),
            lit: BTreeMap::new(),
            let_up: Vec::new(),
            down: BTreeSet::new(),
            broken: None,
            others: BTreeSet::new(),
        };
        desk.step(Event::Plugged(KEYBOARD, device(true), KeysOf::every()));
        desk.step(Event::Plugged(MOUSE, device(false), KeysOf::default()));
        desk.step(Event::Peers(peers(&["office", "lab"])));
        desk.step(Event::Hid("lab".into(), hid(3, 0)));
        desk.step(Event::Hid("office".into(), hid(8, 0)));
        desk
    }

    pub fn step(&mut self, event: Event) {
        let actions = self.core.step(event, self.now);
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(node, state) => self.sent.push((node, state)),
                Action::Light(id, leds) => drop(self.lit.insert(id, leds)),
                Action::LetUp(id, codes) => {
                    self.down
                        .retain(|(one, code)| *one != id || !codes.contains(code));
                    self.let_up.push((id, codes));
                }
                Action::Grab(id) => {
                    assert!(!self.grabbed.contains(&id), "grabbed twice");
                    let grip = self.grab(id);
                    self.step(Event::Gripped(id, grip));
                }
                Action::Ungrab(id) => {
                    self.grabbed.remove(&id);
                    self.step(Event::Gripped(id, Grip::Machines));
                }
            }
        }
    }

    fn grab(&mut self, id: DeviceId) -> Grip {
        if let Some(why) = &self.broken {
            return Grip::Failed(why.clone());
        }
        if self.others.contains(&id) {
            return Grip::Failed("Keys is grabbed by another program".into());
        }
        self.grabbed.insert(id);
        let held = self.down.iter().filter(|(one, _)| *one == id);
        Grip::Ours(held.map(|(_, code)| *code).collect())
    }

    pub fn focus(&mut self, node: Option<&str>, how: How) -> Result<(), Refusal> {
        let (result, actions) = self.core.focus(node, how, self.now);
        self.act(actions);
        result
    }

    /// Time goes by, with each deadline on its way kept.
    pub fn wait(&mut self, millis: u64) {
        let end = self.now.after(Duration::from_millis(millis));
        // A deadline that does not move on would be a loop: 1 ms is the least.
        while let Some(deadline) = self.core.deadline().filter(|deadline| *deadline <= end) {
            self.now = deadline.max(self.now.after(Duration::from_micros(100)));
            self.step(Event::Tick);
        }
        self.now = end;
        self.step(Event::Tick);
    }

    pub fn press(&mut self, name: &str) {
        let code = named_code(name).expect("a key");
        self.down.insert((self.keyboard, code));
        self.step(Event::Moved(
            self.keyboard,
            vec![Move::Key(code, Edge::Down)],
        ));
    }

    pub fn release(&mut self, name: &str) {
        let code = named_code(name).expect("a key");
        self.down.remove(&(self.keyboard, code));
        self.step(Event::Moved(self.keyboard, vec![Move::Key(code, Edge::Up)]));
    }

    pub fn tap(&mut self, name: &str) {
        self.press(name);
        self.release(name);
    }

    /// All down in this order, and up in the other.
    pub fn chord(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.press(name));
        names.iter().rev().for_each(|name| self.release(name));
    }

    pub fn hotkey(&mut self, digit: &str) {
        self.chord(&["leftctrl", "leftalt", digit]);
    }

    pub fn button(&mut self, edge: Edge) {
        const BTN_LEFT: u16 = 0x110;
        match edge {
            Edge::Down => drop(self.down.insert((MOUSE, BTN_LEFT))),
            Edge::Up => drop(self.down.remove(&(MOUSE, BTN_LEFT))),
        }
        self.step(Event::Moved(MOUSE, vec![Move::Key(BTN_LEFT, edge)]));
    }

    pub fn shift(&mut self, dx: i32, dy: i32) {
        let moves = vec![Move::Pointer(dx, 0), Move::Pointer(0, dy)];
        self.step(Event::Moved(MOUSE, moves));
    }

    pub fn last(&self, node: &str) -> &InputState {
        let found = self.sent.iter().rev().find(|(to, _)| to == node);
        &found.expect("something was sent").1
    }

    /// The node acknowledges all that was sent to it.
    pub fn ack(&mut self, node: &str) {
        let last = self.last(node).clone();
        let steps = u32::try_from(last.steps.len()).expect("few");
        let ack = InputAck {
            holder: HOLDER,
            seq: last.seq,
            steps: last.first + steps,
            focus: last.focus,
            lost: 0,
        };
        self.step(Event::Ack(node.into(), ack));
    }

    pub fn state(&self) -> DeskState {
        self.core.state()
    }

    /// Goes to a node that nobody works, and is granted the focus.
    pub fn at(node: &str) -> Self {
        let mut desk = Self::new();
        desk.go(node);
        desk
    }

    pub fn go(&mut self, node: &str) {
        self.focus(Some(node), How::Call).expect("it is free");
        self.ack(node);
        assert_eq!(self.state().node.as_deref(), Some(node));
        self.sent.clear();
    }
}
