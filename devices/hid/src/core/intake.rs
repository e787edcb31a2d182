//! Input states in.

use super::{
    focus::{Claim, Source},
    held::Held,
    steps::{Effect, Steps},
    time::Time,
    Action, Core, Wanted,
};
use crate::reports::Function;
use dkvm_wire::vocab::input::{InputAck, InputState};

/// Usages of a held set that are looked at: there are no more.
const MAX_USAGES: usize = 256;

impl Core {
    pub(super) fn on_input(&mut self, source: Source, state: &InputState, now: Time) {
        match self.focus.judge(state) {
            Claim::Nobody => return,
            Claim::Stale => return self.tell_stale(state),
            Claim::Takes => self.hand_over(state),
            Claim::Mine => {}
        }
        self.focus.renew(state, source, now);
        self.accept(state, now);
        // Whatever came of it, a message is answered.
        self.told = (0, 0, 0);
    }

    fn tell_stale(&mut self, state: &InputState) {
        let (steps, lost) = self
            .books
            .get(state.holder)
            .map_or((state.first, 0), |book| (book.settled, book.lost));
        let focus = self.focus.told_to(state);
        self.out.push(Action::Ack(InputAck {
            holder: state.holder,
            seq: state.seq,
            steps,
            focus,
            lost,
        }));
    }

    fn hand_over(&mut self, state: &InputState) {
        self.let_go();
        self.owed = Held::default();
        self.steps = Steps::resume(self.books.open(state.holder, state.first));
    }

    fn accept(&mut self, state: &InputState, now: Time) {
        let book = self.books.open(state.holder, state.first);
        let new = self.steps.take(state, book, self.held.pointer, now);
        let restored = self
            .steps
            .modifiers_below(self.owed.keys.modifiers, &state.keys);
        self.held.keys.modifiers |= restored;
        self.owed.keys.modifiers &= !restored;
        if book.seq.is_none_or(|seq| is_later(state.seq, seq)) {
            book.seq = Some(state.seq);
            let base = book.motion.replace(state.motion).unwrap_or(state.motion);
            self.motion.take(state, base, now);
            self.wanted = Some(wanted(state));
        }
        self.lead(new);
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
    }
}

/// Message numbers wrap.
fn is_later(seq: u32, than: u32) -> bool {
    let ahead = seq.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}
