use super::{body, Sample};
use dkvm_wire::vocab::desk::{DeskDevice, DeskState, DeskTarget, FocusTo, Grab, Head, TakenBy};

fn office() -> DeskTarget {
    DeskTarget {
        node: "office".into(),
        hotkey: Some("left Ctrl + left Alt + 1".into()),
        up: true,
        by: "web".into(),
        busy: true,
        detail: None,
        heads: Vec::new(),
        translation: None,
    }
}

/// One PC, two screens.
fn pair() -> DeskTarget {
    let head = |node: &str, x| Head {
        node: node.into(),
        at: (x, 0),
    };
    DeskTarget {
        node: "cad".into(),
        heads: vec![head("cad-1", -1920), head("cad-2", 0)],
        translation: Some("keys are translated from us to de".into()),
        ..DeskTarget::default()
    }
}

pub fn all() -> Vec<Sample> {
    vec![
        body(
            "desk-focus",
            FocusTo {
                node: Some("office".into()),
                steal: true,
            },
        ),
        body("desk-heads", pair()),
        body("desk-grabs", [Grab::Free, Grab::Waiting, Grab::Grabbed]),
        body(
            "desk-state",
            DeskState {
                node: None,
                epoch: 7,
                moves: 2,
                grab: Grab::Free,
                targets: vec![office()],
                devices: vec![DeskDevice {
                    name: "A keyboard".into(),
                    path: "/dev/input/event3".into(),
                    keyboard: true,
                    mouse: false,
                }],
                taken: Some(TakenBy {
                    node: "office".into(),
                    by: "web".into(),
                }),
                notice: Some("office was taken".into()),
                problem: None,
                release: "left Ctrl + right Ctrl".into(),
            },
        ),
    ]
}
