//! What the target's LEDs say.

use super::types::{Light, Sample};
use dkvm_sdk::Time;
use std::time::Duration;

/// Lit for shorter is a spike on the wire, or a LED that is dimmed by switching.
const STEADY: Duration = Duration::from_millis(20);
/// A LED that blinks (the target sleeps) is dark for up to 2 s; only longer darkness is "off".
const BLINK: Duration = Duration::from_secs(3);
/// "Lit within the last moments": long enough to be seen on a page, short enough to follow the disk.
const DECAY: Duration = Duration::from_millis(500);

/// The power LED: on, or asleep and blinking, is on.
#[derive(Debug, Default)]
pub(super) struct PowerLed {
    shown: Option<Light>,
    raw: Option<(Light, Time)>,
}

impl PowerLed {
    pub(super) fn see(&mut self, sample: Sample) {
        self.settle(sample.at);
        if self.raw.map(|(light, _)| light) != Some(sample.light) {
            self.raw = Some((sample.light, sample.at));
        }
        // The first sight counts at once: there is nothing to compare it with.
        self.shown = self.shown.or(Some(sample.light));
    }

    pub(super) fn settle(&mut self, now: Time) {
        if self.due().is_some_and(|due| due <= now) {
            self.shown = self.raw.map(|(light, _)| light);
        }
    }

    pub(super) fn shown(&self) -> Option<Light> {
        self.shown
    }

    /// When the raw light will have lasted long enough to be believed.
    pub(super) fn due(&self) -> Option<Time> {
        let (light, since) = self.raw?;
        (self.shown != Some(light)).then(|| {
            since.after(match light {
                Light::Lit => STEADY,
                Light::Dark => BLINK,
            })
        })
    }
}

/// The disk LED: flickers, and is shown lit while it does.
#[derive(Debug, Default)]
pub(super) struct DiskLed {
    raw: Option<Light>,
    lit_at: Option<Time>,
}

impl DiskLed {
    pub(super) fn see(&mut self, sample: Sample) {
        if self.raw == Some(Light::Lit) || sample.light == Light::Lit {
            self.lit_at = self.lit_at.max(Some(sample.at));
        }
        self.raw = Some(sample.light);
    }

    pub(super) fn settle(&mut self, now: Time) {
        if self.due().is_some_and(|due| due <= now) {
            self.lit_at = None;
        }
    }

    pub(super) fn shown(&self, now: Time) -> Option<Light> {
        let recent = self.lit_at.is_some_and(|at| now.since(at) < DECAY);
        self.raw.map(|raw| if recent { Light::Lit } else { raw })
    }

    pub(super) fn due(&self) -> Option<Time> {
        let glows = self.lit_at.filter(|_| self.raw == Some(Light::Dark));
        glows.map(|at| at.after(DECAY))
    }
}
