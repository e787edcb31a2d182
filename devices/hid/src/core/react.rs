//! What each event changes.

use super::{
    endpoint::{Endpoint, Load, RETRY_OPEN},
    focus::{Source, LEASE},
    held::Held,
    motion::Fine,
    steps::{Out, Progress, Waiting},
    Action, Bus, Core, Event, Outcome, Usb,
};
use crate::reports::{wheel_feature, Form, Function, Wheel};
use dkvm_sdk::Time;
use std::time::Duration;

/// So long after its sleep a target that configures the functions anew still wakes: it resets the bus first, and a machine
/// with many devices takes its time.
const WAKING: Duration = Duration::from_secs(5);

impl Core {
    pub(super) fn hear(&mut self, event: Event, now: Time) {
        match event {
            Event::Input { source, state } => self.on_input(source, &state, now),
            Event::SourceGone(source) => self.on_source_gone(&source),
            Event::Usb(usb) => self.on_usb(usb, now),
            Event::Opened(function) => self.on_opened(function, now),
            Event::NoDevice(function) => self.on_absent(function, now.after(RETRY_OPEN)),
            Event::Writable(function) => self.on_writable(function, now),
            Event::Wrote(function, outcome) => self.on_wrote(function, outcome, now),
            Event::Down(function) => self.on_down(function, now),
            Event::Leds(leds) => self.leds = leds,
            Event::Feature(function, bytes) => self.on_feature(function, bytes),
            Event::Jiggle(every) => self.jiggle.set(every, now),
            Event::Tick => {}
            Event::Goodbye => self.let_go(),
        }
    }

    pub(super) fn endpoint(&mut self, function: Function) -> &mut Endpoint {
        &mut self.endpoints[function.index()]
    }

    fn on_source_gone(&mut self, gone: &Source) {
        let ours =
            |source: &Source| source.name == gone.name && source.generation <= gone.generation;
        if self.focus.source.as_ref().is_some_and(ours) {
            self.busy.gone();
            self.let_go();
        }
    }

    /// Releases everything. Steps on their way count as taken; those that wait will come again from their holder.
    pub(super) fn let_go(&mut self) {
        self.park();
        if !self.held.is_neutral() {
            self.owed = self.held.clone();
        }
        self.held.release();
        self.wanted = None;
        self.motion.reset();
        self.focus.lease = None;
    }

    fn park(&mut self) {
        let Some(book) = self.books.get_mut(self.focus.holder) else {
            return;
        };
        self.steps.flying_are_done();
        self.steps.settle(book);
        self.steps.drop_all();
        // What an earlier life sent and the target may have taken is released with the rest: again, it would come twice.
        book.give_up_sent();
    }

    fn on_usb(&mut self, usb: Usb, now: Time) {
        let before = std::mem::replace(&mut self.bus, usb.bus);
        self.slept = match (before, usb.bus) {
            (_, Bus::Unplugged) => None,
            (Bus::Asleep, _) => Some(now),
            _ => self.slept,
        };
        if usb.bus == Bus::Unplugged && before != Bus::Unplugged {
            self.let_go();
            // Whoever asked for another profile gets no key pressed by it that was held before.
            self.owed = Held::default();
        }
        if let Some(form) = usb.form.filter(|form| *form != self.form) {
            self.on_form(form);
        }
        if usb.binding.is_none() || usb.binding == self.binding {
            return;
        }
        // The first binding that is heard of is the one whose files are open.
        if self.binding.is_some() {
            Function::ALL
                .into_iter()
                .for_each(|function| self.on_rebind(function, now));
        }
        self.binding = usb.binding;
    }

    fn on_rebind(&mut self, function: Function, now: Time) {
        self.on_absent(function, now);
        self.endpoint(function).forget();
        self.set_fine(function, Fine::default());
    }

    /// Other reports: a key may have its place in another one now.
    fn on_form(&mut self, form: Form) {
        self.let_go();
        self.form = form;
        for mouse in [Function::Absolute, Function::Relative] {
            self.endpoint(mouse).forget();
            self.answer(mouse);
        }
    }

    fn on_opened(&mut self, function: Function, now: Time) {
        self.endpoint(function).opened(now);
        self.answer(function);
    }

    /// The target reads a wheel in parts of a notch, or no longer.
    fn on_feature(&mut self, function: Function, bytes: [u8; 2]) {
        if let Some(byte) = wheel_feature(function, self.form, bytes) {
            self.set_fine(function, Fine::of_feature(byte));
        }
    }

    fn set_fine(&mut self, function: Function, fine: Fine) {
        if function != Function::Keyboard && self.motion.fine(function) != fine {
            self.motion.set_fine(function, fine);
            self.answer(function);
        }
    }

    fn answer(&mut self, function: Function) {
        let fine = match self.form.wheel {
            Wheel::Fine if function != Function::Keyboard => self.motion.fine(function),
            _ => Fine::default(),
        };
        self.out.push(Action::Answer(function, fine));
    }

    fn on_absent(&mut self, function: Function, retry: Time) {
        let load = self.endpoint(function).absent(retry);
        self.broke(load);
    }

    fn on_down(&mut self, function: Function, now: Time) {
        let load = self.endpoint(function).down(now);
        self.broke(load);
        // A target that configures the function anew says anew what it reads. Not so one that wakes: a Linux that resets the
        // bus then takes its devices for the same as before, and says the wheels' multipliers only when it finds a device.
        if !self.wakes(now) {
            self.set_fine(function, Fine::default());
        }
    }

    /// Whether the target sleeps, or comes out of it.
    fn wakes(&self, now: Time) -> bool {
        let lately = |slept| now.since(slept) <= WAKING;
        self.bus == Bus::Asleep || self.slept.is_some_and(lately)
    }

    fn on_writable(&mut self, function: Function, now: Time) {
        if let Some(Load::Step(number)) = self.endpoint(function).ready(now) {
            self.progress(number, Progress::Done);
        }
    }

    fn on_wrote(&mut self, function: Function, outcome: Outcome, now: Time) {
        match outcome {
            Outcome::Taken => {}
            Outcome::Again => {
                let load = self.endpoint(function).refused(now);
                self.returned(load, now);
            }
            Outcome::Down => self.on_down(function, now),
            Outcome::Gone => self.on_absent(function, now.after(RETRY_OPEN)),
        }
    }

    /// A report was not taken by Linux: what it carried goes back.
    fn returned(&mut self, load: Option<Load>, now: Time) {
        match load {
            Some(Load::Step(number)) => self.progress(number, Progress::Waiting),
            Some(Load::Motion(delta)) => self.motion.give_back(delta, now),
            Some(Load::Lead(number, delta)) => {
                if let Some(item) = self.steps.by_number(number) {
                    item.lead.0 += i32::from(delta.x);
                    item.lead.1 += i32::from(delta.y);
                }
            }
            Some(Load::Sway(left)) => self.jiggle.back(left),
            Some(Load::Face) | None => {}
        }
    }

    /// A report died with its endpoint: a step goes again, motion is history.
    fn broke(&mut self, load: Option<Load>) {
        if let Some(Load::Step(number)) = load {
            self.progress(number, Progress::Waiting);
        }
    }

    fn progress(&mut self, number: u32, progress: Progress) {
        if let Some(item) = self
            .steps
            .by_number(number)
            .filter(|item| item.progress == Progress::Flying)
        {
            item.progress = progress;
        }
    }

    /// What has become too old. Of a holder that falls silent, only what its functions do not take is history; what waits in
    /// a queue that moves goes with the holder's word, and comes again with it.
    pub(super) fn expire(&mut self, now: Time) {
        let out = self.out_since();
        let lost = self.steps.give_up(out, now, &mut self.held);
        self.count_lost(lost);
        if self.focus.lapses(now) && !self.focus.forgive(now) {
            self.let_go();
        }
        if self
            .motion
            .deadline(LEASE)
            .is_some_and(|deadline| deadline <= now)
        {
            self.motion.forget();
        }
        self.endpoints
            .iter_mut()
            .for_each(|endpoint| endpoint.age(now));
        self.busy.age(now);
        self.start_jiggle(now);
    }

    fn count_lost(&mut self, lost: u32) {
        if let Some(book) = self.books.get_mut(self.focus.holder) {
            book.lost = book.lost.saturating_add(lost);
        }
    }

    pub(super) fn out_since(&self) -> Out {
        let asleep = self.bus != Bus::Awake;
        self.endpoints.map(|endpoint| {
            let patience = if asleep {
                Some(LEASE)
            } else {
                endpoint.patience()
            };
            patience.map(|patience| Waiting {
                since: endpoint.taken,
                patience,
            })
        })
    }
}
