//! What the slots hold and what goes on.

use crate::error::CliError;
use crate::format::{bytes, duration};
use crate::output::{self, Form};
use dkvm_wire::service::Slot;
use dkvm_wire::vocab::update::{SlotState, Stage, UpdateState};

pub fn show(state: &UpdateState, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(state),
        Form::Text => output::lines(&tell(state)),
    }
}

fn tell(state: &UpdateState) -> Vec<String> {
    let mut lines: Vec<String> = state
        .slots
        .iter()
        .map(|slot| slot_line(slot, state))
        .collect();
    lines.extend(stage_lines(&state.stage));
    if let Some(last) = &state.last {
        let how = if last.committed { "kept" } else { "not kept" };
        let (version, reason) = (
            output::harmless(&last.version),
            output::harmless(&last.reason),
        );
        lines.push(format!("last     {version} was {how}: {reason}"));
    }
    lines
}

fn slot_line(slot: &SlotState, state: &UpdateState) -> String {
    let name = match slot.slot {
        Slot::A => "A",
        Slot::B => "B",
    };
    let held = slot
        .version
        .as_deref()
        .map_or("empty".to_owned(), output::harmless);
    let marks = [
        (state.running == Some(slot.slot), "runs"),
        (state.committed == Some(slot.slot), "starts at power-on"),
        (slot.healthy, "was healthy"),
    ];
    let marks: Vec<_> = marks
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| *mark)
        .collect();
    let line = format!("slot {name}   {held:<12} {}", marks.join(", "));
    line.trim_end().to_owned()
}

fn stage_lines(stage: &Stage) -> Vec<String> {
    match stage {
        Stage::None => vec![
            "this machine has no slots: it does not run from a card that dKVM wrote".to_owned(),
        ],
        Stage::Idle => Vec::new(),
        Stage::Receiving {
            version,
            bytes: got,
            size,
        } => vec![format!(
            "upload   {} has {} of {}: the same `dkvm update FILE` goes on with it",
            output::harmless(version),
            bytes(*got),
            bytes(*size)
        )],
        Stage::Verifying { version } => vec![format!(
            "upload   {} is read back from the card",
            output::harmless(version)
        )],
        Stage::Staged { version } => vec![format!(
            "staged   {} waits: `dkvm update --try` starts it",
            output::harmless(version)
        )],
        Stage::Restarting => vec!["the machine is about to restart".to_owned()],
        Stage::Trial { checks, left_ms } => {
            let mut lines = vec![format!(
                "trial    this image must be well within {}, else the machine goes back",
                duration(u64::from(*left_ms))
            )];
            lines.extend(checks.iter().map(|check| {
                let mark = if check.ok { "ok" } else { "NOT OK" };
                format!(
                    "  {:<8} {mark:<7} {}",
                    output::harmless(&check.name),
                    output::harmless(&check.detail)
                )
            }));
            lines
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::update::{Check, Outcome};

    #[test]
    fn a_person_sees_slots_trial_and_last_end() {
        let slot = |slot, version: Option<&str>, healthy| SlotState {
            slot,
            version: version.map(str::to_owned),
            healthy,
        };
        let check = Check {
            name: "hid".into(),
            ok: false,
            detail: "it has not said anything yet".into(),
        };
        let state = UpdateState {
            stage: Stage::Trial {
                checks: vec![check],
                left_ms: 90_000,
            },
            slots: vec![
                slot(Slot::A, Some("1.0.0"), true),
                slot(Slot::B, Some("2.0.0"), false),
            ],
            running: Some(Slot::B),
            committed: Some(Slot::A),
            last: Some(Outcome {
                version: "1.5.0".into(),
                committed: false,
                reason: "hid: gone".into(),
            }),
        };
        assert_eq!(
            tell(&state),
            [
                "slot A   1.0.0        starts at power-on, was healthy",
                "slot B   2.0.0        runs",
                "trial    this image must be well within 1m 30s, else the machine goes back",
                "  hid      NOT OK  it has not said anything yet",
                "last     1.5.0 was not kept: hid: gone",
            ]
        );
        let empty = UpdateState {
            stage: Stage::Idle,
            slots: vec![slot(Slot::B, None, false)],
            last: None,
            ..state
        };
        assert_eq!(tell(&empty), ["slot B   empty        runs"]);
    }
}
