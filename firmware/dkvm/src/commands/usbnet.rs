//! `dkvm usbnet`: the network to the target.

use super::power::{confirm, Consent};
use super::Session;
use crate::args::{Turn, UsbnetDo};
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::vocab::usbnet::{methods, NetKind, UsbnetSet, UsbnetState};

/// The device, by its name in the configuration.
const DEVICE: &str = "usbnet";

pub fn run(session: &mut Session, what: Option<UsbnetDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what.unwrap_or(UsbnetDo::State) {
        UsbnetDo::State => {
            let state = session.ask(&format!("{DEVICE}/{}", methods::GET))?;
            show(&state, form)
        }
        UsbnetDo::Nat { turn, yes } => {
            if turn == Turn::On && Consent::from(yes) == Consent::Wanted {
                let node = session.node_name()?;
                confirm(&harm(&node))?;
            }
            let nat = Some(turn == Turn::On);
            set(session, UsbnetSet { nat, isolate: None }, form)
        }
        UsbnetDo::Isolate { turn } => {
            let isolate = Some(turn == Turn::On);
            set(session, UsbnetSet { nat: None, isolate }, form)
        }
    }
}

/// What the way out opens, and to whom.
fn harm(node: &str) -> String {
    format!(
        "The PC that node {node} works reaches, with the node's address, all that the node reaches: its network and whatever that leads to."
    )
}

fn set(session: &mut Session, set: UsbnetSet, form: Form) -> Result<(), CliError> {
    let state: UsbnetState = session.call(&format!("{DEVICE}/{}", methods::SET), &set)?;
    show(&state, form)
}

fn show(state: &UsbnetState, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(state),
        Form::Text => output::lines(&tell(state)),
    }
}

fn tell(state: &UsbnetState) -> Vec<String> {
    let mut lines = match &state.interface {
        None => {
            vec!["the target has no network by USB: its profile has none (dkvm usb)".to_owned()]
        }
        Some(interface) => there(interface, state),
    };
    lines.push(format!("nat        {}", nat(state)));
    let isolate = if state.isolate {
        "on: the target reaches no port of the node"
    } else {
        "off: the target reaches the node's own ports"
    };
    lines.push(format!("isolate    {isolate}"));
    lines.extend(state.problem.clone());
    lines.iter().map(|line| output::harmless(line)).collect()
}

fn there(interface: &str, state: &UsbnetState) -> Vec<String> {
    let kind = state.kind.map_or("a kind that is not known", words);
    let carrier = if state.carrier {
        "in use by the target"
    } else {
        "not in use by the target"
    };
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        format!("interface  {interface}, {kind}, {carrier}"),
        format!("node       {} ({})", or(&state.address), or(&state.mac)),
        format!("target     {}", target(state)),
        format!(
            "bytes      {} to the target, {} from it",
            state.sent, state.received
        ),
    ]
}

fn target(state: &UsbnetState) -> String {
    match &state.lease {
        Some(lease) => {
            let host = lease.host.as_ref();
            let name = host.map_or_else(String::new, |name| format!(", {name}"));
            format!("{} ({}{name})", lease.address, lease.mac)
        }
        None => "has not asked for an address".to_owned(),
    }
}

fn nat(state: &UsbnetState) -> String {
    match (state.nat, &state.uplink) {
        (false, _) => "off: nothing leads on from the target".to_owned(),
        (true, Some(uplink)) => format!("on: the target reaches what {uplink} leads to"),
        (true, None) => "on, but the node itself has no way on".to_owned(),
    }
}

const fn words(kind: NetKind) -> &'static str {
    match kind {
        NetKind::Ncm => "NCM",
        NetKind::Ecm => "ECM",
        NetKind::Rndis => "RNDIS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::usbnet::UsbnetLease;

    fn state() -> UsbnetState {
        UsbnetState {
            interface: Some("usb0".into()),
            kind: Some(NetKind::Ncm),
            mac: Some("02:00:00:00:00:01".into()),
            target_mac: Some("02:00:00:00:00:02".into()),
            carrier: true,
            address: Some("172.31.7.1/29".into()),
            lease: Some(UsbnetLease {
                address: "172.31.7.2".into(),
                mac: "02:00:00:00:00:02".into(),
                host: Some("pc\u{1b}[2J".into()),
            }),
            nat: false,
            uplink: None,
            isolate: false,
            sent: 1,
            received: 2,
            problem: None,
        }
    }

    #[test]
    fn what_the_target_calls_itself_does_nothing_to_the_terminal() {
        let told = tell(&state()).join("\n");
        assert!(told.contains("172.31.7.2 (02:00:00:00:00:02, pc"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
        assert!(told.contains("nat        off") && told.contains("isolate    off"));
    }

    #[test]
    fn what_nat_opens_is_said_before() {
        assert!(harm("office").contains("node office"));
        let open = UsbnetState {
            nat: true,
            uplink: Some("eth0".into()),
            ..state()
        };
        assert!(tell(&open)
            .join("\n")
            .contains("reaches what eth0 leads to"));
    }
}
