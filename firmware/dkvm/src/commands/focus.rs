//! `dkvm focus`: where keyboard and mouse of a workstation go.

use super::Session;
use crate::args::Focus;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::vocab::desk::{methods, DeskState, DeskTarget, FocusTo, Grab};

/// The device, by its name in the configuration.
const DEVICE: &str = "input";
/// What stands for this machine.
const HERE: &str = "here";

pub fn run(session: &mut Session, what: Focus, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    let state: DeskState = match what.to {
        None => session.ask(&format!("{DEVICE}/{}", methods::GET))?,
        Some(to) => {
            let to = FocusTo {
                node: Some(to).filter(|to| to != HERE),
                steal: what.steal,
            };
            session.call(&format!("{DEVICE}/{}", methods::FOCUS), &to)?
        }
    };
    match form {
        Form::Json => output::json(&state),
        Form::Text => output::lines(&tell(&state)),
    }
}

fn tell(state: &DeskState) -> Vec<String> {
    let place = match &state.node {
        None => "this machine".to_owned(),
        Some(node) => format!("{node}; back by {}", state.release),
    };
    let waits = match state.grab {
        Grab::Waiting => ", once no key is down",
        Grab::Free | Grab::Grabbed => "",
    };
    let mut lines = vec![format!("input goes to {place}{waits}")];
    lines.extend(state.notice.clone());
    lines.extend(state.problem.clone());
    lines.extend(state.targets.iter().map(target));
    if state.targets.is_empty() {
        lines.push("there is no node to work: dkvm nodes, dkvm pair NODE".to_owned());
    }
    let read = state.devices.iter();
    lines.extend(read.map(|one| format!("reads      {} ({})", one.name, one.path)));
    if state.devices.is_empty() {
        lines.push("no keyboard and no mouse is read: dkvm logs input says why".to_owned());
    }
    lines.iter().map(|line| output::harmless(line)).collect()
}

fn target(target: &DeskTarget) -> String {
    let hotkey = target.hotkey.as_deref().unwrap_or("no hotkey");
    let state = match (&target.detail, target.by.as_str(), target.busy) {
        (Some(detail), _, _) => detail.clone(),
        (None, by, true) => format!("{by} is at work"),
        (None, "", false) => "free".to_owned(),
        (None, by, false) => format!("free, last worked by {by}"),
    };
    let mut told = format!("target     {} ({hotkey}): {state}", target.node);
    if !target.heads.is_empty() {
        let heads = target.heads.iter();
        let heads: Vec<String> = heads
            .map(|one| format!("{} at {}, {}", one.node, one.at.0, one.at.1))
            .collect();
        told.push_str("; heads ");
        told.push_str(&heads.join(" and "));
    }
    if let Some(translation) = &target.translation {
        told.push_str("; ");
        told.push_str(translation);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::desk::Head;

    #[test]
    fn where_input_goes_and_who_is_at_work() {
        let state = DeskState {
            node: Some("office".into()),
            targets: vec![DeskTarget {
                node: "lab".into(),
                hotkey: Some("left Ctrl + left Alt + 1".into()),
                up: true,
                by: "web\u{1b}".into(),
                busy: true,
                heads: vec![
                    Head {
                        node: "left".into(),
                        at: (-1920, 0),
                    },
                    Head {
                        node: "right".into(),
                        at: (0, 0),
                    },
                ],
                translation: Some("keys are translated from us to de".into()),
                ..DeskTarget::default()
            }],
            release: "left Ctrl + right Ctrl".into(),
            ..DeskState::default()
        };
        let told = tell(&state).join("\n");
        assert!(told.contains("input goes to office; back by left Ctrl + right Ctrl"));
        assert!(
            told.contains("lab (left Ctrl + left Alt + 1): web"),
            "{told}"
        );
        assert!(
            told.contains("; heads left at -1920, 0 and right at 0, 0; keys are translated"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'), "{told}");
        assert!(tell(&DeskState::default())[0].contains("this machine"));
    }
}
