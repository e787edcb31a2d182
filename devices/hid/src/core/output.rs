//! Reports out.

use super::{
    endpoint::{Load, Shown, Use},
    fingers::told,
    held::{Beyond, Edge, Keys},
    motion::{chunk, Delta},
    steps::{Effect, Progress},
    Action, Bus, Core,
};
use crate::reports::{system_bit, Function, Kind, Report};
use dkvm_sdk::Time;
use std::time::Duration;

const KEYS: [Kind; 2] = [Kind::Keyboard, Kind::Keys];
const MICE: [Kind; 2] = [Kind::Absolute, Kind::Relative];
/// Fingers that lie still are told again so often: a target that hears nothing of them for 100 ms takes them for lifted (Linux,
/// `hid-multitouch`, as Microsoft's rules for digitizers want it).
const RETOUCH: Duration = Duration::from_millis(30);
/// What was released against its holder's word is pressed again when it is still held so long after the holder's return: what
/// comes at once then may be the backlog of a link that stood, and old.
const RETURN: Duration = Duration::from_millis(100);

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
        self.reconcile(now);
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
    /// pressed again; of consumer and system keys and fingers not even that: they do something when they go down.
    fn reconcile(&mut self, now: Time) {
        let beyond = self.beyond();
        let returned = self.focus.back.after(RETURN) <= now;
        let Some(wanted) = &self.wanted else { return };
        if !self.steps.unfinished(&KEYS) {
            self.held.keys.keep(&wanted.keys);
            if returned {
                let owed = std::mem::take(&mut self.owed.keys);
                let named = wanted.keys.iter().filter(|usage| owed.contains(**usage));
                named.for_each(|usage| press(&mut self.held.keys, *usage, beyond));
            }
        }
        if !self.steps.unfinished(&MICE) {
            self.held.pointer.keep(wanted.buttons);
            if returned {
                let owed = std::mem::take(&mut self.owed.pointer).buttons();
                self.held.pointer.press(wanted.buttons & owed, wanted.mode);
            }
        }
        self.reconcile_extra();
    }

    /// When what is owed will be pressed, if it is still held then.
    pub(super) fn owed_due(&self) -> Option<Time> {
        let keys = self.owed.keys != Keys::default() && !self.steps.unfinished(&KEYS);
        let buttons = self.owed.pointer.buttons() != 0 && !self.steps.unfinished(&MICE);
        let waits = self.wanted.is_some() && self.bus != Bus::Asleep;
        (waits && (keys || buttons)).then(|| self.focus.back.after(RETURN))
    }

    fn reconcile_extra(&mut self) {
        let Some(wanted) = &self.wanted else { return };
        if !self.steps.unfinished(&[Kind::Consumer]) {
            let named = |usage: &u16| wanted.extra.consumer.contains(usage);
            self.held.media.consumer.retain(named);
        }
        if !self.steps.unfinished(&[Kind::System]) {
            let bits = wanted.extra.system.iter().map(|usage| system_bit(*usage));
            self.held.media.system &= bits.fold(0, |sum, bit| sum | bit);
        }
        if !self.steps.unfinished(&[Kind::Touch]) {
            self.held.fingers.follow(&wanted.extra.touches);
        }
    }

    /// The first report of a kind on a function that is open or configured anew.
    fn sync(&mut self, function: Function, now: Time) {
        let endpoint = self.endpoints[function.index()];
        if let Some(kind) = endpoint.may_sync(function, self.form, now) {
            let face = match endpoint.shown(kind) {
                Shown::Nothing => self.held.neutral(kind),
                _ => self.held.face(kind),
            };
            self.write(face, face, Load::Face, now);
        }
    }

    fn write(&mut self, report: Report, face: Report, load: Load, now: Time) {
        let report = match face.kind() {
            Kind::Touch => self.with_lifted(face, now),
            _ => report,
        };
        self.endpoint(report.function()).wrote(face, load, now);
        self.out.push(Action::Write(report));
    }

    /// The digitizer's report with the fingers that were lifted since the last one.
    fn with_lifted(&mut self, face: Report, now: Time) -> Report {
        self.touched = now;
        let shown = self.endpoints[face.function().index()].shown(Kind::Touch);
        let before = match &shown {
            Shown::Face(before) => Some(before),
            Shown::Nothing | Shown::Unknown => None,
        };
        // The scan's time counts 100 µs and wraps.
        told(&face, before, (now.micros() / 100) as u16)
    }

    /// When fingers that lie still are to be told again.
    pub(super) fn retouch(&self) -> Option<Time> {
        let told = self.form.has(Kind::Touch) && self.bus == Bus::Awake;
        let ready = self.endpoints[Kind::Touch.function().index()].usage() == Use::Now;
        (told && ready && self.held.fingers.any()).then(|| self.touched.after(RETOUCH))
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
    /// holds up only those of its function; keys hold up keys, in whichever report.
    fn visit(&mut self, place: usize, blocked: &mut [bool], now: Time) -> Then {
        let Some(item) = self.steps.items().get(place).copied() else {
            return Then::Stop;
        };
        let ways = ways(item.effect);
        match (item.progress, self.worst(ways)) {
            (Progress::Done, _) => Then::Next,
            (_, Use::Out) => {
                ways.iter()
                    .for_each(|function| blocked[function.index()] = true);
                Then::Next
            }
            (Progress::Waiting | Progress::Unsure, _)
                if ways.iter().any(|function| blocked[function.index()]) =>
            {
                Then::Next
            }
            (Progress::Waiting | Progress::Unsure, Use::Now) => self.send(place, now),
            (_, Use::Now | Use::Wait) => Then::Stop,
        }
    }

    fn worst(&self, functions: &[Function]) -> Use {
        let uses = functions
            .iter()
            .map(|function| self.endpoints[function.index()].usage());
        uses.max().unwrap_or(Use::Out)
    }

    fn send(&mut self, place: usize, now: Time) -> Then {
        if self.send_lead(place, now) {
            return Then::Stop;
        }
        let number = self.steps.number(place);
        let Some(item) = self.steps.at(place) else {
            return Then::Stop;
        };
        let kind = item.effect.kind();
        if !self.form.has(kind) {
            // What this target does not have presses nothing.
            item.progress = Progress::Done;
            return Then::Next;
        }
        item.effect.apply(&mut self.held);
        let face = self.held.face(kind);
        if self.endpoints[kind.function().index()].shown(kind) == Shown::Face(face) {
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
        let report = self.with_motion(Kind::Relative, delta);
        self.write(
            report,
            self.held.face(Kind::Relative),
            Load::Lead(number, delta),
            now,
        );
        true
    }

    /// Motion, and state that no step carries.
    fn write_rest(&mut self, function: Function, now: Time) {
        let mut kinds: Vec<Kind> = self.form.kinds(function).collect();
        // The mouse last: it may have something to say all the time.
        kinds.reverse();
        for kind in kinds {
            if self.endpoints[function.index()].usage() == Use::Now {
                self.write_kind(kind, now);
            }
        }
    }

    fn write_kind(&mut self, kind: Kind, now: Time) {
        if kind == Kind::Keys && !self.modifiers_are_shown() {
            self.release_keys(now);
            return;
        }
        self.follow(kind);
        let function = kind.function();
        let (delta, load) = self.take_motion(kind, now);
        let face = self.held.face(kind);
        let again = kind == Kind::Touch && self.retouch().is_some_and(|due| due <= now);
        let changed = self.endpoints[function.index()].shown(kind) != Shown::Face(face);
        if changed || again || delta != Delta::default() {
            self.write(self.with_motion(kind, delta), face, load, now);
        }
    }

    /// Of the keys beyond the first six those that are held no more: a release waits for no modifier.
    fn release_keys(&mut self, now: Time) {
        let Shown::Face(shown) = self.endpoints[Kind::Keys.function().index()].shown(Kind::Keys)
        else {
            return;
        };
        let left = shown.both(&self.held.face(Kind::Keys));
        if left != shown {
            self.write(left, left, Load::Face, now);
        }
    }

    /// A key beyond the first six that is pressed again comes after the modifiers that belong to it.
    fn modifiers_are_shown(&self) -> bool {
        let keyboard = &self.endpoints[Function::Keyboard.index()];
        keyboard.usage() == Use::Now
            && keyboard.shown(Kind::Keyboard) == Shown::Face(self.held.face(Kind::Keyboard))
    }

    fn take_motion(&mut self, kind: Kind, now: Time) -> (Delta, Load) {
        if !MICE.contains(&kind) {
            return (Delta::default(), Load::Face);
        }
        let delta = self.motion.take_delta(kind.function(), self.form);
        if kind == Kind::Relative && delta == Delta::default() {
            if let Some((x, left)) = self.jiggle.way(now) {
                let delta = Delta {
                    x,
                    ..Delta::default()
                };
                return (delta, Load::Sway(left));
            }
        }
        (delta, Load::Motion(delta))
    }

    /// Moves the absolute pointer, unless a click somewhere else comes first.
    fn follow(&mut self, kind: Kind) {
        if kind == Kind::Absolute && !self.steps.unfinished(&[Kind::Absolute]) {
            if let Some(at) = self.motion.moved.take() {
                self.held.pointer.at = at;
            }
        }
    }

    fn with_motion(&self, kind: Kind, delta: Delta) -> Report {
        let pointer = &self.held.pointer;
        match kind {
            Kind::Absolute => Report::absolute(pointer.absolute, pointer.at, delta.turn),
            Kind::Relative => Report::relative(pointer.relative, delta.x, delta.y, delta.turn),
            _ => self.held.face(kind),
        }
    }
}

/// The functions that a step needs: a key beyond the first six also that of the modifiers.
fn ways(effect: Effect) -> &'static [Function] {
    match effect.kind() {
        Kind::Keys => &[Function::Keyboard, Function::Absolute],
        Kind::Keyboard => &[Function::Keyboard],
        Kind::Relative => &[Function::Relative],
        _ => &[Function::Absolute],
    }
}

fn press(keys: &mut Keys, usage: u8, beyond: Beyond) {
    let kind = keys.route(usage, Edge::Down, beyond);
    keys.set(kind, usage, Edge::Down);
}
