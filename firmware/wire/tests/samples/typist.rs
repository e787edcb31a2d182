use super::{body, Sample};
use dkvm_wire::vocab::typist::{
    Checked, Ending, Layout, Macro, MacroRun, MacroState, Text, Typed, Typing, TypistState,
};

fn macros() -> MacroState {
    let one = Macro {
        name: "log in".into(),
        text: "Ctrl+Alt+F2\ntext root\nEnter".into(),
    };
    MacroState { macros: vec![one] }
}

pub fn all() -> Vec<Sample> {
    let typing = Typing { done: 2, total: 5 };
    let last = |ending| Typed {
        number: 1,
        ending,
        message: "the text was typed".into(),
        typing,
    };
    let endings = [
        Ending::Done,
        Ending::Cancelled,
        Ending::FocusTaken,
        Ending::Failed,
    ];
    vec![
        body(
            "typist-text",
            Text {
                text: "ab\n".into(),
                layout: Some("us-intl".into()),
                pace_ms: Some(20),
            },
        ),
        body("macro-state", macros()),
        body(
            "macro-run",
            MacroRun {
                name: "log in".into(),
                layout: Some("de".into()),
                pace_ms: None,
            },
        ),
        body("typist-checked", Checked { characters: 5 }),
        body("typist-endings", endings.map(last).to_vec()),
        body(
            "typist-state",
            TypistState {
                holder: 9,
                typing: Some(typing),
                last: None,
                layouts: vec![Layout {
                    id: "de".into(),
                    title: "German".into(),
                }],
                layout: "us".into(),
            },
        ),
    ]
}
