//! A pretended target: its power LED follows the power button, as a PC's does.

use super::Said;
use crate::{
    config::Config,
    core::{name, Led, Light, Position, Sample},
    device::now,
    error::Error,
};
use dkvm_sdk::Time;
use dkvm_wire::vocab::power::Button;
use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::Write,
    time::Duration,
};

/// A PC cuts its power when the button is held for so long (ACPI says 4 s).
const CUT: Duration = Duration::from_secs(4);

/// No hardware.
#[derive(Debug)]
pub struct Dummy {
    config: Config,
    record: Option<File>,
    light: Light,
    pressed_at: Option<Time>,
    said: VecDeque<Sample>,
}

impl Dummy {
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let open = |path: &std::path::PathBuf| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|source| Error::Record {
                path: path.clone(),
                source,
            })
        };
        Ok(Self {
            record: config.record.as_ref().map(open).transpose()?,
            config: config.clone(),
            light: Light::Dark,
            pressed_at: None,
            said: VecDeque::new(),
        })
    }

    pub(super) fn has(&self, button: Button) -> bool {
        self.config.button(button).is_some()
    }

    pub(super) fn open(&mut self) -> Vec<String> {
        self.note("all released");
        for led in super::LEDS {
            if self.config.led(led).is_some() {
                self.say(led);
            }
        }
        Vec::new()
    }

    pub(super) fn set(&mut self, button: Button, position: Position) -> Result<(), String> {
        let what = match position {
            Position::Pressed => "pressed",
            Position::Released => "released",
        };
        self.note(&format!("{} {what}", name(button)));
        if button == Button::Power {
            self.power(position);
        }
        Ok(())
    }

    /// Short on a PC that is off: on. Held: off. Short on one that is on is the system's affair: nothing.
    fn power(&mut self, position: Position) {
        if position == Position::Pressed {
            self.pressed_at = Some(now());
            return;
        }
        let held = self.pressed_at.take().map(|at| now().since(at));
        self.light = match self.light {
            Light::Lit if held.is_some_and(|held| held >= CUT) => Light::Dark,
            Light::Lit => Light::Lit,
            Light::Dark => Light::Lit,
        };
        if self.config.power_led.is_some() {
            self.say(Led::Power);
        }
    }

    fn say(&mut self, led: Led) {
        let light = match led {
            Led::Power => self.light,
            Led::Disk => Light::Dark,
        };
        let at = now();
        self.said.push_back(Sample { led, light, at });
    }

    fn note(&mut self, line: &str) {
        if let Some(file) = &mut self.record {
            // A full disk shows in the test that reads the record.
            let _ = writeln!(file, "{line}");
        }
    }

    pub(super) async fn next(&mut self) -> Said {
        if self.said.is_empty() {
            std::future::pending::<()>().await;
        }
        Said::Seen(self.said.drain(..).collect())
    }
}
