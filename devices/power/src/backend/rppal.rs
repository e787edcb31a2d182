//! The registers of a Raspberry Pi, by the crate `rppal`.
//!
//! Registers stay as they are when their writer is killed. So each button's line is also reserved at the character device: when
//! this process ends, however it ends, Linux takes the line back and makes it an input.

use super::{
    chip,
    lines::{not_open, Lines},
    Said,
};
use crate::{
    config::{ButtonWire, Config, LedWire, Level, LineId, Pull},
    core::{Led, Light, Position, Sample},
    device::now,
};
use dkvm_wire::vocab::power::Button;
use gpiocdev::Request;
use rppal::gpio::{Event, Gpio, InputPin, Level as Voltage, OutputPin, Trigger};
use std::{fs, time::Duration};
use tokio::sync::mpsc;

/// Edges that wait for the device; more are dropped, and the level is read anyway.
const EDGES: usize = 64;
/// As for the character device.
const DEBOUNCE: Duration = Duration::from_millis(5);
/// Says what board this is.
const MODEL: &str = "/proc/device-tree/model";

/// Whether this machine is a Raspberry Pi.
pub(super) fn is_pi() -> bool {
    fs::read_to_string(MODEL).is_ok_and(|model| model.starts_with("Raspberry Pi"))
}

/// The pins that are open.
#[derive(Debug)]
pub struct Rppal {
    config: Config,
    lines: Lines<Finger, Eye>,
    edges: mpsc::Receiver<Led>,
    notify: mpsc::Sender<Led>,
}

/// A button's pin.
#[derive(Debug)]
struct Finger {
    pin: OutputPin,
    active: Level,
    _reserved: Request,
}

/// A LED's pin.
#[derive(Debug)]
struct Eye {
    pin: InputPin,
    active: Level,
}

impl Rppal {
    pub(super) fn new(config: &Config) -> Self {
        let (notify, edges) = mpsc::channel(EDGES);
        Self {
            config: config.clone(),
            lines: Lines::closed(),
            edges,
            notify,
        }
    }

    pub(super) fn has(&self, button: Button) -> bool {
        self.lines.has(button)
    }

    pub(super) fn open(&mut self) -> Vec<String> {
        let gpio = match Gpio::new() {
            Ok(gpio) => gpio,
            Err(error) => {
                return vec![format!(
                "this machine's GPIO cannot be used by rppal: {error}; try backend = \"chardev\""
            )]
            }
        };
        let chip = self.config.chip.as_deref();
        self.lines.open(
            &self.config,
            |wire| Finger::open(&gpio, chip, wire),
            |wire, led| Eye::open(&gpio, wire, led, self.notify.clone()),
        )
    }

    pub(super) fn set(&mut self, button: Button, position: Position) -> Result<(), String> {
        let Some(finger) = &mut self.lines.buttons[button as usize] else {
            return not_open(button, position);
        };
        finger.move_to(position);
        Ok(())
    }

    pub(super) async fn next(&mut self) -> Said {
        // The sender lives as long as this.
        let led = self.edges.recv().await.unwrap_or(Led::Power);
        let sample = self.lines.leds[led as usize]
            .as_ref()
            .map(|eye| eye.look(led));
        Said::Seen(sample.into_iter().collect())
    }
}

impl Finger {
    fn open(gpio: &Gpio, chip: Option<&str>, wire: &ButtonWire) -> Result<Self, String> {
        let number = bcm(&wire.line)?;
        let reserved = reserve(chip, &wire.line)?;
        let pin = gpio.get(number).map_err(|error| error.to_string())?;
        // The level is set before the pin becomes an output.
        let pin = match wire.active {
            Level::High => pin.into_output_low(),
            Level::Low => pin.into_output_high(),
        };
        Ok(Self {
            pin,
            active: wire.active,
            _reserved: reserved,
        })
    }

    fn move_to(&mut self, position: Position) {
        let high = (position == Position::Pressed) == (self.active == Level::High);
        self.pin
            .write(if high { Voltage::High } else { Voltage::Low });
    }
}

impl Eye {
    fn open(
        gpio: &Gpio,
        wire: &LedWire,
        led: Led,
        notify: mpsc::Sender<Led>,
    ) -> Result<Self, String> {
        let pin = gpio
            .get(bcm(&wire.line)?)
            .map_err(|error| error.to_string())?;
        let mut pin = match wire.pull() {
            Pull::Up => pin.into_input_pullup(),
            Pull::Down => pin.into_input_pulldown(),
            Pull::None => pin.into_input(),
        };
        // Full means that the device has yet to look at this very pin.
        let first = notify.clone();
        let tell = move |_: Event| {
            let _ = notify.try_send(led);
        };
        pin.set_async_interrupt(Trigger::Both, Some(DEBOUNCE), tell)
            .map_err(|error| error.to_string())?;
        let _ = first.try_send(led);
        Ok(Self {
            pin,
            active: wire.active,
        })
    }

    fn look(&self, led: Led) -> Sample {
        let lit = self.pin.is_high() == (self.active == Level::High);
        Sample {
            led,
            light: if lit { Light::Lit } else { Light::Dark },
            at: now(),
        }
    }
}

/// Asks Linux for the line without changing it.
fn reserve(chip: Option<&str>, line: &LineId) -> Result<Request, String> {
    let mut builder = chip::ask(chip, line).map_err(|error| error.to_string())?;
    builder.as_is().request().map_err(|error| error.to_string())
}

/// rppal knows pins by their BCM numbers alone.
fn bcm(line: &LineId) -> Result<u8, String> {
    let number = match line {
        LineId::Number(number) => u8::try_from(*number).ok(),
        LineId::Name(name) => name.strip_prefix("GPIO").and_then(|n| n.parse().ok()),
    };
    number.ok_or_else(|| "rppal wants the BCM number of a pin, like 23 or \"GPIO23\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_go_by_bcm_number() {
        assert_eq!(bcm(&LineId::Number(23)), Ok(23));
        assert_eq!(bcm(&LineId::Name("GPIO7".to_owned())), Ok(7));
        assert!(bcm(&LineId::Number(256)).is_err());
        assert!(bcm(&LineId::Name("SDA1".to_owned())).is_err());
    }

    #[test]
    fn another_machine_is_told_as_such() {
        if is_pi() {
            return;
        }
        let config = Config {
            power_button: Some(ButtonWire {
                line: LineId::Number(23),
                active: Level::High,
            }),
            ..Config::default()
        };
        let faults = Rppal::new(&config).open();
        assert!(faults[0].contains("cannot be used by rppal"), "{faults:?}");
    }
}
