//! `dkvm pair`: two nodes come to trust each other. A person at each compares the same code.

use super::peers::{ask, done, may, state};
use super::Session;
use crate::args::Pair;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::peer::{
    methods, Answer, Grant, PairWith, Pairing, PairingId, PairingStep, Verdict, PAIRING_S,
};
use std::io::{BufRead, IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(200);
/// The device drops it then; and some, so that its own word is heard.
const PATIENCE: Duration = Duration::from_secs(PAIRING_S as u64 + 10);

pub fn run(session: &mut Session, what: Pair, form: Form) -> Result<(), CliError> {
    session.check_name("peer", &[])?;
    let grants = what.grants.map(|grants| grants.0);
    match (what.node, what.accept, what.refuse) {
        (Some(node), ..) => call(session, node, grants.unwrap_or_default(), form),
        (None, Some(id), _) => accept(session, id, grants, form),
        (None, None, Some(id)) => refuse(session, id, form),
        (None, None, None) => list(session, form),
    }
}

/// Those that are not over.
fn open(session: &mut Session) -> Result<Vec<Pairing>, CliError> {
    let over = |step| matches!(step, PairingStep::Done | PairingStep::Failed);
    let mut all = state(session)?.pairings;
    all.retain(|one| !over(one.step));
    Ok(all)
}

fn list(session: &mut Session, form: Form) -> Result<(), CliError> {
    show(&open(session)?, form)
}

fn show(open: &[Pairing], form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(open),
        Form::Text if open.is_empty() => {
            output::line("nobody waits to be paired: `dkvm pair NODE` calls one, `dkvm nodes` shows who is there")
        }
        Form::Text => output::lines(&open.iter().flat_map(tell).collect::<Vec<_>>()),
    }
}

fn tell(one: &Pairing) -> Vec<String> {
    let (node, address) = (output::harmless(&one.node), output::harmless(&one.address));
    let from = if one.incoming {
        "wants to be paired with this node"
    } else {
        "was called from this node"
    };
    let mut lines = vec![format!("{}  {node} ({address}) {from}", one.id)];
    if one.step == PairingStep::Compare {
        let id = one.id;
        lines.push(format!(
            "   code {}: compare it with the one on {node}",
            spaced(&one.code)
        ));
        lines.push(format!("   dkvm pair --accept {id} --grants view,type    when it is the same; dkvm pair --refuse {id} else"));
    } else {
        lines.push(format!("   {}", words(one.step)));
    }
    lines
}

const fn words(step: PairingStep) -> &'static str {
    match step {
        PairingStep::Calling => "it is being reached",
        PairingStep::Compare => "the codes wait to be compared",
        PairingStep::Waiting => "answered here; nobody has answered there yet",
        PairingStep::Done => "paired",
        PairingStep::Failed => "not paired",
    }
}

/// In halves, as people read numbers to each other.
fn spaced(code: &str) -> String {
    let code = output::harmless(code);
    let half = code.chars().count().div_ceil(2);
    let (first, second): (String, String) = (
        code.chars().take(half).collect(),
        code.chars().skip(half).collect(),
    );
    format!("{first} {second}")
}

fn call(
    session: &mut Session,
    node: String,
    grants: Vec<Grant>,
    form: Form,
) -> Result<(), CliError> {
    let shown = output::harmless(&node);
    eprintln!("calling {shown} …");
    let with = PairWith {
        node,
        grants: grants.clone(),
    };
    let PairingId { id } = ask(session, methods::PAIR, &with)?;
    let one = until(session, id, |step| step != PairingStep::Calling)?;
    if one.step == PairingStep::Compare {
        // Nobody can be asked: whoever runs it compares, and answers with --accept.
        if form == Form::Json || !std::io::stdin().is_terminal() {
            return show(&[one], form);
        }
        compare(session, &one, &grants)?;
    }
    outcome(session, id, form)
}

/// A person looks at both.
fn compare(session: &mut Session, one: &Pairing, grants: &[Grant]) -> Result<(), CliError> {
    let node = output::harmless(&one.node);
    let question = format!(
        "\n    {}\n\nIt may {} here. Is the code the same on {node}? [y/N] ",
        spaced(&one.code),
        may(grants)
    );
    let verdict = match answered(&question)? {
        true => Verdict::Same {
            grants: Some(grants.to_vec()),
        },
        false => Verdict::Refuse,
    };
    let refused = verdict == Verdict::Refuse;
    answer(session, one.id, verdict)?;
    if refused {
        return Err(CliError::NotTheSame { node });
    }
    eprintln!("waiting for the answer on {node} …");
    Ok(())
}

fn answered(question: &str) -> Result<bool, CliError> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

fn answer(session: &mut Session, id: u32, verdict: Verdict) -> Result<(), CliError> {
    ask::<_, Nothing>(session, methods::ANSWER, &Answer { id, verdict }).map(drop)
}

/// The code was compared before, as `dkvm pair` showed it.
fn accept(
    session: &mut Session,
    id: u32,
    grants: Option<Vec<Grant>>,
    form: Form,
) -> Result<(), CliError> {
    answer(session, id, Verdict::Same { grants })?;
    outcome(session, id, form)
}

fn refuse(session: &mut Session, id: u32, form: Form) -> Result<(), CliError> {
    answer(session, id, Verdict::Refuse)?;
    done(session, form, "it is refused, and not paired")
}

/// Waits for the end and tells it.
fn outcome(session: &mut Session, id: u32, form: Form) -> Result<(), CliError> {
    let over = |step| matches!(step, PairingStep::Done | PairingStep::Failed);
    let one = until(session, id, over)?;
    let node = output::harmless(&one.node);
    if one.step == PairingStep::Failed {
        let why = one.detail.unwrap_or_else(|| "it ended".to_owned());
        return Err(CliError::NotPaired {
            node,
            why: output::harmless(&why),
        });
    }
    let told =
        format!("{node} is paired: `dkvm peers` shows the link, `dkvm --node {node} ps` uses it");
    done(session, form, &told)
}

/// Looks until it is so far.
fn until(
    session: &mut Session,
    id: u32,
    enough: impl Fn(PairingStep) -> bool,
) -> Result<Pairing, CliError> {
    let end = Instant::now() + PATIENCE;
    loop {
        let all = state(session)?.pairings;
        let found = all.into_iter().find(|one| one.id == id);
        match found {
            Some(one) if enough(one.step) => return Ok(one),
            Some(_) if Instant::now() < end => sleep(LOOK),
            _ => return Err(CliError::PairingGone { id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairing(step: PairingStep) -> Pairing {
        Pairing {
            id: 7,
            node: "office\x1b".into(),
            address: "192.0.2.7:23586".into(),
            code: "123456".into(),
            incoming: true,
            grants: Vec::new(),
            step,
            detail: None,
        }
    }

    #[test]
    fn one_that_waits_says_what_to_compare_and_how_to_answer() {
        let told = tell(&pairing(PairingStep::Compare)).join("\n");
        for part in [
            "123 456",
            "--accept 7",
            "--refuse 7",
            "192.0.2.7",
            "office\u{fffd}",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let told = tell(&pairing(PairingStep::Calling)).join("\n");
        assert!(!told.contains("--accept"), "there is no code yet: {told}");
        assert_eq!(spaced("12345"), "123 45");
    }
}
