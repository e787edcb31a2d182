//! `dkvm peers` and `dkvm nodes`: other nodes, what they may do here, and who is on the network.

use super::power::{confirm, Consent};
use super::Session;
use crate::args::PeersDo;
use crate::error::CliError;
use crate::output::{self, Form};
use crate::table::{render, Align};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::peer::{
    methods, Allow, Authorise, Grant, LinkState, Node, PeerInfo, PeerState, SeenNode,
};
use serde::{de::DeserializeOwned, Serialize};

/// The device, by its name in the configuration.
const DEVICE: &str = "peer";
/// So much of a fingerprint tells nodes apart in a table.
const SHORT: usize = 16;

pub fn run(session: &mut Session, what: Option<PeersDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what.unwrap_or(PeersDo::Ls) {
        PeersDo::Ls => show(&state(session)?, form),
        PeersDo::Allow { node, grants } => allow(session, node, grants.0, form),
        PeersDo::Forget { node, yes } => forget(session, node, yes.into(), form),
        PeersDo::Authorise(to) => {
            let told = format!("{} is paired, and may {} here", to.node, may(&to.grants.0));
            let authorise = Authorise {
                node: to.node,
                fingerprint: to.fingerprint,
                address: to.address.unwrap_or_default(),
                grants: to.grants.0,
            };
            ask::<_, Nothing>(session, methods::AUTHORISE, &authorise)?;
            done(session, form, &told)
        }
    }
}

/// `dkvm nodes`
pub fn nodes(session: &mut Session, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    let state = state(session)?;
    match form {
        Form::Json => output::json(&state.seen),
        Form::Text if state.seen.is_empty() => {
            output::line("nobody else is seen on the network: nodes behind a router are paired by their address, dkvm pair ADDRESS")
        }
        Form::Text => output::lines(&seen(&state.seen)),
    }
}

pub fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

pub fn state(session: &mut Session) -> Result<PeerState, CliError> {
    ask(session, methods::GET, &Nothing {})
}

/// A sentence, or the new state.
pub fn done(session: &mut Session, form: Form, told: &str) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(&state(session)?),
        Form::Text => output::line(&output::harmless(told)),
    }
}

fn allow(
    session: &mut Session,
    node: String,
    grants: Vec<Grant>,
    form: Form,
) -> Result<(), CliError> {
    let told = format!("{node} may {} here", may(&grants));
    ask::<_, Nothing>(session, methods::ALLOW, &Allow { node, grants })?;
    done(session, form, &told)
}

fn forget(
    session: &mut Session,
    node: String,
    consent: Consent,
    form: Form,
) -> Result<(), CliError> {
    if consent == Consent::Wanted {
        let (place, name) = (session.place.words(), output::harmless(&node));
        confirm(&format!(
            "{name} is cut off at once, and may nothing at {place} until it is paired again."
        ))?;
    }
    let told = format!("{node} is forgotten");
    ask::<_, Nothing>(session, methods::FORGET, &Node { node })?;
    done(session, form, &told)
}

/// As in "may view, type here".
pub fn may(grants: &[Grant]) -> String {
    let names: Vec<&str> = grants.iter().map(|grant| grant.name()).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        _ => names.join(", "),
    }
}

fn show(state: &PeerState, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(state),
        Form::Text => output::lines(&tell(state)),
    }
}

fn tell(state: &PeerState) -> Vec<String> {
    let own = format!(
        "this node is {}, port {}, fingerprint {}",
        output::harmless(&state.node),
        state.port,
        output::harmless(&state.fingerprint)
    );
    if state.peers.is_empty() {
        let how =
            "no paired nodes: `dkvm nodes` shows who is on the network, `dkvm pair NODE` pairs";
        return vec![own, how.to_owned()];
    }
    let mut lines = table(&state.peers);
    let details = state.peers.iter().filter_map(|peer| {
        let detail = peer.detail.as_ref()?;
        Some(output::harmless(&format!("{}: {detail}", peer.node)))
    });
    lines.extend(details);
    let waiting = state.pairings.iter().filter(|one| one.incoming).count();
    if waiting > 0 {
        lines.push("somebody wants to be paired: `dkvm pair` shows who".to_owned());
    }
    lines.extend([String::new(), own]);
    lines
}

fn table(peers: &[PeerInfo]) -> Vec<String> {
    let head = [
        ("NODE", Align::Left),
        ("LINK", Align::Left),
        ("RTT", Align::Right),
        ("MAY HERE", Align::Left),
        ("MAY THERE", Align::Left),
        ("ADDRESS", Align::Left),
    ];
    render(head, &peers.iter().map(row).collect::<Vec<_>>())
}

fn row(peer: &PeerInfo) -> [String; 6] {
    let there = match peer.link {
        LinkState::Up | LinkState::Stalled => may(&peer.granted),
        LinkState::Connecting | LinkState::Refused => "?".to_owned(),
    };
    [
        output::harmless(&peer.node),
        link(peer.link).to_owned(),
        rtt(peer.rtt_us),
        may(&peer.grants),
        there,
        output::harmless(&peer.address),
    ]
}

const fn link(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "up",
        LinkState::Connecting => "connecting",
        LinkState::Stalled => "stalled",
        LinkState::Refused => "refused",
    }
}

fn rtt(us: u32) -> String {
    match us {
        0 => "-".to_owned(),
        us => format!("{}.{} ms", us / 1000, us % 1000 / 100),
    }
}

fn seen(nodes: &[SeenNode]) -> Vec<String> {
    let head = [
        ("NODE", Align::Left),
        ("VERSION", Align::Left),
        ("FINGERPRINT", Align::Left),
        ("ADDRESS", Align::Left),
    ];
    let row = |node: &SeenNode| {
        let short: String = node.fingerprint.chars().take(SHORT).collect();
        let address = node.addresses.first().cloned().unwrap_or_default();
        [&node.node, &node.version, &short, &address].map(|text| output::harmless(text))
    };
    let mut lines = render(head, &nodes.iter().map(row).collect::<Vec<_>>());
    lines.push("None of it is proven: `dkvm pair NODE` compares codes.".to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(node: &str, link: LinkState) -> PeerInfo {
        PeerInfo {
            node: node.into(),
            fingerprint: "ab".repeat(32),
            address: "192.0.2.7:23586".into(),
            grants: vec![Grant::View, Grant::Type],
            granted: vec![Grant::View],
            link,
            detail: None,
            rtt_us: 1234,
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn a_table_says_who_may_what_where() {
        let state = PeerState {
            node: "attic".into(),
            fingerprint: "cd".repeat(32),
            port: 23586,
            peers: vec![
                peer("office", LinkState::Up),
                PeerInfo {
                    grants: Vec::new(),
                    rtt_us: 0,
                    detail: Some("it does not\x1b[2J answer".into()),
                    ..peer("lab", LinkState::Connecting)
                },
            ],
            ..PeerState::default()
        };
        let told = tell(&state);
        assert_eq!(
            told[1],
            "office  up          1.2 ms  view, type  view       192.0.2.7:23586"
        );
        assert_eq!(
            told[2],
            "lab     connecting       -  nothing     ?          192.0.2.7:23586"
        );
        assert_eq!(told[3], "lab: it does not\u{fffd}[2J answer");
        assert!(told[5].contains("attic") && told[5].contains("cdcd"));
        let none = PeerState::default();
        assert!(tell(&none)[1].contains("dkvm pair NODE"));
    }

    #[test]
    fn who_is_seen_does_nothing_to_the_terminal() {
        let node = SeenNode {
            node: "off\x1bice".into(),
            addresses: vec!["192.0.2.7:23586".into()],
            fingerprint: "ab".repeat(32),
            version: "0.1.0".into(),
        };
        let told = seen(&[node]);
        assert!(
            told[1].starts_with("off\u{fffd}ice  0.1.0    abababababababab  192"),
            "{}",
            told[1]
        );
    }
}
