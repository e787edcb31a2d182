//! Pressing: one button at a time, for so long, and released for certain.

use super::types::{Action, Position, Refusal, Ticket};
use crate::config::PRESS_MIN_MS;
use dkvm_sdk::Time;
use dkvm_wire::vocab::power::{Button, Press, ANSWER_MS, HOLD_MAX_MS};
use std::time::Duration;

/// Between two presses, so that the target sees two.
const REST: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_millis(ANSWER_MS as u64);

/// What the finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Idle,
    Down {
        button: Button,
        until: Time,
    },
    Rest {
        until: Time,
    },
}

/// The finger.
#[derive(Debug, Default)]
pub(super) struct Presser {
    state: State,
    /// Who waits for the answer, and until when at most.
    asker: Option<(Ticket, Time)>,
    /// Asked for in the rest: begins after it.
    next: Option<(Ticket, Button, Duration)>,
}

impl Presser {
    pub(super) fn pressed(&self) -> Option<Button> {
        match self.state {
            State::Down { button, .. } => Some(button),
            _ => None,
        }
    }

    /// Begins to press, now or after the rest, or says why not.
    pub(super) fn press(
        &mut self,
        ticket: Ticket,
        press: Press,
        usual: Duration,
        now: Time,
    ) -> Vec<Action> {
        match self.length(press, usual, now) {
            Ok(length) if matches!(self.state, State::Rest { .. }) => {
                self.next = Some((ticket, press.button, length));
                Vec::new()
            }
            Ok(length) => vec![self.begin((ticket, press.button, length), now)],
            Err(refusal) => vec![Action::Answer(ticket, Err(refusal))],
        }
    }

    fn begin(&mut self, (ticket, button, length): (Ticket, Button, Duration), now: Time) -> Action {
        let until = now.after(length);
        self.state = State::Down { button, until };
        self.asker = Some((ticket, now.after(ANSWER)));
        Action::Set(button, Position::Pressed)
    }

    fn length(&self, press: Press, usual: Duration, now: Time) -> Result<Duration, Refusal> {
        let busy = match (self.state, self.next) {
            (State::Down { button, until }, _) => Some((button, until.since(now))),
            (_, Some((_, button, length))) => Some((button, length)),
            _ => None,
        };
        if let Some((button, left)) = busy {
            return Err(Refusal::Busy { button, left });
        }
        match press.hold_ms {
            None => Ok(usual),
            Some(ms) if (PRESS_MIN_MS..=HOLD_MAX_MS).contains(&ms) => {
                Ok(Duration::from_millis(u64::from(ms)))
            }
            Some(ms) => Err(Refusal::Length(ms)),
        }
    }

    /// The line could not be set: as if it had never been.
    pub(super) fn failed(&mut self, reason: String) -> Vec<Action> {
        let Some(button) = self.pressed() else {
            return Vec::new();
        };
        self.state = State::Idle;
        let mut actions = vec![Action::Set(button, Position::Released)];
        actions.extend(self.answer(Err(Refusal::Hardware(reason))));
        actions
    }

    pub(super) fn tick(&mut self, now: Time) -> Vec<Action> {
        let mut actions = Vec::new();
        if let State::Down { button, until } = self.state {
            if until <= now {
                self.state = State::Rest {
                    until: now.after(REST),
                };
                actions.push(Action::Set(button, Position::Released));
            }
        }
        if matches!(self.state, State::Rest { until } if until <= now) {
            self.state = State::Idle;
            actions.extend(self.answer(Ok(())));
            let next = self.next.take();
            actions.extend(next.map(|next| self.begin(next, now)));
        }
        if self.asker.is_some_and(|(_, due)| due <= now) {
            actions.extend(self.answer(Ok(())));
        }
        actions
    }

    /// The device ends: a button that is let go early does less harm than one that stays.
    pub(super) fn let_go(&mut self) -> Vec<Action> {
        let pressed = self.pressed();
        self.state = State::Idle;
        let (action, outcome) = match pressed {
            Some(button) => (
                Some(Action::Set(button, Position::Released)),
                Err(Refusal::Ending),
            ),
            None => (None, Ok(())),
        };
        let next = self.next.take();
        let never = next.map(|(ticket, ..)| Action::Answer(ticket, Err(Refusal::Ending)));
        let answers = self.answer(outcome).into_iter().chain(never);
        action.into_iter().chain(answers).collect()
    }

    fn answer(&mut self, result: Result<(), Refusal>) -> Option<Action> {
        self.asker
            .take()
            .map(|(ticket, _)| Action::Answer(ticket, result))
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let change = match self.state {
            State::Idle => None,
            State::Down { until, .. } | State::Rest { until } => Some(until),
        };
        let answer = self.asker.map(|(_, due)| due);
        change.into_iter().chain(answer).min()
    }
}
