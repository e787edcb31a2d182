//! A page: it holds things, counts its steps and forgets those that are acknowledged.

use crate::world::Seen;
use dkvm_wire::vocab::input::{Contact, InputAck, InputState, Motion, Position, Step};
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
pub struct Page {
    pub state: InputState,
    /// Everything that it ever did.
    pub did: Vec<Seen>,
}

impl Page {
    pub fn new(holder: u64, focus: u32) -> Self {
        let motion = Motion::default();
        let state = InputState {
            holder,
            focus,
            seq: 0,
            first: 0,
            steps: vec![],
            keys: vec![],
            buttons: 0,
            at: None,
            motion,
            extra: Default::default(),
        };
        Self { state, did: vec![] }
    }

    pub fn key(&mut self, usage: u8, down: bool) -> &mut Self {
        self.state.keys.retain(|key| *key != usage);
        if down {
            self.state.keys.push(usage);
        }
        self.did.push(Seen::Key(usage, down));
        self.state.steps.push(Step::Key { usage, down });
        self
    }

    pub fn button(&mut self, button: u8, down: bool) -> &mut Self {
        self.state.buttons = (self.state.buttons & !(1 << button)) | (u8::from(down) << button);
        self.did.push(Seen::Button(button, down));
        self.state.steps.push(Step::Button {
            button,
            down,
            at: self.state.at,
        });
        self
    }

    pub fn consumer(&mut self, usage: u16, down: bool) -> &mut Self {
        let held = &mut self.state.extra.consumer;
        held.retain(|key| *key != usage);
        held.extend(down.then_some(usage));
        self.did.push(Seen::Consumer(usage, down));
        self.state.steps.push(Step::Consumer { usage, down });
        self
    }

    pub fn system(&mut self, usage: u8, down: bool) -> &mut Self {
        let held = &mut self.state.extra.system;
        held.retain(|key| *key != usage);
        held.extend(down.then_some(usage));
        self.did.push(Seen::System(usage, down));
        self.state.steps.push(Step::System { usage, down });
        self
    }

    pub fn touch(&mut self, contact: u8, down: bool) -> &mut Self {
        let at = Position {
            x: 100 * u16::from(contact),
            y: 7,
        };
        let held = &mut self.state.extra.touches;
        held.retain(|one| one.contact != contact);
        held.extend(down.then_some(Contact { contact, at }));
        self.did.push(Seen::Touch(contact, down));
        self.state.steps.push(Step::Touch { contact, down, at });
        self
    }

    fn holds(&self, what: Seen) -> bool {
        let extra = &self.state.extra;
        match what {
            Seen::Key(usage, _) => self.state.keys.contains(&usage),
            Seen::Button(button, _) => self.state.buttons & (1 << button) != 0,
            Seen::Consumer(usage, _) => extra.consumer.contains(&usage),
            Seen::System(usage, _) => extra.system.contains(&usage),
            Seen::Touch(contact, _) => extra.touches.iter().any(|one| one.contact == contact),
        }
    }

    /// Presses or releases.
    pub fn act(&mut self, what: Seen) -> &mut Self {
        match what {
            Seen::Key(usage, down) => self.key(usage, down),
            Seen::Button(button, down) => self.button(button, down),
            Seen::Consumer(usage, down) => self.consumer(usage, down),
            Seen::System(usage, down) => self.system(usage, down),
            Seen::Touch(contact, down) => self.touch(contact, down),
        }
    }

    /// Presses if it is not held, else releases.
    pub fn toggle(&mut self, what: Seen) {
        let down = !self.holds(what);
        self.act(what.to(down));
    }

    /// A tap of what is not held.
    pub fn tap(&mut self, what: Seen) {
        if !self.holds(what) {
            self.act(what.to(true)).act(what.to(false));
        }
    }

    pub fn at(&mut self, x: u16, y: u16) -> &mut Self {
        self.state.at = Some(Position { x, y });
        self
    }

    pub fn release_all(&mut self) {
        let extra = self.state.extra.clone();
        let mut held: Vec<Seen> = self
            .state
            .keys
            .iter()
            .map(|usage| Seen::Key(*usage, true))
            .collect();
        held.extend((0..5).map(|button| Seen::Button(button, true)));
        held.extend(
            extra
                .consumer
                .iter()
                .map(|usage| Seen::Consumer(*usage, true)),
        );
        held.extend(extra.system.iter().map(|usage| Seen::System(*usage, true)));
        held.extend(
            extra
                .touches
                .iter()
                .map(|one| Seen::Touch(one.contact, true)),
        );
        for what in held {
            if self.holds(what) {
                self.act(what.to(false));
            }
        }
    }

    pub fn message(&mut self) -> InputState {
        self.state.seq += 1;
        self.state.clone()
    }

    pub fn hear(&mut self, ack: &InputAck) {
        if ack.holder == self.state.holder && ack.steps > self.state.first {
            let known = usize::try_from(ack.steps - self.state.first).expect("small");
            self.state.steps.drain(..known.min(self.state.steps.len()));
            self.state.first = ack.steps;
        }
    }

    /// What one key or button did.
    pub fn did_with(log: &[Seen]) -> BTreeSet<(Seen, Vec<bool>)> {
        let name = |seen: &Seen| (seen.thing(), seen.is_down());
        let names: BTreeSet<_> = log.iter().map(|seen| name(seen).0).collect();
        let of = |wanted: Seen| {
            log.iter()
                .map(name)
                .filter(|(found, _)| *found == wanted)
                .map(|(_, down)| down)
                .collect()
        };
        names
            .into_iter()
            .map(|wanted| (wanted, of(wanted)))
            .collect()
    }
}
