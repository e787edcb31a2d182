//! Input states in.

use super::{
    busy::Busy,
    endpoint::Use,
    focus::{Claim, Source},
    held::{Beyond, Held},
    steps::{Effect, Steps},
    Action, Answer, Core, Wanted,
};
use crate::reports::{Function, Kind, CONTACTS};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{Extra, InputAck, InputState};

/// Usages of a held set that are looked at: there are no more.
const MAX_USAGES: usize = 256;

impl Core {
    pub(super) fn on_input(&mut self, source: Source, state: &InputState, now: Time) {
        self.jiggle.rest(now);
        let claim = self.focus.judge(state, &source.name);
        let goes_on = claim == Claim::Mine && state.focus == self.focus.epoch;
        match claim {
            Claim::Nobody => return,
            Claim::Stale => return self.tell_stale(state, source),
            Claim::Takes => self.hand_over(state),
            Claim::Mine if !goes_on => self.begin_counters(state.holder),
            Claim::Mine => {}
        }
        self.focus.renew(state, source, now);
        let new = self.accept(state, now);
        // Whatever came of it, a message is answered: at once, or with the word that its step was taken.
        self.answer = match goes_on && new > 0 {
            true => Answer::WithStep,
            false => Answer::Now,
        };
    }

    fn tell_stale(&mut self, state: &InputState, source: Source) {
        let (steps, lost) = self
            .books
            .get(state.holder)
            .map_or((state.first, 0), |book| (book.settled, book.lost));
        let ack = InputAck {
            holder: state.holder,
            seq: state.seq,
            steps,
            focus: self.focus.told_to(state, &source.name),
            lost,
        };
        let to = Some(source.name);
        self.out.push(Action::Ack { ack, to });
    }

    fn hand_over(&mut self, state: &InputState) {
        self.let_go();
        self.busy = Busy::taken(state);
        self.owed = Held::default();
        self.steps = Steps::resume(self.books.open(state.holder, state.first));
        self.begin_counters(state.holder);
    }

    /// What the holder's counters counted since its last visit, and nobody heard of, is not played now.
    fn begin_counters(&mut self, holder: u64) {
        if let Some(book) = self.books.get_mut(holder) {
            book.motion = None;
        }
    }

    /// Says how many of its steps are new.
    fn accept(&mut self, state: &InputState, now: Time) -> usize {
        let beyond = self.beyond();
        let book = self.books.open(state.holder, state.first);
        let new = self.steps.take(state, book, (&self.held, beyond), now);
        let newest = book.seq.is_none_or(|seq| is_later(state.seq, seq));
        // Of an older message with nothing new, what it holds is not what is held behind the steps that wait.
        if newest || new > 0 {
            let owed = self.owed.keys.modifiers;
            let restored = self.steps.modifiers_below(owed, &state.keys);
            self.held.keys.modifiers |= restored;
            self.owed.keys.modifiers &= !restored;
        }
        if newest || new > 0 {
            self.busy.said(state, now);
        }
        let counted = book.motion.is_some_and(|motion| motion != state.motion);
        if new > 0 || (newest && counted) {
            self.busy.worked(now);
        }
        if newest {
            book.seq = Some(state.seq);
            let base = book.motion.replace(state.motion).unwrap_or(state.motion);
            self.motion.take(state, base, now);
            self.wanted = Some(wanted(state));
        }
        self.lead(new);
        new
    }

    /// A target that does not poll the report of further keys is not to lose any by it.
    pub(super) fn beyond(&self) -> Beyond {
        let polled = self.endpoints[Function::Absolute.index()].usage() != Use::Out;
        if polled && self.form.has(Kind::Keys) {
            Beyond::Room
        } else {
            Beyond::None
        }
    }

    /// Relative motion up to a click comes before it.
    fn lead(&mut self, new: usize) {
        let start = self.steps.items().len() - new;
        let relative = |effect: Effect| {
            matches!(
                effect,
                Effect::Button {
                    function: Function::Relative,
                    ..
                }
            )
        };
        let place = (start..start + new).find(|place| {
            self.steps
                .items()
                .get(*place)
                .is_some_and(|item| relative(item.effect))
        });
        if let Some(item) = place.and_then(|place| self.steps.at(place)) {
            item.lead = self.motion.take_lead();
        }
    }
}

fn wanted(state: &InputState) -> Wanted {
    let mode = if state.at.is_some() {
        Function::Absolute
    } else {
        Function::Relative
    };
    Wanted {
        keys: state.keys.iter().copied().take(MAX_USAGES).collect(),
        buttons: state.buttons,
        mode,
        extra: bounded(&state.extra),
    }
}

/// What a report can hold is looked at, and no more.
fn bounded(extra: &Extra) -> Extra {
    Extra {
        consumer: extra.consumer.iter().copied().take(MAX_USAGES).collect(),
        system: extra.system.iter().copied().take(MAX_USAGES).collect(),
        touches: extra.touches.iter().copied().take(CONTACTS).collect(),
    }
}

/// Message numbers wrap.
fn is_later(seq: u32, than: u32) -> bool {
    let ahead = seq.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}
