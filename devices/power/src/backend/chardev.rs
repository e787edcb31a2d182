//! Linux's GPIO character device (uAPI v2).
//!
//! Linux takes a line back when its file is closed, so also from a device that was killed: gpio-sim at once, the Pi's driver
//! too unless it is told to keep outputs (see `chip::persistence`).

use super::{
    chip,
    lines::{led_name, not_open, Lines},
    Said,
};
use crate::{
    config::{ButtonWire, Config, LedWire, Level, Pull},
    core::{name, Led, Light, Position, Sample},
};
use dkvm_sdk::Time;
use dkvm_wire::vocab::power::Button;
use gpiocdev::{
    line::{Bias, EdgeDetection, EdgeKind, Value},
    Request,
};
use std::time::Duration;
use tokio::{
    io::unix::AsyncFd,
    time::{sleep_until, Instant},
};

/// A power LED that is steady for less is noise of the wire; Linux drops it before it wakes anybody. The shortest light of a
/// disk LED means something.
const DEBOUNCE: Duration = Duration::from_millis(5);
/// Edges that are read at once: as many as Linux keeps for a line.
const BATCH: usize = 16;
/// A disk LED can flicker thousands of times a second; so often do we look.
const PACE: Duration = Duration::from_millis(50);

/// The lines that are open.
#[derive(Debug)]
pub struct Chardev {
    config: Config,
    lines: Lines<Request, Watch>,
}

/// A LED's line.
#[derive(Debug)]
struct Watch {
    line: AsyncFd<Request>,
    /// When it may be read again; `None` before the first time. Kept here, for the wait itself is often dropped.
    next: Option<Instant>,
}

impl Chardev {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            lines: Lines::closed(),
        }
    }

    pub(super) fn has(&self, button: Button) -> bool {
        self.lines.has(button)
    }

    pub(super) fn open(&mut self) -> Vec<String> {
        let chip = self.config.chip.as_deref();
        self.lines.open(
            &self.config,
            |wire| open_button(chip, wire),
            |wire, led| open_led(chip, wire, led),
        )
    }

    pub(super) fn set(&mut self, button: Button, position: Position) -> Result<(), String> {
        let place = &mut self.lines.buttons[button as usize];
        let Some(line) = place else {
            return not_open(button, position);
        };
        let value = match position {
            Position::Pressed => Value::Active,
            Position::Released => Value::Inactive,
        };
        let done = line.set_lone_value(value);
        done.map_err(|error| {
            *place = None;
            format!("the {} button's line cannot be set: {error}", name(button))
        })
    }

    pub(super) async fn next(&mut self) -> Said {
        let [power, disk] = &mut self.lines.leds;
        let (led, read) = tokio::select! {
            read = watch(power, Led::Power) => (Led::Power, read),
            read = watch(disk, Led::Disk) => (Led::Disk, read),
        };
        match read {
            Ok(samples) => Said::Seen(samples),
            Err(reason) => {
                self.lines.leds[led as usize] = None;
                Said::Blind(
                    led,
                    format!("the {} LED's line cannot be read: {reason}", led_name(led)),
                )
            }
        }
    }
}

fn open_button(chip: Option<&str>, wire: &ButtonWire) -> Result<Request, String> {
    let mut builder = chip::ask(chip, &wire.line).map_err(|error| error.to_string())?;
    builder.as_output(Value::Inactive);
    if wire.active == Level::Low {
        builder.as_active_low();
    }
    builder.request().map_err(|error| refused(&error))
}

fn open_led(chip: Option<&str>, wire: &LedWire, led: Led) -> Result<Watch, String> {
    let mut builder = chip::ask(chip, &wire.line).map_err(|error| error.to_string())?;
    builder
        .as_input()
        .with_bias(match wire.pull() {
            Pull::Up => Bias::PullUp,
            Pull::Down => Bias::PullDown,
            Pull::None => Bias::Disabled,
        })
        .with_edge_detection(EdgeDetection::BothEdges);
    if led == Led::Power {
        builder.with_debounce_period(DEBOUNCE);
    }
    if wire.active == Level::Low {
        builder.as_active_low();
    }
    let line = builder.request().map_err(|error| refused(&error))?;
    // Deprecated for descriptors that may change under it, which a `Request` does not; its successor is unsafe.
    #[allow(deprecated)]
    let line = AsyncFd::new(line).map_err(|error| error.to_string())?;
    Ok(Watch { line, next: None })
}

/// A line that somebody else holds is the mistake that people make.
fn refused(error: &gpiocdev::Error) -> String {
    let text = error.to_string();
    if text.contains("busy") || text.contains("EBUSY") {
        return "another program or driver holds it; see `gpioinfo`, or dtoverlay lines in config.txt".to_owned();
    }
    text
}

/// The line's samples: at first its level, then what changed, and its level after that, should edges have been lost.
async fn watch(place: &mut Option<Watch>, led: Led) -> Result<Vec<Sample>, String> {
    let Some(watch) = place else {
        return std::future::pending().await;
    };
    let Some(next) = watch.next else {
        watch.next = Some(Instant::now());
        return level(watch.line.get_ref(), led).map(|sample| vec![sample]);
    };
    sleep_until(next).await;
    let mut ready = watch
        .line
        .readable()
        .await
        .map_err(|error| error.to_string())?;
    watch.next = Some(Instant::now() + PACE);
    let (samples, left) = read(ready.get_inner(), led)?;
    if left == Left::Nothing {
        ready.clear_ready();
    }
    Ok(samples)
}

/// Whether edges wait to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Perhaps,
}

fn read(line: &Request, led: Led) -> Result<(Vec<Sample>, Left), String> {
    let mut samples = Vec::with_capacity(BATCH + 1);
    let mut edges = line.new_edge_event_buffer(BATCH);
    let mut left = Left::Nothing;
    while left == Left::Nothing && edges.has_event().map_err(|e| e.to_string())? {
        let edge = edges.read_event().map_err(|e| e.to_string())?;
        let at = Time::from_nanos(edge.timestamp_ns);
        let light = match edge.kind {
            EdgeKind::Rising => Light::Lit,
            EdgeKind::Falling => Light::Dark,
        };
        samples.push(Sample { led, light, at });
        if samples.len() == BATCH {
            left = Left::Perhaps;
        }
    }
    samples.push(level(line, led)?);
    Ok((samples, left))
}

fn level(line: &Request, led: Led) -> Result<Sample, String> {
    let value = line.lone_value().map_err(|error| error.to_string())?;
    let light = if value == Value::Active {
        Light::Lit
    } else {
        Light::Dark
    };
    let at = crate::device::now();
    Ok(Sample { led, light, at })
}
