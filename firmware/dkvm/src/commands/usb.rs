//! `dkvm usb`: what the target gets by USB.

use super::power::{confirm, Consent};
use super::Session;
use crate::args::UsbDo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::gadget::{methods, Choose, GadgetState, Plug, ProfileInfo, UsbState};

/// The device, by its name in the configuration.
const DEVICE: &str = "gadget";

pub fn run(session: &mut Session, what: Option<UsbDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what.unwrap_or(UsbDo::List) {
        UsbDo::List => list(session, form),
        UsbDo::Profile { name, yes } => profile(session, name, yes.into(), form),
        UsbDo::Plug => plug(session, Plug { plugged: true }, form),
        UsbDo::Unplug => plug(session, Plug { plugged: false }, form),
        UsbDo::Replug => replug(session, form),
    }
}

fn ask(session: &mut Session) -> Result<GadgetState, CliError> {
    session.ask(&format!("{DEVICE}/{}", methods::GET))
}

fn list(session: &mut Session, form: Form) -> Result<(), CliError> {
    let state = ask(session)?;
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&tell(&state)),
    }
}

fn tell(state: &GadgetState) -> Vec<String> {
    let names: Vec<_> = state
        .functions
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let mut lines = vec![
        format!("USB        {}", words(state.state)),
        format!("controller {}", output::harmless(&state.udc)),
        format!("functions  {}", output::harmless(&names.join(", "))),
        String::new(),
        "profiles".to_owned(),
    ];
    let width = state.profiles.iter().map(|one| one.name.len()).max();
    let line = |one: &ProfileInfo| tell_profile(one, &state.profile, width.unwrap_or_default());
    lines.extend(state.profiles.iter().map(line));
    lines
}

fn tell_profile(profile: &ProfileInfo, bound: &str, width: usize) -> String {
    let mark = if profile.name == bound { '*' } else { ' ' };
    let functions = profile.functions.join(", ");
    let unfit = profile.unfit.as_ref();
    let unfit = unfit.map_or_else(String::new, |reason| format!("; cannot be bound: {reason}"));
    output::harmless(&format!(
        "{mark} {:width$}  {functions}{unfit}",
        profile.name
    ))
}

const fn words(state: UsbState) -> &'static str {
    match state {
        UsbState::NoUdc => "this machine has no USB device controller",
        UsbState::Unplugged => "unplugged by software",
        UsbState::NotAttached => "not connected: the cable is out, or the target has no power",
        UsbState::Enumerating => "the target is setting it up",
        UsbState::Configured => "in use by the target",
        UsbState::Suspended => "the target sleeps",
    }
}

fn profile(
    session: &mut Session,
    name: String,
    consent: Consent,
    form: Form,
) -> Result<(), CliError> {
    let state = ask(session)?;
    if consent == Consent::Wanted {
        let node = session.node_name()?;
        if let Some(harm) = harm(&name, &state, &node) {
            confirm(&harm)?;
        }
    }
    let choose = Choose { name };
    session.call::<_, Nothing>(&format!("{DEVICE}/{}", methods::PROFILE), &choose)?;
    done(
        session,
        form,
        &format!("the target gets the profile {}", choose.name),
    )
}

/// What the choice does to whom. One that changes nothing, or that the device will refuse, hurts nobody.
fn harm(name: &str, state: &GadgetState, node: &str) -> Option<String> {
    let chosen = state.profiles.iter().find(|one| one.name == name)?;
    let idle = matches!(state.state, UsbState::Unplugged | UsbState::NotAttached);
    if idle || chosen.name == state.profile || chosen.unfit.is_some() {
        return None;
    }
    Some(format!(
        "The PC that node {node} works sees keyboard and mouse unplugged for a second, and then: {}. A drive that it has open is gone for it.",
        output::harmless(&chosen.functions.join(", "))
    ))
}

fn plug(session: &mut Session, plug: Plug, form: Form) -> Result<(), CliError> {
    session.call::<_, Nothing>(&format!("{DEVICE}/{}", methods::PLUG), &plug)?;
    let what = if plug.plugged {
        "USB is plugged"
    } else {
        "USB is unplugged, until `dkvm usb plug`"
    };
    done(session, form, what)
}

fn replug(session: &mut Session, form: Form) -> Result<(), CliError> {
    session.call::<_, Nothing>(&format!("{DEVICE}/{}", methods::REPLUG), &Nothing {})?;
    done(session, form, "USB was unplugged and plugged")
}

fn done(session: &mut Session, form: Form, what: &str) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(&ask(session)?),
        Form::Text => output::line(&output::harmless(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::gadget::FunctionInfo;

    fn state() -> GadgetState {
        let profile = |name: &str, unfit: Option<&str>| ProfileInfo {
            name: name.into(),
            functions: vec!["keyboard".into(), "storage".into()],
            unfit: unfit.map(str::to_owned),
        };
        GadgetState {
            state: UsbState::Configured,
            udc: "fe980000.usb".into(),
            speed: "high-speed".into(),
            binding: 1,
            functions: vec![FunctionInfo {
                name: "keyboard".into(),
                device: String::new(),
                traits: Vec::new(),
            }],
            profile: "bios".into(),
            profiles: vec![
                profile("bios", None),
                profile("install", None),
                profile("mine", Some("it needs more")),
            ],
        }
    }

    #[test]
    fn the_bound_one_is_marked_and_what_does_not_fit_says_why() {
        let told = tell(&state());
        assert_eq!(told[2], "functions  keyboard");
        assert_eq!(told[5], "* bios     keyboard, storage");
        assert_eq!(
            told[7],
            "  mine     keyboard, storage; cannot be bound: it needs more"
        );
    }

    #[test]
    fn only_what_the_target_would_feel_is_asked_for() {
        let told = harm("install", &state(), "office").unwrap();
        assert!(
            told.contains("node office") && told.contains("unplugged"),
            "{told}"
        );
        for name in ["bios", "mine", "unknown"] {
            assert_eq!(harm(name, &state(), "office"), None);
        }
        let idle = GadgetState {
            state: UsbState::NotAttached,
            ..state()
        };
        assert_eq!(harm("install", &idle, "office"), None);
    }
}
