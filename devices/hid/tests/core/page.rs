//! A page: it holds things, counts its steps and forgets those that are acknowledged.

use crate::world::Seen;
use dkvm_wire::vocab::input::{InputAck, InputState, Motion, Position, Step};
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

    /// Presses if it is not held, else releases.
    pub fn toggle(&mut self, what: Seen) {
        match what {
            Seen::Key(usage, _) => self.key(usage, !self.state.keys.contains(&usage)),
            Seen::Button(button, _) => self.button(button, self.state.buttons & (1 << button) == 0),
        };
    }

    pub fn at(&mut self, x: u16, y: u16) -> &mut Self {
        self.state.at = Some(Position { x, y });
        self
    }

    pub fn release_all(&mut self) {
        for usage in self.state.keys.clone() {
            self.key(usage, false);
        }
        for button in 0..5 {
            if self.state.buttons & (1 << button) != 0 {
                self.button(button, false);
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
        let name = |seen: &Seen| match *seen {
            Seen::Key(usage, _) => (Seen::Key(usage, false), matches!(seen, Seen::Key(_, true))),
            Seen::Button(button, _) => (
                Seen::Button(button, false),
                matches!(seen, Seen::Button(_, true)),
            ),
        };
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
