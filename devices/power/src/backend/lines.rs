//! The lines of the front panel that a backend has open, each in a form of its own.

use super::{chip, BUTTONS, LEDS};
use crate::{
    config::{ButtonWire, Config, LedWire, LineId},
    core::{name, Led, Position},
};
use dkvm_wire::vocab::power::Button;

/// What is open. A line that is closed is released.
#[derive(Debug)]
pub(super) struct Lines<B, L> {
    pub(super) buttons: [Option<B>; 2],
    pub(super) leds: [Option<L>; 2],
}

impl<B, L> Lines<B, L> {
    pub(super) const fn closed() -> Self {
        Self {
            buttons: [None, None],
            leds: [None, None],
        }
    }

    pub(super) const fn has(&self, button: Button) -> bool {
        self.buttons[button as usize].is_some()
    }

    /// Opens what is wired and not open yet. Says in sentences what is wrong, if anything.
    pub(super) fn open(
        &mut self,
        config: &Config,
        open_button: impl Fn(&ButtonWire) -> Result<B, String>,
        open_led: impl Fn(&LedWire, Led) -> Result<L, String>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for button in BUTTONS {
            let Some(wire) = config.button(button) else {
                continue;
            };
            let opened = fill(&mut self.buttons[button as usize], || open_button(wire));
            let what = format!("{} button", name(button));
            faults.extend(opened.err().map(|reason| fault(&what, &wire.line, &reason)));
        }
        for led in LEDS {
            let Some(wire) = config.led(led) else {
                continue;
            };
            let opened = fill(&mut self.leds[led as usize], || open_led(wire, led));
            let what = format!("{} LED", led_name(led));
            faults.extend(opened.err().map(|reason| fault(&what, &wire.line, &reason)));
        }
        if self.buttons.iter().any(Option::is_some) {
            faults.extend(chip::persistence());
        }
        faults
    }
}

fn fill<T>(place: &mut Option<T>, open: impl FnOnce() -> Result<T, String>) -> Result<(), String> {
    if place.is_none() {
        *place = Some(open()?);
    }
    Ok(())
}

fn fault(what: &str, line: &LineId, reason: &str) -> String {
    format!("the {what} ({line}) cannot be used: {reason}")
}

pub(super) const fn led_name(led: Led) -> &'static str {
    match led {
        Led::Power => "power",
        Led::Disk => "disk",
    }
}

/// What to say of a line that is not open: it is released already.
pub(super) fn not_open(button: Button, position: Position) -> Result<(), String> {
    match position {
        Position::Released => Ok(()),
        Position::Pressed => Err(format!("the {} button's line is not open", name(button))),
    }
}
