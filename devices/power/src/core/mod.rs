//! The decisions: events in, actions out, in virtual time.

mod press;
mod sense;
#[cfg(test)]
mod tests;
mod types;

use dkvm_sdk::Time;
use dkvm_wire::vocab::power::{Button, PowerState, WakeTarget};
use press::Presser;
use sense::{DiskLed, PowerLed};
use std::time::Duration;
pub use types::{name, Action, Event, Led, Light, Position, Refusal, Sample, Ticket};

/// All that the device knows.
#[derive(Debug)]
pub struct Core {
    usual: Duration,
    wake: Vec<WakeTarget>,
    buttons: Vec<Button>,
    presser: Presser,
    power: PowerLed,
    disk: DiskLed,
}

impl Core {
    /// `usual` is a short press.
    pub fn new(usual: Duration, wake: Vec<WakeTarget>) -> Self {
        Self {
            usual,
            wake,
            buttons: Vec::new(),
            presser: Presser::default(),
            power: PowerLed::default(),
            disk: DiskLed::default(),
        }
    }

    /// Takes an event.
    pub fn step(&mut self, event: Event, now: Time) -> Vec<Action> {
        let mut actions = self.presser.tick(now);
        actions.extend(self.take(event, now));
        self.power.settle(now);
        self.disk.settle(now);
        actions
    }

    fn take(&mut self, event: Event, now: Time) -> Vec<Action> {
        match event {
            Event::Press(ticket, press) if !self.buttons.contains(&press.button) => {
                vec![Action::Answer(ticket, Err(Refusal::NotWired(press.button)))]
            }
            Event::Press(ticket, press) => self.presser.press(ticket, press, self.usual, now),
            Event::Failed(reason) => self.presser.failed(reason),
            Event::Goodbye => self.presser.let_go(),
            Event::Wired(buttons) => {
                self.buttons = buttons;
                Vec::new()
            }
            Event::Seen(samples) => {
                samples.into_iter().for_each(|sample| self.see(sample));
                Vec::new()
            }
            Event::Blind(led) => {
                match led {
                    Led::Power => self.power = PowerLed::default(),
                    Led::Disk => self.disk = DiskLed::default(),
                }
                Vec::new()
            }
            Event::Tick => Vec::new(),
        }
    }

    fn see(&mut self, sample: Sample) {
        match sample.led {
            Led::Power => self.power.see(sample),
            Led::Disk => self.disk.see(sample),
        }
    }

    /// When the next tick is due.
    pub fn deadline(&self) -> Option<Time> {
        [self.presser.deadline(), self.power.due(), self.disk.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the world is told.
    pub fn state(&self, now: Time) -> PowerState {
        let lit = |light: Option<Light>| light.map(|light| light == Light::Lit);
        PowerState {
            buttons: self.buttons.clone(),
            pressed: self.presser.pressed(),
            power_led: lit(self.power.shown()),
            disk_led: lit(self.disk.shown(now)),
            wake: self.wake.clone(),
        }
    }
}
