//! Reports out.

use super::{
    endpoint::{Load, Shown, Use},
    held::{Edge, Keys, Pointer},
    motion::{chunk, Delta},
    steps::Progress,
    time::Time,
    Action, Bus, Core,
};
use crate::reports::{Function, Report};

const MICE: [Function; 2] = [Function::Absolute, Function::Relative];

/// Whether steps behind this one may be looked at.
enum Then {
    Next,
    Stop,
}

impl Core {
    /// Writes what can be written now.
    pub(super) fn pump(&mut self, now: Time) {
        self.open_absent(now);
        if self.bus == Bus::Asleep {
            return;
        }
        self.reconcile();
        for function in Function::ALL {
            self.sync(function, now);
        }
        if self.bus != Bus::Unplugged {
            self.write_steps(now);
        }
        for function in Function::ALL {
            self.write_rest(function, now);
        }
    }

    fn open_absent(&mut self, now: Time) {
        for function in Function::ALL {
            if self.endpoint(function).is_due(now) {
                self.out.push(Action::Open(function));
            }
        }
    }

    /// Where no steps wait, nothing is held that the holder does not say. What it says and nobody pressed is a step that has
    /// not come yet: pressing it now would press it twice. Only what was released here, against the holder's word, is
    /// pressed again.
    fn reconcile(&mut self) {
        let Some(wanted) = &self.wanted else { return };
        if !self.steps.unfinished(&[Function::Keyboard]) {
            self.held.keys.keep(&wanted.keys);
            let owed = wanted
                .keys
                .iter()
                .filter(|usage| self.owed.keys.contains(**usage));
            owed.for_each(|usage| self.held.keys.set(*usage, Edge::Down));
            self.owed.keys = Keys::default();
        }
        if !self.steps.unfinished(&MICE) {
            self.held.pointer.keep(wanted.buttons);
            self.held
                .pointer
                .press(wanted.buttons & self.owed.pointer.buttons(), wanted.mode);
            self.owed.pointer = Pointer::default();
        }
    }

    /// The first report on a function that is open or configured anew.
    fn sync(&mut self, function: Function, now: Time) {
        let endpoint = self.endpoints[function.index()];
        if endpoint.may_sync(now) {
            let report = match endpoint.shown {
                Shown::Nothing => self.held.neutral(function),
                _ => self.held.face(function),
            };
            self.write(report, report, Load::Face, now);
        }
    }

    fn write(&mut self, report: Report, face: Report, load: Load, now: Time) {
        self.endpoint(report.function()).wrote(face, load, now);
        self.out.push(Action::Write(report));
    }

    fn write_steps(&mut self, now: Time) {
        let mut blocked = [false; Function::ALL.len()];
        for place in 0..self.steps.items().len() {
            if let Then::Stop = self.visit(place, &mut blocked, now) {
                return;
            }
        }
    }

    /// Looks at one step. One that is on its way, or will be soon, holds up those behind it; one whose function is out
    /// holds up only those of its function.
    fn visit(&mut self, place: usize, blocked: &mut [bool], now: Time) -> Then {
        let Some(item) = self.steps.items().get(place).copied() else {
            return Then::Stop;
        };
        let function = item.effect.function();
        let usage = self.endpoints[function.index()].usage();
        match (item.progress, usage) {
            (Progress::Done, _) => Then::Next,
            (_, Use::Out) => {
                blocked[function.index()] = true;
                Then::Next
            }
            (Progress::Waiting | Progress::Unsure, _) if blocked[function.index()] => Then::Next,
            (Progress::Waiting | Progress::Unsure, Use::Now) => self.send(place, now),
            (_, Use::Now | Use::Wait) => Then::Stop,
        }
    }

    fn send(&mut self, place: usize, now: Time) -> Then {
        if self.send_lead(place, now) {
            return Then::Stop;
        }
        let number = self.steps.number(place);
        let Some(item) = self.steps.at(place) else {
            return Then::Stop;
        };
        item.effect.apply(&mut self.held);
        let face = self.held.face(item.effect.function());
        if self.endpoints[face.function().index()].shown == Shown::Face(face) {
            item.progress = Progress::Done;
            return Then::Next;
        }
        item.progress = Progress::Flying;
        self.write(face, face, Load::Step(number), now);
        Then::Stop
    }

    /// Sends a part of the motion before a click, if there is any.
    fn send_lead(&mut self, place: usize, now: Time) -> bool {
        let number = self.steps.number(place);
        let Some(item) = self.steps.at(place).filter(|item| item.lead != (0, 0)) else {
            return false;
        };
        let delta = Delta {
            x: chunk(&mut item.lead.0),
            y: chunk(&mut item.lead.1),
            ..Delta::default()
        };
        let report = self.with_motion(Function::Relative, delta);
        self.write(
            report,
            self.held.face(Function::Relative),
            Load::Lead(number, delta),
            now,
        );
        true
    }

    /// Motion, and state that no step carries.
    fn write_rest(&mut self, function: Function, now: Time) {
        let endpoint = self.endpoints[function.index()];
        if endpoint.usage() != Use::Now {
            return;
        }
        self.follow(function);
        let delta = if function == Function::Keyboard {
            Delta::default()
        } else {
            self.motion.take_delta(function)
        };
        let face = self.held.face(function);
        if endpoint.shown != Shown::Face(face) || delta != Delta::default() {
            self.write(
                self.with_motion(function, delta),
                face,
                Load::Motion(delta),
                now,
            );
        }
    }

    /// Moves the absolute pointer, unless a click somewhere else comes first.
    fn follow(&mut self, function: Function) {
        if function == Function::Absolute && !self.steps.unfinished(&[Function::Absolute]) {
            if let Some(at) = self.motion.moved.take() {
                self.held.pointer.at = at;
            }
        }
    }

    fn with_motion(&self, function: Function, delta: Delta) -> Report {
        let pointer = &self.held.pointer;
        match function {
            Function::Keyboard => self.held.face(function),
            Function::Absolute => Report::absolute(pointer.absolute, pointer.at, delta.turn),
            Function::Relative => {
                Report::relative(pointer.relative, delta.x, delta.y, delta.turn.wheel)
            }
        }
    }
}
