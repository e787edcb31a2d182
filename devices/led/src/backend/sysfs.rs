//! A LED of Linux's LED class.
//!
//! With the trigger `pattern` Linux blinks by itself, without a wake-up of ours. Without that trigger this blinks.

use crate::{
    config::Config,
    core::{Light, Pattern, Step},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;
use tokio::time::{sleep_until, Instant};

/// Why a LED does not shine as it should.
#[derive(Debug, Error)]
pub enum SysfsError {
    /// None of the names.
    #[error(
        "there is no status LED: none of {names} is in {class}; see `led` in the configuration"
    )]
    Absent {
        /// Those that were tried.
        names: String,
        /// Where.
        class: PathBuf,
    },
    /// A file of the LED.
    #[error("the status LED cannot be used: {path}: {source}; its files must belong to the group dkvm-led (/usr/libexec/dkvm/give-led)")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One LED.
#[derive(Debug)]
pub struct Sysfs {
    class: PathBuf,
    names: Vec<String>,
    /// Blinked by us.
    blinking: Option<Blinking>,
}

/// Where we are in a pattern.
#[derive(Debug)]
struct Blinking {
    led: PathBuf,
    brightest: u32,
    steps: Vec<Step>,
    at: usize,
    next: Instant,
}

impl Sysfs {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            class: config.class.clone(),
            names: config.names().into_iter().map(str::to_owned).collect(),
            blinking: None,
        }
    }

    pub(super) fn show(&mut self, pattern: &Pattern) -> Result<(), SysfsError> {
        let led = self.find()?;
        let brightest = number(&led.join("max_brightness")).unwrap_or(1).max(1);
        self.blinking = None;
        match by_linux(&led, &pattern.text(brightest)) {
            Ok(()) => return Ok(()),
            Err(error) => {
                dkvm_sdk::debug!("Linux does not blink the status LED by itself: {error}")
            }
        }
        choose(&led, "none")?;
        self.blinking = Some(Blinking {
            led,
            brightest,
            steps: pattern.steps().to_vec(),
            at: 0,
            next: Instant::now(),
        });
        Ok(())
    }

    fn find(&self) -> Result<PathBuf, SysfsError> {
        let mut places = self.names.iter().map(|name| self.class.join(name));
        let found = places.find(|led| led.join("brightness").exists());
        found.ok_or_else(|| SysfsError::Absent {
            names: self.names.join(", "),
            class: self.class.clone(),
        })
    }

    /// Cancel-safe: where it is in the pattern is kept.
    pub(super) async fn run(&mut self) {
        while let Some(blinking) = &mut self.blinking {
            sleep_until(blinking.next).await;
            if let Err(error) = blinking.step() {
                dkvm_sdk::warn!("{error}");
                self.blinking = None;
            }
        }
        std::future::pending().await
    }
}

impl Blinking {
    fn step(&mut self) -> Result<(), SysfsError> {
        let Some(step) = self.steps.get(self.at) else {
            return Ok(());
        };
        self.at = (self.at + 1) % self.steps.len();
        self.next = Instant::now() + Duration::from_millis(u64::from(step.ms));
        let brightness = match step.light {
            Light::On => self.brightest,
            Light::Off => 0,
        };
        write(&self.led.join("brightness"), &brightness.to_string())
    }
}

fn by_linux(led: &Path, pattern: &str) -> Result<(), SysfsError> {
    choose(led, "pattern")?;
    write(&led.join("pattern"), pattern)
}

/// Sets the trigger, unless it is set: to set it again would start it anew.
fn choose(led: &Path, trigger: &str) -> Result<(), SysfsError> {
    let path = led.join("trigger");
    let now = fs::read_to_string(&path).unwrap_or_default();
    if now.contains(&format!("[{trigger}]")) {
        return Ok(());
    }
    write(&path, trigger)
}

fn number(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// One `write`, and no O_TRUNC: sysfs takes a value whole.
fn write(path: &Path, text: &str) -> Result<(), SysfsError> {
    let written = OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| SysfsError::Write {
        path: path.to_owned(),
        source,
    })
}
