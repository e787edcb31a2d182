//! `dkvm power`: the target's power.

use super::Session;
use crate::args::PowerDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::power::{methods, Button, PowerState, Press, Wake, HOLD_MAX_MS};
use std::io::{BufRead, IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The device, by its name in the configuration.
const DEVICE: &str = "power";
/// A long hold is answered before its end; so often is looked for the end.
const LOOK: Duration = Duration::from_millis(100);
/// The longest hold, and some.
const PATIENCE: Duration = Duration::from_millis(HOLD_MAX_MS as u64 + 2000);

pub fn run(session: &mut Session, what: Option<PowerDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what.unwrap_or(PowerDo::Status) {
        PowerDo::Status => status(session, form),
        PowerDo::Press { yes } => act(session, press(Button::Power, None), yes.into(), form),
        PowerDo::Hold { seconds, yes } => {
            let ms = seconds.saturating_mul(1000);
            act(session, press(Button::Power, Some(ms)), yes.into(), form)
        }
        PowerDo::Reset { yes } => act(session, press(Button::Reset, None), yes.into(), form),
        PowerDo::Wake { target } => wake(session, target, form),
    }
}

/// Whether `--yes` was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    Given,
    Wanted,
}

impl From<bool> for Consent {
    fn from(yes: bool) -> Self {
        if yes {
            Self::Given
        } else {
            Self::Wanted
        }
    }
}

const fn press(button: Button, hold_ms: Option<u32>) -> Press {
    Press { button, hold_ms }
}

fn ask(session: &mut Session) -> Result<PowerState, CliError> {
    session.ask(&format!("{DEVICE}/{}", methods::GET))
}

fn status(session: &mut Session, form: Form) -> Result<(), CliError> {
    let state = ask(session)?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&tell(&state)),
    }
}

fn tell(state: &PowerState) -> Vec<String> {
    let buttons: Vec<_> = state.buttons.iter().copied().map(name).collect();
    let mut lines = vec![
        format!("buttons    {}", or_not_wired(buttons.join(", "))),
        format!("power LED  {}", led(state.power_led, "on", "off")),
        format!("disk LED   {}", led(state.disk_led, "busy", "idle")),
    ];
    lines.extend(
        state
            .pressed
            .map(|button| format!("pressed    {}", name(button))),
    );
    for machine in &state.wake {
        let (name, mac) = (
            output::harmless(&machine.name),
            output::harmless(&machine.mac),
        );
        lines.push(format!("wakes      {name} ({mac})"));
    }
    lines
}

fn or_not_wired(text: String) -> String {
    if text.is_empty() {
        "not wired".to_owned()
    } else {
        text
    }
}

fn led(lit: Option<bool>, yes: &'static str, no: &'static str) -> &'static str {
    lit.map_or("not wired", |lit| if lit { yes } else { no })
}

const fn name(button: Button) -> &'static str {
    match button {
        Button::Power => "power",
        Button::Reset => "reset",
    }
}

fn act(session: &mut Session, press: Press, consent: Consent, form: Form) -> Result<(), CliError> {
    if consent == Consent::Wanted {
        let node = session.node_name()?;
        let state = ask(session)?;
        if let Some(harm) = harm(press, &state, &node) {
            confirm(&harm)?;
        }
    }
    session.call::<_, Nothing>(&format!("{DEVICE}/{}", methods::PRESS), &press)?;
    let state = released(session)?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::line(&format!(
            "the {} button was {}",
            name(press.button),
            how(press)
        )),
    }
}

fn how(press: Press) -> String {
    match press.hold_ms {
        Some(ms) => format!("held for {} s", ms / 1000),
        None => "pressed".to_owned(),
    }
}

/// What a press does to whom, if it can do harm. A short press of the power button can only switch on a PC that is off.
fn harm(press: Press, state: &PowerState, node: &str) -> Option<String> {
    if state.power_led == Some(false) && press == self::press(Button::Power, None) {
        return None;
    }
    let does = match (press.button, press.hold_ms) {
        (Button::Reset, _) => {
            "resets the PC that this node works: it restarts at once, and what is not saved is lost"
        }
        (Button::Power, Some(_)) => {
            "cuts the power of the PC that this node works: what is not saved is lost"
        }
        (Button::Power, None) => {
            "presses the power button of the PC that this node works: if it is on, it shuts down or goes to sleep"
        }
    };
    let led = match state.power_led {
        Some(true) => "its power LED is on",
        Some(false) => "its power LED is off",
        None => "whether it is on is not known",
    };
    Some(format!("This {does}.\nNode: {node}; {led}."))
}

/// Asks a person; a program has to say `--yes`.
pub fn confirm(harm: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Unconfirmed {
            harm: harm.to_owned(),
        });
    }
    let mut err = std::io::stderr().lock();
    write!(err, "{harm}\nGo on? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer) {
        Ok(())
    } else {
        Err(CliError::Declined)
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn released(session: &mut Session) -> Result<PowerState, CliError> {
    let start = Instant::now();
    loop {
        let state = ask(session)?;
        if state.pressed.is_none() || start.elapsed() > PATIENCE {
            return Ok(state);
        }
        sleep(LOOK);
    }
}

fn wake(session: &mut Session, target: String, form: Form) -> Result<(), CliError> {
    let wake = Wake { target };
    session.call::<_, Nothing>(&format!("{DEVICE}/{}", methods::WAKE), &wake)?;
    match form {
        Form::Json => output::json(&wake),
        Form::Text => output::line(&format!(
            "sent the wake-up packets to {}; nothing tells whether it wakes",
            output::harmless(&wake.target)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(power_led: Option<bool>) -> PowerState {
        PowerState {
            buttons: vec![Button::Power],
            pressed: None,
            power_led,
            disk_led: None,
            wake: Vec::new(),
        }
    }

    #[test]
    fn what_is_wired_is_told() {
        let told = tell(&state(Some(true)));
        assert_eq!(
            told,
            ["buttons    power", "power LED  on", "disk LED   not wired"]
        );
    }

    #[test]
    fn only_what_can_hurt_is_asked_for() {
        let short = press(Button::Power, None);
        assert_eq!(harm(short, &state(Some(false)), "x"), None);
        let told = harm(short, &state(None), "office").unwrap();
        assert!(
            told.contains("Node: office; whether it is on is not known"),
            "{told}"
        );
        let hold = press(Button::Power, Some(6000));
        let told = harm(hold, &state(Some(false)), "x").unwrap();
        assert!(told.contains("cuts the power"), "{told}");
        let told = harm(press(Button::Reset, None), &state(Some(true)), "x").unwrap();
        assert!(told.contains("resets the PC"), "{told}");
    }

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y\n", "Yes\n", " YES "] {
            assert!(is_yes(yes));
        }
        for no in ["", "\n", "n\n", "yep\n"] {
            assert!(!is_yes(no));
        }
    }
}
