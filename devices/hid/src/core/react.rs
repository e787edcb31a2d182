//! What each event changes.

use super::{
    endpoint::{Endpoint, Load, RETRY_OPEN},
    focus::{Source, LEASE},
    held::Held,
    motion::Pending,
    steps::{Out, Progress, Waiting},
    time::Time,
    Bus, Core, Event, Outcome, Usb,
};
use crate::reports::Function;

impl Core {
    pub(super) fn hear(&mut self, event: Event, now: Time) {
        match event {
            Event::Input { source, state } => self.on_input(source, &state, now),
            Event::SourceGone(source) => self.on_source_gone(&source),
            Event::Usb(usb) => self.on_usb(usb, now),
            Event::Opened(function) => self.endpoint(function).opened(now),
            Event::NoDevice(function) => self.on_absent(function, now.after(RETRY_OPEN)),
            Event::Writable(function) => self.on_writable(function, now),
            Event::Wrote(function, outcome) => self.on_wrote(function, outcome, now),
            Event::Down(function) => self.on_down(function, now),
            Event::Leds(leds) => self.leds = leds,
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
        self.motion = Pending::default();
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
        if usb.bus == Bus::Unplugged && before != Bus::Unplugged {
            self.let_go();
            // Whoever asked for another profile gets no key pressed by it that was held before.
            self.owed = Held::default();
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
    }

    fn on_absent(&mut self, function: Function, retry: Time) {
        let load = self.endpoint(function).absent(retry);
        self.broke(load);
    }

    fn on_down(&mut self, function: Function, now: Time) {
        let load = self.endpoint(function).down(now);
        self.broke(load);
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
