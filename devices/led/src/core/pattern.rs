//! What each status looks like.

use super::{Focus, Health, Stage, Status};
use std::fmt::Write;

/// One part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Step {
    pub light: Light,
    pub ms: u32,
}

/// The LED at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Light {
    On,
    Off,
}

/// Steps that repeat for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Step>);

const FAST: [u32; 2] = [100, 100];
const FLASH: [u32; 2] = [100, 1900];
const TWO_FLASHES: [u32; 4] = [100, 150, 100, 1650];
const THREE_LONG: [u32; 6] = [500, 250, 500, 250, 500, 1500];

/// A fault is shown before all else; who is in control is shown in any case.
pub fn pattern(status: Status) -> Pattern {
    let parts: &[&[u32]] = match (status.stage, status.health, status.focus) {
        (_, Health::Fault, Focus::Free) => &[&THREE_LONG],
        (_, Health::Fault, Focus::Held) => &[&THREE_LONG, &TWO_FLASHES],
        (_, Health::Well, Focus::Held) => &[&TWO_FLASHES],
        (Stage::Booting, Health::Well, Focus::Free) => &[&FAST],
        (Stage::Up, Health::Well, Focus::Free) => &[&FLASH],
    };
    Pattern::of(parts)
}

impl Pattern {
    /// Times on and off in turn.
    fn of(parts: &[&[u32]]) -> Self {
        let lights = [Light::On, Light::Off].into_iter().cycle();
        let times = parts.iter().copied().flatten();
        Self(
            times
                .zip(lights)
                .map(|(ms, light)| Step { light, ms: *ms })
                .collect(),
        )
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// As Linux's trigger `pattern` wants it: pairs of brightness and time. Between two pairs it fades, so each step ends
    /// with a pair of no duration: from there it jumps.
    pub fn text(&self, brightest: u32) -> String {
        let mut text = String::new();
        for step in &self.0 {
            let brightness = match step.light {
                Light::On => brightest,
                Light::Off => 0,
            };
            // Writing to a String cannot fail.
            let _ = write!(text, "{brightness} {} {brightness} 0 ", step.ms);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Status> {
        let mut all = Vec::new();
        for stage in [Stage::Booting, Stage::Up] {
            for health in [Health::Well, Health::Fault] {
                for focus in [Focus::Free, Focus::Held] {
                    all.push(Status {
                        stage,
                        health,
                        focus,
                    });
                }
            }
        }
        all
    }

    #[test]
    fn whoever_looks_can_tell_them_apart() {
        let looks: Vec<_> = all().into_iter().map(|s| (s, pattern(s))).collect();
        for (a, pattern_a) in &looks {
            for (b, pattern_b) in &looks {
                let alike = (a.health, a.focus) == (b.health, b.focus)
                    && (a.stage == b.stage || a.health == Health::Fault || a.focus == Focus::Held);
                assert_eq!(pattern_a == pattern_b, alike, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn each_begins_lit_ends_dark_and_can_be_seen() {
        for status in all() {
            let pattern = pattern(status);
            let steps = pattern.steps();
            assert_eq!(steps.len() % 2, 0);
            for pair in steps.chunks(2) {
                assert_eq!((pair[0].light, pair[1].light), (Light::On, Light::Off));
                // Slower than the eye, and than the trigger's own 50 ms.
                assert!(pair.iter().all(|step| step.ms >= 100), "{pattern:?}");
            }
        }
    }

    #[test]
    fn linux_gets_jumps_and_no_fading() {
        let booting = Status {
            stage: Stage::Booting,
            health: Health::Well,
            focus: Focus::Free,
        };
        assert_eq!(pattern(booting).text(255), "255 100 255 0 0 100 0 0");
    }
}
